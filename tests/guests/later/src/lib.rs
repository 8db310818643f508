// SPDX-License-Identifier: Apache-2.0 OR MIT

//! A test's guest of WASI 0.3: `ops` answers, `asked` asks the imported `ops`, several calls at once (see wit/later.wit).

use crate::exports::tests::later::{asked, ops};
use crate::tests::later::ops as other;
use crate::tests::later::types::Item;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

wit_bindgen::generate!({ world: "later", path: "wit", generate_all });

struct Later;

export!(Later);

impl ops::Guest for Later {
    async fn add(a: u32, b: u32) -> u32 {
        wit_bindgen::yield_async().await;
        a + b
    }

    async fn reverse(items: Vec<Item>) -> Result<Vec<Item>, String> {
        if items.is_empty() {
            return Err("nothing to reverse".to_owned());
        }
        let backwards = |item: Item| Item {
            name: item.name.chars().rev().collect(),
            weight: item.weight,
        };
        Ok(items.into_iter().map(backwards).collect())
    }
}

impl asked::Guest for Later {
    async fn add(a: u32, b: u32) -> u32 {
        other::add(a, b).await
    }

    async fn reverse(items: Vec<Item>) -> Result<Vec<Item>, String> {
        other::reverse(items).await
    }

    async fn add_at_once(count: u32) -> u32 {
        let begun = (0..count).map(|n| Box::pin(other::add(n, 1)) as _);
        sum(begun.collect()).await
    }
}

/// Of what they all give, in whatever order they do.
async fn sum(mut under_way: Vec<Pin<Box<dyn Future<Output = u32>>>>) -> u32 {
    let mut sum = 0;
    poll_fn(|cx| {
        under_way.retain_mut(|call| match call.as_mut().poll(cx) {
            Poll::Ready(given) => {
                sum += given;
                false
            }
            Poll::Pending => true,
        });
        match under_way.is_empty() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
    sum
}
