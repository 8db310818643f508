// SPDX-License-Identifier: Apache-2.0 OR MIT

//! `arcella-random-guests SEED CALLS FOLDER` writes, for a random interface, `passer.wasm` and `mirror.wasm`, the
//! interface as `all.wit`, and `calls.txt`: CALLS lines of each function, its name and arguments with a tab between.

use anyhow::{Context, Result, bail};
use arcella_random_guests::{Guest, INTERFACE, Random, arguments, guest, interface, parse};
use std::fmt::Write;
use std::path::Path;
use std::{env, fs};
use wit_component::StringEncoding;

const FUNCTIONS: usize = 12;
const ENCODINGS: [&StringEncoding; 3] = [
    &StringEncoding::UTF8,
    &StringEncoding::UTF16,
    &StringEncoding::CompactUTF16,
];

fn main() -> Result<()> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [seed, calls, folder] = &words[..] else {
        bail!("usage: arcella-random-guests SEED CALLS FOLDER");
    };
    let mut random = Random::new(seed.parse().context("SEED")?);
    let calls: usize = calls.parse().context("CALLS")?;
    let text = interface(&mut random, FUNCTIONS);
    let resolve = parse(&text)?;
    let put = |name: &str, bytes: &[u8]| {
        let path = Path::new(folder).join(name);
        fs::write(&path, bytes).with_context(|| format!("writing {}", path.display()))
    };
    put("all.wit", text.as_bytes())?;
    for (name, what) in [
        ("passer.wasm", Guest::Passer),
        ("mirror.wasm", Guest::Mirror),
    ] {
        let encoding = *random.pick(&ENCODINGS);
        put(name, &guest(what, &resolve, encoding)?)?;
    }
    let mut lines = String::new();
    for interface in resolve.interfaces.iter().map(|(_, interface)| interface) {
        for (name, function) in &interface.functions {
            for _ in 0..calls {
                let args = arguments(&mut random, &resolve, function);
                writeln!(lines, "{INTERFACE}#{name}\t{args}")?;
            }
        }
    }
    put("calls.txt", lines.as_bytes())
}
