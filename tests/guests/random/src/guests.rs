// SPDX-License-Identifier: Apache-2.0 OR MIT

use crate::store::store_params;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{Function, Interface, Resolve, WorldId};

pub const INTERFACE: &str = "test:pass/all";

/// What a guest does in the functions of the interface that it exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guest {
    /// Calls the same ones, which it imports.
    Passer,
    /// Gives back what it takes.
    Mirror,
}

impl Guest {
    fn world(self) -> &'static str {
        match self {
            Guest::Passer => "passer",
            Guest::Mirror => "mirror",
        }
    }
}

/// The interface, with what it takes to make guests of it.
pub fn parse(interface: &str) -> anyhow::Result<Resolve> {
    let worlds = "world passer { import all; export all; } world mirror { export all; }";
    let mut resolve = Resolve::default();
    let text = format!("package test:pass;\n{interface}\n{worlds}");
    resolve.push_str("pass.wit", &text)?;
    Ok(resolve)
}

/// The component, whose strings are in this encoding.
pub fn guest(guest: Guest, resolve: &Resolve, encoding: StringEncoding) -> anyhow::Result<Vec<u8>> {
    let world = find_world(resolve, guest);
    let (mut imports, mut exports) = (String::new(), String::new());
    for (name, function) in &interface_of(resolve).functions {
        if guest == Guest::Passer {
            imports += &import(resolve, name, function);
        }
        exports += &export(guest, resolve, name, function);
    }
    let text = MODULE
        .replace("IMPORTS", &imports)
        .replace("EXPORTS", &exports);
    let mut module = wat::parse_str(&text)?;
    embed_component_metadata(&mut module, resolve, world, encoding)?;
    let encoder = ComponentEncoder::default().module(&module)?;
    encoder.validate(true).encode()
}

fn find_world(resolve: &Resolve, guest: Guest) -> WorldId {
    let mut worlds = resolve.worlds.iter();
    let found = worlds.find(|(_, world)| world.name == guest.world());
    found.expect("what was parsed has both worlds").0
}

pub(crate) fn interface_of(resolve: &Resolve) -> &Interface {
    let mut interfaces = resolve.interfaces.iter();
    interfaces.next().expect("what was parsed has one").1
}

fn import(resolve: &Resolve, name: &str, function: &Function) -> String {
    let signature = resolve.wasm_signature(AbiVariant::GuestImport, function);
    let (params, results) = (&signature.params, &signature.results);
    format!(
        "(import \"{INTERFACE}\" \"{name}\" (func ${name} {} {}))\n",
        core(params, "param"),
        core(results, "result")
    )
}

fn export(guest: Guest, resolve: &Resolve, name: &str, function: &Function) -> String {
    let signature = resolve.wasm_signature(AbiVariant::GuestExport, function);
    let body = match guest {
        Guest::Passer => {
            let params: String = (0..signature.params.len())
                .map(|place| format!("(local.get {place})"))
                .collect();
            match signature.retptr {
                true => format!("(call ${name} {params} {RESULT}) {RESULT}"),
                false => format!("(call ${name} {params})"),
            }
        }
        // Parameters in memory lie as their tuple does, and one value of the core machine is the same as result.
        Guest::Mirror if signature.indirect_params || !signature.retptr => {
            "(local.get 0)".to_owned()
        }
        Guest::Mirror => format!("{} {RESULT}", store_params(resolve, function, RESULT)),
    };
    format!(
        "(func (export \"{INTERFACE}#{name}\") {} {} {body})\n\
         (func (export \"cabi_post_{INTERFACE}#{name}\") {} (global.set $next (i32.const 65536)))\n",
        core(&signature.params, "param"),
        core(&signature.results, "result"),
        core(&signature.results, "param"),
    )
}

fn core(types: &[WasmType], what: &str) -> String {
    if types.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = types.iter().map(|ty| core_name(*ty)).collect();
    format!("({what} {})", names.join(" "))
}

pub(crate) fn core_name(ty: WasmType) -> &'static str {
    match ty {
        WasmType::I64 | WasmType::PointerOrI64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
        WasmType::I32 | WasmType::Pointer | WasmType::Length => "i32",
    }
}

/// Where results lie.
const RESULT: &str = "(i32.const 1024)";

/// With an allocator that starts again after each call.
const MODULE: &str = r#"(module
IMPORTS
(memory (export "memory") 2)
(global $next (mut i32) (i32.const 65536))
(func (export "cabi_realloc") (param $old i32) (param $old-size i32) (param $align i32) (param $size i32) (result i32)
  (local $at i32)
  (if (i32.and (i32.ne (local.get $old) (i32.const 0)) (i32.ge_u (local.get $old-size) (local.get $size)))
    (then (return (local.get $old))))
  (local.set $at (i32.and
    (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1)))
    (i32.sub (i32.const 0) (local.get $align))))
  (global.set $next (i32.add (local.get $at) (local.get $size)))
  (if (i32.gt_u (global.get $next) (i32.mul (memory.size) (i32.const 65536)))
    (then (drop (memory.grow (i32.add (i32.const 1) (i32.div_u (local.get $size) (i32.const 65536)))))))
  (memory.copy (local.get $at) (local.get $old) (local.get $old-size))
  (local.get $at))
EXPORTS)
"#;
