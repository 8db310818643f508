// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Random types, values of them, and a guest that passes them on: it exports the functions that it imports and does
//! nothing but call them. The functions give back what they take, as a tuple.

use wasmtime::component::{Type, Val};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{Resolve, WorldItem};

/// xorshift64*: the same numbers each time.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn bits(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.bits() >> 33) as usize % bound
    }

    fn pick<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }
}

pub const INTERFACE: &str = "test:pass/all";

/// `f0`, `f1`... with random parameters, in an interface with the types that they need.
pub fn interface(random: &mut Random, functions: usize) -> String {
    let mut definitions = Definitions::default();
    let mut lines = Vec::new();
    for number in 0..functions {
        let count = 1 + random.below(5);
        let types: Vec<String> = (0..count).map(|_| definitions.ty(random, 3)).collect();
        let params: Vec<String> = types
            .iter()
            .enumerate()
            .map(|(place, ty)| format!("p{place}: {ty}"))
            .collect();
        let (params, types) = (params.join(", "), types.join(", "));
        lines.push(format!("f{number}: func({params}) -> tuple<{types}>;"));
    }
    definitions.lines.extend(lines);
    format!("interface all {{\n{}\n}}", definitions.lines.join("\n"))
}

#[derive(Default)]
struct Definitions {
    lines: Vec<String>,
    count: usize,
}

impl Definitions {
    fn name(&mut self) -> String {
        self.count += 1;
        format!("t{}", self.count)
    }

    fn ty(&mut self, random: &mut Random, depth: usize) -> String {
        const SCALARS: [&str; 13] = [
            "bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "f32", "f64", "char",
            "string",
        ];
        if depth == 0 || random.below(4) == 0 {
            return random.pick(&SCALARS).to_owned();
        }
        let depth = depth - 1;
        match random.below(9) {
            0 | 1 => format!("list<{}>", self.ty(random, depth)),
            2 => format!("option<{}>", self.ty(random, depth)),
            3 => match random.below(4) {
                0 => "result".to_owned(),
                1 => format!("result<{}>", self.ty(random, depth)),
                2 => format!("result<_, {}>", self.ty(random, depth)),
                _ => format!(
                    "result<{}, {}>",
                    self.ty(random, depth),
                    self.ty(random, depth)
                ),
            },
            4 => {
                let count = 1 + random.below(4);
                let types: Vec<String> = (0..count).map(|_| self.ty(random, depth)).collect();
                format!("tuple<{}>", types.join(", "))
            }
            5 => {
                let count = 1 + random.below(6);
                let fields: Vec<String> = (0..count)
                    .map(|place| format!("x{place}: {}", self.ty(random, depth)))
                    .collect();
                self.define("record", &fields)
            }
            6 => {
                let bound = if random.below(20) == 0 { 300 } else { 5 };
                let count = 1 + random.below(bound);
                let cases: Vec<String> = (0..count)
                    .map(|place| match random.below(3) {
                        0 => format!("x{place}"),
                        _ if place > 5 => format!("x{place}"),
                        _ => format!("x{place}({})", self.ty(random, depth)),
                    })
                    .collect();
                self.define("variant", &cases)
            }
            7 => {
                let bound = if random.below(10) == 0 { 300 } else { 5 };
                let count = 1 + random.below(bound);
                let names: Vec<String> = (0..count).map(|place| format!("x{place}")).collect();
                self.define("enum", &names)
            }
            _ => {
                let count = 1 + random.below(32);
                let names: Vec<String> = (0..count).map(|place| format!("x{place}")).collect();
                self.define("flags", &names)
            }
        }
    }

    fn define(&mut self, what: &str, parts: &[String]) -> String {
        let name = self.name();
        self.lines
            .push(format!("{what} {name} {{ {} }}", parts.join(", ")));
        name
    }
}

