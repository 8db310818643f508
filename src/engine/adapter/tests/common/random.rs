// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Random types, values of them, and a guest that passes them on: it exports the functions that it imports and does
//! nothing but call them. The functions give back what they take, as a tuple.

pub use arcella_random_guests::{INTERFACE, Random, interface};

use arcella_random_guests::{Guest, guest, parse};
use wasmtime::component::{Type, Val};
use wit_component::StringEncoding;

/// The guest, whose strings are in this encoding.
pub fn passer(interface: &str, encoding: StringEncoding) -> Vec<u8> {
    guest(Guest::Passer, &parse(interface).unwrap(), encoding).unwrap()
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
