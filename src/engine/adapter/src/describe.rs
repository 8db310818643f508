// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What a .wasm says about itself, read without compiling or running it. The bytes are untrusted.

use crate::error::{Code, DoorError, Result};
use crate::item::{Item, items, keep_types_short};
use crate::wit_text::world_text;
use wasmparser::{ExternalKind, Parser, Payload, TypeRef, Validator, WasmFeatures};
use wit_parser::decoding::{DecodedWasm, decode};
use wit_parser::{Function, Resolve, TypeDefKind, WorldId, WorldItem, WorldKey};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Service,
    Command,
    Http,
}

#[derive(Clone, Debug)]
pub struct Description {
    pub is_component: bool,
    pub kind: Kind,
    pub runnable: bool,
    pub needs_concurrency: bool,
    pub metadata_name: String,
    pub metadata_version: String,
    pub imports: Vec<Item>,
    pub exports: Vec<Item>,
    pub wit: String,
}

fn invalid(message: impl Into<String>) -> DoorError {
    DoorError::new(Code::InvalidComponent, message)
}

const MAGIC: &[u8] = b"\0asm";
const HEADER_BYTES: usize = 8;

/// Says in plain words what the first bytes are if they are no WebAssembly; parsers only say "bad magic number".
pub fn check_header(wasm: &[u8]) -> Result<()> {
    if wasm.is_empty() {
        return Err(invalid("not a WebAssembly binary: it is empty"));
    }
    if !wasm.starts_with(&MAGIC[..MAGIC.len().min(wasm.len())]) {
        let head = wasm[..wasm.len().min(MAGIC.len())].escape_ascii();
        return Err(invalid(format!(
            "not a WebAssembly binary: it starts with `{head}`"
        )));
    }
    if wasm.len() < HEADER_BYTES {
        let length = wasm.len();
        return Err(invalid(format!(
            "not a WebAssembly binary: it ends after {length} bytes, inside its header"
        )));
    }
    Ok(())
}

pub fn describe(wasm: &[u8]) -> Result<Description> {
    check_header(wasm)?;
    let mut described = if Parser::is_component(wasm) {
        describe_component(wasm)?
    } else {
        describe_module(wasm)?
    };
    if let Ok(payload) = wasm_metadata::Payload::from_binary(wasm) {
        let metadata = payload.metadata();
        described.metadata_name = metadata.name.clone().unwrap_or_default();
        described.metadata_version = metadata
            .version
            .as_ref()
            .map_or_else(String::new, |version| version.to_string());
    }
    Ok(described)
}

/// Validates all of it, so that an error names the place.
pub(crate) fn validate(wasm: &[u8]) -> Result<()> {
    Validator::new_with_features(WasmFeatures::all())
        .validate_all(wasm)
        .map(|_| ())
        .map_err(|error| {
            let truncated = error.message().contains("unexpected end");
            let what = if truncated { "truncated" } else { "not valid" };
            let (text, offset) = (error.message(), error.offset());
            invalid(format!(
                "{what}: {text} (at offset {offset:#x} of {:#x})",
                wasm.len()
            ))
        })
}

fn describe_component(wasm: &[u8]) -> Result<Description> {
    validate(wasm)?;
    let (resolve, world) = match decode(wasm) {
        Ok(DecodedWasm::Component(resolve, world)) => (resolve, world),
        Ok(DecodedWasm::WitPackage(..)) => {
            return Err(invalid("a WIT package: it has types, but no code to run"));
        }
        Err(error) => return Err(invalid(format!("its types cannot be read: {error:#}"))),
    };
    let mut exports = items(&resolve, &resolve.worlds[world].exports);
    let mut imports = items(&resolve, &resolve.worlds[world].imports);
    keep_types_short(exports.iter_mut().chain(&mut imports));
    let exported = |interface: &str| {
        exports.iter().any(|item| {
            item.name
                .strip_prefix(interface)
                .is_some_and(|rest| rest.starts_with('@'))
        })
    };
    let kind = if exported("wasi:http/incoming-handler") || exported("wasi:http/handler") {
        Kind::Http
    } else if exported("wasi:cli/run") {
        Kind::Command
    } else {
        Kind::Service
    };
    let has_functions = exports.iter().any(|item| !item.functions.is_empty());
    Ok(Description {
        is_component: true,
        kind,
        runnable: kind != Kind::Service || has_functions,
        needs_concurrency: needs_concurrency(&resolve, world),
        metadata_name: String::new(),
        metadata_version: String::new(),
        wit: world_text(&resolve, world).map_err(|error| invalid(format!("{error:#}")))?,
        imports,
        exports,
    })
}

fn needs_concurrency(resolve: &Resolve, world: WorldId) -> bool {
    let world = &resolve.worlds[world];
    let waits = |function: &Function| function.kind.is_async();
    let item_waits = |(key, item): (&WorldKey, &WorldItem)| {
        let name = resolve.name_world_key(key);
        if name.starts_with("wasi:") && name.contains("@0.3.") {
            return true;
        }
        match item {
            WorldItem::Interface { id, .. } => {
                resolve.interfaces[*id].functions.values().any(waits)
            }
            WorldItem::Function(function) => waits(function),
            WorldItem::Type { .. } => false,
        }
    };
    let carries_streams = resolve
        .types
        .iter()
        .any(|(_, ty)| matches!(ty.kind, TypeDefKind::Stream(_) | TypeDefKind::Future(_)));
    carries_streams || world.imports.iter().chain(&world.exports).any(item_waits)
}

fn describe_module(wasm: &[u8]) -> Result<Description> {
    validate(wasm)?;
    let mut imports = Vec::new();
    let mut exports = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let unreadable = |error: wasmparser::BinaryReaderError| invalid(error.to_string());
        match payload.map_err(unreadable)? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import.map_err(unreadable)?;
                    let name = format!("{}.{}", import.module, import.name);
                    let is_function = matches!(import.ty, TypeRef::Func(_));
                    imports.push(module_item(name, import.name, is_function));
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export.map_err(unreadable)?;
                    let name = export.name.to_owned();
                    let is_function = export.kind == ExternalKind::Func;
                    exports.push(module_item(name, export.name, is_function));
                }
            }
            _ => {}
        }
    }
    let is_command = exports
        .iter()
        .any(|item| item.name == "_start" && !item.functions.is_empty());
    let list = |what: &str, items: &[Item]| -> String {
        items
            .iter()
            .map(|item| format!("// {what} {}\n", item.name))
            .collect()
    };
    Ok(Description {
        is_component: false,
        kind: if is_command {
            Kind::Command
        } else {
            Kind::Service
        },
        runnable: is_command || exports.iter().any(|item| !item.functions.is_empty()),
        needs_concurrency: false,
        metadata_name: String::new(),
        metadata_version: String::new(),
        wit: format!(
            "// a core module: it has no WIT\n{}{}",
            list("import", &imports),
            list("export", &exports)
        ),
        imports,
        exports,
    })
}

fn module_item(name: String, function: &str, is_function: bool) -> Item {
    let functions = if is_function {
        vec![format!("{function}: core func")]
    } else {
        Vec::new()
    };
    Item {
        name,
        functions,
        shapes: Vec::new(),
        types: Vec::new(),
    }
}
