// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The `glutton` example: a guest that takes memory, for tests of the memory limit.

use std::cell::RefCell;

use crate::exports::examples::glutton::plate::Guest;

wit_bindgen::generate!({ world: "glutton", path: "wit" });

const MIB: usize = 1 << 20;

thread_local! {
    static EATEN: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

struct Glutton;

export!(Glutton);

impl Guest for Glutton {
    fn eat(mib: u32) -> u32 {
        EATEN.with_borrow_mut(|eaten| {
            // Written, not only reserved: what the host has to find is pages, not address space.
            eaten.extend((0..mib).map(|_| vec![0xAA; MIB]));
            u32::try_from(eaten.len()).unwrap_or(u32::MAX)
        })
    }

    fn digest() {
        EATEN.with_borrow_mut(Vec::clear);
    }
}