pub fn value(random: &mut Random, ty: &Type) -> Val {
    let bits = random.bits();
    match ty {
        Type::Bool => Val::Bool(bits & 1 == 1),
        Type::S8 => Val::S8(bits as i8),
        Type::U8 => Val::U8(bits as u8),
        Type::S16 => Val::S16(bits as i16),
        Type::U16 => Val::U16(bits as u16),
        Type::S32 => Val::S32(bits as i32),
        Type::U32 => Val::U32(bits as u32),
        Type::S64 => Val::S64(bits as i64),
        Type::U64 => Val::U64(bits),
        // What is no number need not keep its bits.
        Type::Float32 => Val::Float32(bits as i32 as f32 / 3.0),
        Type::Float64 => Val::Float64(bits as i64 as f64 / 3.0),
        Type::Char => Val::Char(*random.pick(&[&'a', &'é', &'\u{ffff}', &'🦀'])),
        Type::String => {
            let part = random.pick(&["", "plain", "grüße", "a 🦀", "日本"]);
            Val::String(part.repeat(random.below(4)))
        }
        Type::List(list) => {
            let count = random.below(4);
            Val::List((0..count).map(|_| value(random, &list.ty())).collect())
        }
        Type::Record(record) => Val::Record(
            record
                .fields()
                .map(|field| (field.name.to_owned(), value(random, &field.ty)))
                .collect(),
        ),
        Type::Tuple(tuple) => Val::Tuple(tuple.types().map(|ty| value(random, &ty)).collect()),
        Type::Variant(variant) => {
            let number = random.below(variant.cases().len());
            let case = variant.cases().nth(number).unwrap();
            let payload = case.ty.map(|ty| Box::new(value(random, &ty)));
            Val::Variant(case.name.to_owned(), payload)
        }
        Type::Enum(names) => {
            let number = random.below(names.names().len());
            Val::Enum(names.names().nth(number).unwrap().to_owned())
        }
        Type::Option(option) => {
            Val::Option((bits & 1 == 1).then(|| Box::new(value(random, &option.ty()))))
        }
        Type::Result(result) => {
            let mut payload = |ty: Option<Type>| ty.map(|ty| Box::new(value(random, &ty)));
            Val::Result(match bits & 1 {
                0 => Ok(payload(result.ok())),
                _ => Err(payload(result.err())),
            })
        }
        Type::Flags(flags) => {
            let names = flags.names().enumerate();
            let set = names.filter(|(number, _)| bits >> number & 1 == 1);
            Val::Flags(set.map(|(_, name)| name.to_owned()).collect())
        }
        other => panic!("{other:?} is not made here"),
    }
}

/// A guest that exports and imports the interface, whose strings are in this encoding.
pub fn passer(interface: &str, encoding: StringEncoding) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let text =
        format!("package test:pass;\n{interface}\nworld passer {{ import all; export all; }}");
    let package = resolve.push_str("pass.wit", &text).unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    let mut wat = String::from(MODULE);
    let (mut imports, mut exports) = (String::new(), String::new());
    let Some(WorldItem::Interface { id, .. }) = resolve.worlds[world].imports.values().next()
    else {
        panic!("the world imports the interface");
    };
    for (name, function) in &resolve.interfaces[*id].functions {
        let import = resolve.wasm_signature(AbiVariant::GuestImport, function);
        let export = resolve.wasm_signature(AbiVariant::GuestExport, function);
        imports += &format!(
            "(import \"{INTERFACE}\" \"{name}\" (func ${name} {} {}))\n",
            core(&import.params, "param"),
            core(&import.results, "result")
        );
        let arguments: String = (0..export.params.len())
            .map(|place| format!("(local.get {place})"))
            .collect();
        let (place, back) = match import.retptr {
            true => ("(i32.const 1024)", "(i32.const 1024)"),
            false => ("", ""),
        };
        exports += &format!(
            "(func (export \"{INTERFACE}#{name}\") {} {} (call ${name} {arguments} {place}) {back})\n",
            core(&export.params, "param"),
            core(&export.results, "result"),
        );
        exports += &format!(
            "(func (export \"cabi_post_{INTERFACE}#{name}\") {} (global.set $next (i32.const 65536)))\n",
            core(&export.results, "param"),
        );
    }
    wat = wat
        .replace("IMPORTS", &imports)
        .replace("EXPORTS", &exports);
    let mut module = wat::parse_str(&wat).unwrap_or_else(|e| panic!("{e}: {wat}"));
    embed_component_metadata(&mut module, &resolve, world, encoding).unwrap();
    let encoder = ComponentEncoder::default().module(&module).unwrap();
    encoder.validate(true).encode().unwrap()
}

fn core(types: &[WasmType], what: &str) -> String {
    if types.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = types
        .iter()
        .map(|ty| match ty {
            WasmType::I64 | WasmType::PointerOrI64 => "i64",
            WasmType::F32 => "f32",
            WasmType::F64 => "f64",
            _ => "i32",
        })
        .collect();
    format!("({what} {})", names.join(" "))
}

/// An allocator that starts again after each call.
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
