// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The `abacus` example: a command that reads lines of two numbers and prints their quotient and remainder, which it asks
//! the imported `examples:calc/ops@1.0.0` for.

use crate::examples::calc::ops;
use std::io::BufRead;

wit_bindgen::generate!({
    world: "examples:abacus/abacus",
    path: ["../calc/wit", "wit"],
    generate_all,
});

fn answer(line: &str) -> Option<String> {
    let (dividend, divisor) = line.trim().split_once(' ')?;
    let asked = ops::divide_with_remainder(dividend.parse().ok()?, divisor.parse().ok()?);
    Some(match asked {
        Ok((quotient, remainder)) => format!("{quotient} remainder {remainder}"),
        Err(why) => why,
    })
}

fn main() {
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        println!(
            "{}",
            answer(&line).unwrap_or_else(|| "two numbers, please".to_owned())
        );
    }
}
