// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Gives back what it gets (see calls.wit).

use crate::exports::bench::calls::ops::{Guest, Item};

wit_bindgen::generate!({ world: "echo", path: "../calls.wit" });

struct Echo;

export!(Echo);

impl Guest for Echo {
    fn add(a: u32, b: u32) -> u32 {
        a.wrapping_add(b)
    }

    fn echo_bytes(bytes: Vec<u8>) -> Vec<u8> {
        bytes
    }

    fn echo_items(items: Vec<Item>) -> Vec<Item> {
        items
    }
}
