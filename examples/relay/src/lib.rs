// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The `relay` example: a service whose every function asks the imported `examples:calc/ops@1.0.0` (see wit/relay.wit).

use crate::examples::calc::ops::{self as calc, Entry, MathError, Permissions, Point, Shape};
use crate::exports::examples::relay::ops::Guest;

wit_bindgen::generate!({ world: "relay", path: "wit", generate_all });

struct Relay;

export!(Relay);

impl Guest for Relay {
    fn add(a: u32, b: u32) -> u32 {
        calc::add(a, b)
    }

    fn add_often(count: u32) -> u32 {
        (0..count).fold(0, |sum, _| calc::add(sum, 1))
    }

    fn add_small(a: i8, b: u8, c: i16, d: u16) -> i32 {
        calc::add_small(a, b, c, d)
    }

    fn subtract(a: i64, b: i64) -> i64 {
        calc::subtract(a, b)
    }

    fn multiply(a: f64, b: f64) -> f64 {
        calc::multiply(a, b)
    }

    fn half(x: f32) -> f32 {
        calc::half(x)
    }

    fn is_even(n: u64) -> bool {
        calc::is_even(n)
    }

    fn next_char(c: char) -> Option<char> {
        calc::next_char(c)
    }

    fn echo_string(text: String) -> String {
        calc::echo_string(&text)
    }

    fn echo_bytes(bytes: Vec<u8>) -> Vec<u8> {
        calc::echo_bytes(&bytes)
    }

    fn reverse(words: Vec<String>) -> Vec<String> {
        calc::reverse(&words)
    }

    fn sum(values: Vec<i64>) -> i64 {
        calc::sum(&values)
    }

    fn translate(p: Point, by: Point) -> Point {
        calc::translate(p, by)
    }

    fn divide_with_remainder(a: u32, b: u32) -> Result<(u32, u32), String> {
        calc::divide_with_remainder(a, b)
    }

    fn area(s: Shape) -> f64 {
        calc::area(s)
    }

    fn divide(a: i64, b: i64) -> Result<i64, MathError> {
        calc::divide(a, b)
    }

    fn largest(values: Vec<i64>) -> Option<i64> {
        calc::largest(&values)
    }

    fn check(condition: bool) -> Result<(), ()> {
        calc::check(condition)
    }

    fn invert(p: Permissions) -> Permissions {
        calc::invert(p)
    }

    fn describe(entries: Vec<Entry>) -> Vec<String> {
        calc::describe(&entries)
    }
}
