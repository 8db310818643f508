// SPDX-License-Identifier: Apache-2.0 OR MIT

//! `wasi:logging/logging` (see /wit/logging): a line of the guest's standard error.

use crate::output::{PERMIT_BYTES, Stream};
use crate::store::{Stdio, StoreData};
use bindings::wasi::logging::logging::Level;
use std::fmt::Write as _;
use std::io::Write as _;
use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

/// The draft's number is left out by some who import it.
pub(crate) const INTERFACES: [&str; 2] =
    ["wasi:logging/logging", "wasi:logging/logging@0.1.0-draft"];

mod bindings {
    wasmtime::component::bindgen!({ path: "../../../wit/logging", world: "wasi:logging/imports" });
}

fn name_of(level: Level) -> &'static str {
    match level {
        Level::Trace => "trace",
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
        Level::Critical => "critical",
    }
}

pub(crate) fn add_to_linker(linker: &mut Linker<StoreData>) -> wasmtime::Result<()> {
    for interface in INTERFACES {
        linker.instance(interface)?.func_wrap(
            "log",
            |store: StoreContextMut<'_, StoreData>,
             (level, context, message): (Level, String, String)| {
                write(store.data().stdio(), &line(level, &context, &message));
                Ok(())
            },
        )?;
    }
    Ok(())
}

fn write(stdio: &Stdio, line: &str) {
    match stdio {
        Stdio::Sink(sink) => sink.write(Stream::Stderr, line.as_bytes()),
        // As the guest's own writes: it is its business where that leads.
        Stdio::Inherit => drop(std::io::stderr().write_all(line.as_bytes())),
    }
}

/// One line whatever the guest gives: control characters are written out as the platform does it elsewhere
/// (`inert()` in src/base/text.h), and what is longer than a write may be is cut.
fn line(level: Level, context: &str, message: &str) -> String {
    let mut line = format!("[{}] ", name_of(level));
    if !context.is_empty() {
        append_inert(&mut line, context);
        line.push_str(": ");
    }
    append_inert(&mut line, message);
    line.push('\n');
    line
}

fn append_inert(line: &mut String, text: &str) {
    for c in text.chars() {
        if line.len() >= PERMIT_BYTES {
            return;
        }
        match c {
            '\n' => line.push_str("\\n"),
            '\t' => line.push_str("\\t"),
            '\r' => line.push_str("\\r"),
            c if c.is_control() => {
                // Nothing is lost on the way into a string.
                let _ = write!(line, "\\x{:02x}", u32::from(c));
            }
            c => line.push(c),
        }
    }
}
