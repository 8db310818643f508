// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The `spinner` example: a guest that keeps a processor busy, for tests of deadlines and fuel.

use std::hint::black_box;

use crate::exports::examples::spinner::wheel::Guest;

wit_bindgen::generate!({ world: "spinner", path: "wit" });

struct Spinner;

export!(Spinner);

impl Guest for Spinner {
    fn spin() {
        let mut turns: u64 = 0;
        loop {
            turns = black_box(turns.wrapping_add(1));
        }
    }

    fn turn(times: u64) -> u64 {
        (0..times).fold(0, |turns, _| black_box(turns + 1))
    }
}
