// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The `calc` example: a service that exports `examples:calc/ops@1.0.0` (see wit/calc.wit).

use std::cell::Cell;

use crate::exports::examples::calc::ops::{
    self, Entry, Guest, GuestAccumulator, MathError, Permissions, Point, Shape,
};

wit_bindgen::generate!({ world: "calc", path: "wit" });

struct Calc;

export!(Calc);

impl Guest for Calc {
    type Accumulator = Accumulator;

    fn add(a: u32, b: u32) -> u32 {
        a.wrapping_add(b)
    }

    fn add_small(a: i8, b: u8, c: i16, d: u16) -> i32 {
        i32::from(a) + i32::from(b) + i32::from(c) + i32::from(d)
    }

    fn subtract(a: i64, b: i64) -> i64 {
        a.wrapping_sub(b)
    }

    fn multiply(a: f64, b: f64) -> f64 {
        a * b
    }

    fn half(x: f32) -> f32 {
        x / 2.0
    }

    fn is_even(n: u64) -> bool {
        n % 2 == 0
    }

    fn next_char(c: char) -> Option<char> {
        char::from_u32(u32::from(c) + 1)
    }

    fn echo_string(text: String) -> String {
        text
    }

    fn echo_bytes(bytes: Vec<u8>) -> Vec<u8> {
        bytes
    }

    fn reverse(mut words: Vec<String>) -> Vec<String> {
        words.reverse();
        words
    }

    fn sum(values: Vec<i64>) -> i64 {
        values.into_iter().fold(0, i64::wrapping_add)
    }

    fn translate(p: Point, by: Point) -> Point {
        Point {
            x: p.x + by.x,
            y: p.y + by.y,
        }
    }

    fn divide_with_remainder(a: u32, b: u32) -> Result<(u32, u32), String> {
        match b {
            0 => Err(format!("{a} cannot be divided by 0")),
            _ => Ok((a / b, a % b)),
        }
    }

    fn area(s: Shape) -> f64 {
        match s {
            Shape::Empty => 0.0,
            Shape::Circle(radius) => std::f64::consts::PI * radius * radius,
            Shape::Rectangle(r) => r.width * r.height,
        }
    }

    fn divide(a: i64, b: i64) -> Result<i64, MathError> {
        match b {
            0 => Err(MathError::DivisionByZero),
            _ => a.checked_div(b).ok_or(MathError::Overflow),
        }
    }

    fn largest(values: Vec<i64>) -> Option<i64> {
        values.into_iter().max()
    }

    fn check(condition: bool) -> Result<(), ()> {
        if condition { Ok(()) } else { Err(()) }
    }

    fn invert(p: Permissions) -> Permissions {
        !p
    }

    fn describe(entries: Vec<Entry>) -> Vec<String> {
        entries.into_iter().map(describe_entry).collect()
    }
}

fn describe_entry(entry: Entry) -> String {
    let place = match entry.parent {
        Some(parent) => format!("{parent}/{}", entry.name),
        None => entry.name,
    };
    let letter = |flag, letter| {
        if entry.mode.contains(flag) {
            letter
        } else {
            '-'
        }
    };
    format!(
        "{}{}{} {place} [{}] {}",
        letter(Permissions::READ, 'r'),
        letter(Permissions::WRITE, 'w'),
        letter(Permissions::EXECUTE, 'x'),
        entry.tags.join(", "),
        Calc::area(entry.shape)
    )
}

struct Accumulator(Cell<i64>);

impl GuestAccumulator for Accumulator {
    fn new(start: i64) -> Self {
        Self(Cell::new(start))
    }

    fn add(&self, x: i64) -> i64 {
        self.0.set(self.0.get().wrapping_add(x));
        self.0.get()
    }

    fn value(&self) -> i64 {
        self.0.get()
    }

    fn merge(a: ops::Accumulator, b: ops::Accumulator) -> ops::Accumulator {
        let total = a.get::<Self>().add(b.get::<Self>().value());
        ops::Accumulator::new(Self(Cell::new(total)))
    }
}
