// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The `crasher` example: a guest that traps, for tests of what a trap costs and to whom.

use std::hint::black_box;

use crate::exports::examples::crasher::faults::Guest;

wit_bindgen::generate!({ world: "crasher", path: "wit" });

struct Crasher;

export!(Crasher);

impl Guest for Crasher {
    fn crash() {
        core::arch::wasm32::unreachable()
    }

    fn divide(a: i32, b: i32) -> i32 {
        a / b
    }

    fn overflow_stack() -> u64 {
        descend(0)
    }
}

#[expect(
    unconditional_recursion,
    reason = "running out of stack is its purpose"
)]
fn descend(depth: u64) -> u64 {
    descend(black_box(depth) + 1) + black_box(1)
}
