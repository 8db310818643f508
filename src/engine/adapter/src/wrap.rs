// SPDX-License-Identifier: Apache-2.0 OR MIT

//! A core module made into a component: what it imports and exports under the names of interfaces (`ns:pkg/iface@1.0.0`
//! and `ns:pkg/iface@1.0.0#name`, as the canonical ABI names them) gets the types that somebody states for it, and its
//! WASI preview 1 goes through Wasmtime's adapter. The bytes are untrusted.

use crate::describe::{check_header, validate};
use crate::error::{Code, DoorError, Result};
use wasi_preview1_component_adapter_provider as adapter;
use wasmparser::{Parser, Payload};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

fn invalid(error: &anyhow::Error) -> DoorError {
    let text = format!("the stated interfaces do not fit the module: {error:#}");
    DoorError::new(Code::InvalidComponent, text)
}

/// The component; `wit` has one world, what the module is in. `InvalidComponent`: the text is no WIT, or not the module's.
pub fn wrap(module: &[u8], wit: &str) -> Result<Vec<u8>> {
    check_header(module)?;
    validate(module)?;
    encode(module, wit).map_err(|error| invalid(&error))
}

fn encode(module: &[u8], wit: &str) -> anyhow::Result<Vec<u8>> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("component.toml", wit)?;
    let world = resolve.select_world(&[package], None)?;
    let mut bytes = module.to_vec();
    embed_component_metadata(&mut bytes, &resolve, world, StringEncoding::UTF8)?;
    let mut encoder = ComponentEncoder::default().validate(true).module(&bytes)?;
    let names = Names::of(module)?;
    if names.imports_preview1 {
        let command = adapter::WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER;
        let reactor = adapter::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER;
        let bytes = if names.exports_start {
            command
        } else {
            reactor
        };
        encoder = encoder.adapter(adapter::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, bytes)?;
    }
    encoder.encode()
}

#[derive(Default)]
struct Names {
    imports_preview1: bool,
    exports_start: bool,
}

impl Names {
    fn of(module: &[u8]) -> anyhow::Result<Self> {
        let mut names = Self::default();
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        names.imports_preview1 |=
                            import?.module == adapter::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME;
                    }
                }
                Payload::ExportSection(exports) => {
                    for export in exports {
                        names.exports_start |= export?.name == "_start";
                    }
                }
                _ => {}
            }
        }
        Ok(names)
    }
}
