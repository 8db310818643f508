// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Core code that writes flat parameters into memory, as the canonical ABI lays out their tuple.

use crate::guests::core_name;
use wit_parser::abi::{AbiVariant, FlatTypes, WasmType};
use wit_parser::{Function, Int, Resolve, SizeAlign, Type, TypeDefKind};

/// A value of the core machine: the text that gives it, and its type.
#[derive(Clone)]
struct Flat {
    text: String,
    ty: &'static str,
}

impl Flat {
    /// Of what a variant's cases share, the value that one of them put there.
    fn cast(&self, ty: &'static str) -> Flat {
        let given = &self.text;
        let text = match (self.ty, ty) {
            (same, other) if same == other => given.clone(),
            ("i32", "f32") => format!("(f32.reinterpret_i32 {given})"),
            ("i64", "i32") => format!("(i32.wrap_i64 {given})"),
            ("i64", "f32") => format!("(f32.reinterpret_i32 (i32.wrap_i64 {given}))"),
            ("i64", "f64") => format!("(f64.reinterpret_i64 {given})"),
            (from, to) => unreachable!("no variant shares a {to} as {from}"),
        };
        Flat { text, ty }
    }
}

/// Stores the parameters, none of which is in memory, at `place`.
pub(crate) fn store_params(resolve: &Resolve, function: &Function, place: &str) -> String {
    let mut sizes = SizeAlign::default();
    sizes.fill(resolve);
    let signature = resolve.wasm_signature(AbiVariant::GuestExport, function);
    let mut flat: Vec<Flat> = signature
        .params
        .iter()
        .enumerate()
        .map(|(number, ty)| Flat {
            text: format!("(local.get {number})"),
            ty: core_name(*ty),
        })
        .collect();
    let types: Vec<Type> = function.params.iter().map(|param| param.ty).collect();
    let mut store = Store {
        resolve,
        sizes,
        place,
        code: String::new(),
    };
    store.fields(&types, 0, &mut flat);
    assert!(flat.is_empty(), "every parameter is part of a value");
    store.code
}

struct Store<'a> {
    resolve: &'a Resolve,
    sizes: SizeAlign,
    place: &'a str,
    code: String,
}

impl Store<'_> {
    /// Takes what it stores from the front of `flat`.
    fn value(&mut self, ty: &Type, offset: usize, flat: &mut Vec<Flat>) {
        match ty {
            Type::Bool | Type::U8 | Type::S8 => self.core("i32.store8", "i32", offset, flat),
            Type::U16 | Type::S16 => self.core("i32.store16", "i32", offset, flat),
            Type::U32 | Type::S32 | Type::Char => self.core("i32.store", "i32", offset, flat),
            Type::U64 | Type::S64 => self.core("i64.store", "i64", offset, flat),
            Type::F32 => self.core("f32.store", "f32", offset, flat),
            Type::F64 => self.core("f64.store", "f64", offset, flat),
            Type::String => self.pointer_and_length(offset, flat),
            Type::ErrorContext => unreachable!("is not made here"),
            Type::Id(id) => self.defined(&self.resolve.types[*id].kind, offset, flat),
        }
    }

    fn defined(&mut self, kind: &TypeDefKind, offset: usize, flat: &mut Vec<Flat>) {
        match kind {
            TypeDefKind::List(_) => self.pointer_and_length(offset, flat),
            TypeDefKind::Record(record) => {
                let types: Vec<Type> = record.fields.iter().map(|field| field.ty).collect();
                self.fields(&types, offset, flat);
            }
            TypeDefKind::Tuple(tuple) => self.fields(&tuple.types, offset, flat),
            TypeDefKind::Flags(flags) => match flags.flags.len() {
                ..=8 => self.core("i32.store8", "i32", offset, flat),
                9..=16 => self.core("i32.store16", "i32", offset, flat),
                _ => self.core("i32.store", "i32", offset, flat),
            },
            TypeDefKind::Enum(names) => self.tag(names.tag(), offset, flat),
            TypeDefKind::Variant(variant) => {
                let cases: Vec<Option<Type>> = variant.cases.iter().map(|case| case.ty).collect();
                self.cases(variant.tag(), &cases, offset, flat);
            }
            TypeDefKind::Option(ty) => self.cases(Int::U8, &[None, Some(*ty)], offset, flat),
            TypeDefKind::Result(result) => {
                self.cases(Int::U8, &[result.ok, result.err], offset, flat);
            }
            TypeDefKind::Type(ty) => self.value(ty, offset, flat),
            other => unreachable!("{} is not made here", other.as_str()),
        }
    }

    fn core(&mut self, instruction: &str, ty: &'static str, offset: usize, flat: &mut Vec<Flat>) {
        let value = flat.remove(0).cast(ty).text;
        let place = self.place;
        self.code += &format!("({instruction} offset={offset} {place} {value})\n");
    }

    fn pointer_and_length(&mut self, offset: usize, flat: &mut Vec<Flat>) {
        self.core("i32.store", "i32", offset, flat);
        self.core("i32.store", "i32", offset + 4, flat);
    }

    fn fields(&mut self, types: &[Type], offset: usize, flat: &mut Vec<Flat>) {
        let offsets: Vec<usize> = self
            .sizes
            .field_offsets(types)
            .iter()
            .map(|(at, _)| at.size_wasm32())
            .collect();
        for (ty, at) in types.iter().zip(offsets) {
            self.value(ty, offset + at, flat);
        }
    }

    fn tag(&mut self, tag: Int, offset: usize, flat: &mut Vec<Flat>) {
        let instruction = match tag {
            Int::U8 => "i32.store8",
            Int::U16 => "i32.store16",
            _ => "i32.store",
        };
        self.core(instruction, "i32", offset, flat);
    }

    /// Only the case that the value is has a payload in memory.
    fn cases(&mut self, tag: Int, cases: &[Option<Type>], offset: usize, flat: &mut Vec<Flat>) {
        let number = flat[0].cast("i32").text;
        self.tag(tag, offset, flat);
        let payloads = cases.iter().map(Option::as_ref);
        let payload_at = offset + self.sizes.payload_offset(tag, payloads).size_wasm32();
        let mut longest = 0;
        for (case, ty) in cases.iter().enumerate() {
            let Some(ty) = ty else { continue };
            let count = self.flat_count(ty);
            longest = longest.max(count);
            let mut shared = flat[..count].to_vec();
            self.code += &format!("(if (i32.eq {number} (i32.const {case})) (then\n");
            self.value(ty, payload_at, &mut shared);
            self.code += "))\n";
        }
        flat.drain(..longest);
    }

    fn flat_count(&self, ty: &Type) -> usize {
        let mut types = [WasmType::I32; 64];
        let mut flat = FlatTypes::new(&mut types);
        self.resolve.push_flat(ty, &mut flat);
        flat.to_vec().len()
    }
}
