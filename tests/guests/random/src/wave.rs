// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Random values as text, written as Wasmtime's WAVE writes them and without it.

use crate::Random;
use wit_parser::{Function, Resolve, Type, TypeDefKind};

/// Random parameters of the function, with commas between them.
pub fn arguments(random: &mut Random, resolve: &Resolve, function: &Function) -> String {
    let mut values = Values {
        random,
        resolve,
        text_left: TEXT_MAX,
    };
    let texts = function.params.iter().map(|param| values.text(&param.ty));
    texts.collect::<Vec<_>>().join(", ")
}

/// From this many bytes on, no list of the call grows. A line of ALME has 1 MiB, in which `\` takes two.
const TEXT_MAX: usize = 200_000;

struct Values<'a> {
    random: &'a mut Random,
    resolve: &'a Resolve,
    text_left: usize,
}

impl Values<'_> {
    fn text(&mut self, ty: &Type) -> String {
        // Of a number any bits; its edges are more likely than they would be.
        let bits = match self.random.below(6) {
            0 => 0,
            1 => u64::MAX,
            2 => u64::MAX / 2,
            _ => self.random.bits(),
        };
        let text = match ty {
            Type::Bool => (bits & 1 == 1).to_string(),
            Type::S8 => (bits as i8).to_string(),
            Type::U8 => (bits as u8).to_string(),
            Type::S16 => (bits as i16).to_string(),
            Type::U16 => (bits as u16).to_string(),
            Type::S32 => (bits as i32).to_string(),
            Type::U32 => (bits as u32).to_string(),
            Type::S64 => (bits as i64).to_string(),
            Type::U64 => bits.to_string(),
            // Of what is no number the bits need not be kept: it is the same text.
            Type::F32 => self.float(f32::from_bits(bits as u32).into(), &|x| {
                (x as f32).to_string()
            }),
            Type::F64 => self.float(f64::from_bits(bits), &|x| x.to_string()),
            Type::Char => format!("'{}'", self.character()),
            Type::String => self.string(),
            Type::ErrorContext => unreachable!("is not made here"),
            Type::Id(id) => return self.defined(&self.resolve.types[*id].kind),
        };
        self.text_left = self.text_left.saturating_sub(text.len());
        text
    }

    fn float(&mut self, any: f64, text: &dyn Fn(f64) -> String) -> String {
        let few = [0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 0.1];
        let number = self.random.below(4 * few.len());
        let value = few.get(number).copied().unwrap_or(any);
        if value.is_nan() {
            return "nan".to_owned();
        }
        text(value)
    }

    fn character(&mut self) -> &'static str {
        const ALL: [&str; 14] = [
            "a",
            "Z",
            " ",
            "é",
            "€",
            "世",
            "🦀",
            "\\n",
            "\\t",
            "\\\\",
            "\\'",
            "\\\"",
            "\\u{0}",
            "\\u{10ffff}",
        ];
        self.random.pick(&ALL)
    }

    fn string(&mut self) -> String {
        let (part, times) = match self.random.below(30) {
            0 => (self.character(), 5000),
            _ => ("", 0),
        };
        let count = self.random.below(6);
        let some: String = (0..count).map(|_| self.character()).collect();
        format!("\"{some}{}\"", part.repeat(times))
    }

    fn list(&mut self, element: &Type) -> String {
        let wanted = match self.random.below(12) {
            0 => self.random.below(400),
            _ => self.random.below(4),
        };
        let mut texts = Vec::new();
        while texts.len() < wanted && self.text_left > 0 {
            texts.push(self.text(element));
        }
        format!("[{}]", texts.join(", "))
    }

    fn payload(&mut self, name: &str, ty: Option<&Type>) -> String {
        match ty {
            Some(ty) => format!("{name}({})", self.text(ty)),
            None => name.to_owned(),
        }
    }

    fn defined(&mut self, kind: &TypeDefKind) -> String {
        match kind {
            TypeDefKind::List(element) => self.list(element),
            TypeDefKind::Record(record) => {
                let mut fields = Vec::new();
                for field in &record.fields {
                    let text = self.text(&field.ty);
                    // A field that is none is left out, and what has no field left is no `{}`: that is flags.
                    if text != "none" {
                        fields.push(format!("{}: {text}", field.name));
                    }
                }
                match fields.is_empty() {
                    true => "{:}".to_owned(),
                    false => format!("{{{}}}", fields.join(", ")),
                }
            }
            TypeDefKind::Tuple(tuple) => {
                let texts: Vec<String> = tuple.types.iter().map(|ty| self.text(ty)).collect();
                format!("({})", texts.join(", "))
            }
            TypeDefKind::Flags(flags) => {
                let bits = self.random.bits();
                let names = flags.flags.iter().enumerate();
                let set = names.filter(|(number, _)| bits >> number & 1 == 1);
                let names: Vec<&str> = set.map(|(_, flag)| flag.name.as_str()).collect();
                format!("{{{}}}", names.join(", "))
            }
            TypeDefKind::Enum(names) => {
                let number = self.random.below(names.cases.len());
                names.cases[number].name.clone()
            }
            TypeDefKind::Variant(variant) => {
                let number = self.random.below(variant.cases.len());
                let case = &variant.cases[number];
                self.payload(&case.name, case.ty.as_ref())
            }
            TypeDefKind::Option(ty) => match self.random.below(2) {
                0 => "none".to_owned(),
                _ => self.payload("some", Some(ty)),
            },
            TypeDefKind::Result(result) => match self.random.below(2) {
                0 => self.payload("ok", result.ok.as_ref()),
                _ => self.payload("err", result.err.as_ref()),
            },
            TypeDefKind::Type(ty) => self.text(ty),
            other => unreachable!("{} is not made here", other.as_str()),
        }
    }
}
