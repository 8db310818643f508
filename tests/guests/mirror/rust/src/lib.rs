// SPDX-License-Identifier: Apache-2.0 OR MIT

//! A test's mirror: `echo` gives back what it is given, `relayed` asks the imported `echo` (see ../wit/mirror.wit).

use crate::tests::mirror::echo as other;
use crate::tests::mirror::types::{Color, Entry, Many, Permissions, Point, Shape};

wit_bindgen::generate!({ world: "mirror", path: "../wit", generate_all });

struct Mirror;

export!(Mirror);

/// One function for each type: given, and given back.
macro_rules! mirror {
    ($($name:ident($x:ident: $type:ty) = $asked:expr;)*) => {
        impl crate::exports::tests::mirror::echo::Guest for Mirror {
            $(fn $name(x: $type) -> $type {
                x
            })*

            #[rustfmt::skip]
            fn of_many(
                a: u8, b: i16, c: u32, d: i64, e: f32, f: f64, g: bool, h: char, i: String, j: Vec<u8>, k: Option<u16>,
                l: Color, m: Permissions, n: u8,
            ) -> Many {
                Many { a, b, c, d, e, f, g, h, i, j, k, l, m, n }
            }
        }

        impl crate::exports::tests::mirror::relayed::Guest for Mirror {
            $(fn $name($x: $type) -> $type {
                $asked
            })*

            #[rustfmt::skip]
            fn of_many(
                a: u8, b: i16, c: u32, d: i64, e: f32, f: f64, g: bool, h: char, i: String, j: Vec<u8>, k: Option<u16>,
                l: Color, m: Permissions, n: u8,
            ) -> Many {
                other::of_many(a, b, c, d, e, f, g, h, &i, &j, k, l, m, n)
            }
        }
    };
}

mirror! {
    of_bool(x: bool) = other::of_bool(x);
    of_s8(x: i8) = other::of_s8(x);
    of_u8(x: u8) = other::of_u8(x);
    of_s16(x: i16) = other::of_s16(x);
    of_u16(x: u16) = other::of_u16(x);
    of_s32(x: i32) = other::of_s32(x);
    of_u32(x: u32) = other::of_u32(x);
    of_s64(x: i64) = other::of_s64(x);
    of_u64(x: u64) = other::of_u64(x);
    of_f32(x: f32) = other::of_f32(x);
    of_f64(x: f64) = other::of_f64(x);
    of_char(x: char) = other::of_char(x);
    of_string(x: String) = other::of_string(&x);
    of_bytes(x: Vec<u8>) = other::of_bytes(&x);
    of_numbers(x: Vec<i64>) = other::of_numbers(&x);
    of_strings(x: Vec<String>) = other::of_strings(&x);
    of_lists(x: Vec<Vec<u16>>) = other::of_lists(&x);
    of_record(x: Point) = other::of_record(x);
    of_tuple(x: (u8, i64, String, f32)) = other::of_tuple((x.0, x.1, &x.2, x.3));
    of_variant(x: Shape) = other::of_variant(&x);
    of_enum(x: Color) = other::of_enum(x);
    of_flags(x: Permissions) = other::of_flags(x);
    of_option(x: Option<String>) = other::of_option(x.as_deref());
    of_options(x: Option<Option<u32>>) = other::of_options(x);
    of_result(x: Result<u32, String>) = other::of_result(x.as_ref().map(|ok| *ok).map_err(String::as_str));
    of_verdict(x: Result<(), Color>) = other::of_verdict(x);
    of_bare_result(x: Result<(), ()>) = other::of_bare_result(x);
    of_nested(x: Vec<Entry>) = other::of_nested(&x);
}
