// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Calls what it imports as often as it is told, and looks at what comes back: at all of the first answer, at the length
//! of the others (see calls.wit).

use crate::bench::calls::ops::{self, Item, Kind};
use crate::exports::bench::calls::rounds::Guest;

wit_bindgen::generate!({ world: "asker", path: "../calls.wit" });

struct Asker;

export!(Asker);

fn item(number: u32) -> Item {
    Item {
        id: number,
        name: format!("item number {number}"),
        tags: (0..number % 4).map(|tag| format!("tag-{tag}-é")).collect(),
        score: (number % 2 == 0).then(|| f64::from(number) / 3.0),
        kind: match number % 4 {
            0 => Kind::Plain,
            1 => Kind::Code(number as u8),
            2 => Kind::Text(format!("text {number}")),
            _ => Kind::Pair((0.5, -i64::from(number))),
        },
        flag: number % 3 == 0,
        letter: 'λ',
    }
}

fn right(count: u32, mut call: impl FnMut(bool) -> bool) -> u32 {
    (0..count).map(|number| u32::from(call(number == 0))).sum()
}

impl Guest for Asker {
    fn add(count: u32) -> u32 {
        let mut sum = 0;
        right(count, |_| {
            let expected = sum + 3;
            sum = ops::add(sum, 3);
            sum == expected
        })
    }

    fn bytes(count: u32, length: u32) -> u32 {
        let bytes: Vec<u8> = (0..length).map(|number| number as u8).collect();
        right(count, |first| {
            let echo = ops::echo_bytes(&bytes);
            echo.len() == bytes.len() && (!first || echo == bytes)
        })
    }

    fn items(count: u32, length: u32) -> u32 {
        // From 2 on, so that one item has tags and a text.
        let items: Vec<Item> = (2..length + 2).map(item).collect();
        right(count, |first| {
            let echo = ops::echo_items(&items);
            echo.len() == items.len() && (!first || format!("{echo:?}") == format!("{items:?}"))
        })
    }
}
