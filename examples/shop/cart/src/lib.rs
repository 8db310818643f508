// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The shop's carts (see ../wit/shop.wit). How many of a product are in a cart is one number in the deployment's bucket,
//! with the key `CART/PRODUCT`: replicas count up at the same time, and a crash forgets nothing.

use crate::examples::shop::pricing::{self, Line, Quote};
use crate::examples::shop::{catalog, stock};
use crate::exports::examples::shop::cart::{Guest, Receipt};
use crate::wasi::keyvalue::store::{self, Bucket, Error};
use crate::wasi::keyvalue::{atomics, batch};

wit_bindgen::generate!({ world: "examples:shop/cart-world", path: "../wit", generate_all });

struct Cart;

export!(Cart);

/// Of one call of `add`.
const COUNT_MAX: u32 = 1000;

fn text(error: Error) -> String {
    match error {
        Error::NoSuchStore => "there is no place to keep carts".to_owned(),
        Error::AccessDenied => "carts may not be kept".to_owned(),
        Error::Other(text) => text,
    }
}

fn bucket() -> Result<Bucket, String> {
    store::open("default").map_err(text)
}

fn check_name(cart: &str) -> Result<(), String> {
    let is_good = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if cart.is_empty() || cart.len() > 64 || !cart.chars().all(is_good) {
        return Err("a cart's name is of 1 to 64 letters, digits and '-'".to_owned());
    }
    Ok(())
}

/// The keys of all that could be in the cart, and the products beside them.
fn keys(cart: &str) -> Result<(Vec<String>, Vec<String>), String> {
    check_name(cart)?;
    let products: Vec<_> = catalog::products(None)?.into_iter().map(|p| p.id).collect();
    let keys = products.iter().map(|id| format!("{cart}/{id}")).collect();
    Ok((keys, products))
}

fn count(entry: Option<(String, Vec<u8>)>) -> u32 {
    let text = entry.and_then(|(_, value)| String::from_utf8(value).ok());
    let number: u64 = text.and_then(|text| text.parse().ok()).unwrap_or(0);
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn lines(cart: &str) -> Result<Vec<Line>, String> {
    let (keys, products) = keys(cart)?;
    let entries = batch::get_many(&bucket()?, &keys).map_err(text)?;
    let counts = entries.into_iter().map(count);
    let lines = products.into_iter().zip(counts);
    Ok(lines
        .map(|(product, count)| Line { product, count })
        .filter(|line| line.count > 0)
        .collect())
}

/// All of them, or none.
fn reserve(lines: &[Line]) -> Result<Vec<(String, u32)>, String> {
    let mut left = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        match stock::reserve(&line.product, line.count) {
            Ok(now) => left.push((line.product.clone(), now)),
            Err(why) => {
                release(&lines[..i]);
                return Err(why);
            }
        }
    }
    Ok(left)
}

fn release(lines: &[Line]) {
    for line in lines {
        // A stock that is gone has forgotten the reservation with itself.
        let _ = stock::release(&line.product, line.count);
    }
}

impl Guest for Cart {
    fn add(cart: String, product: String, count: u32) -> Result<u32, String> {
        check_name(&cart)?;
        if count == 0 || count > COUNT_MAX {
            return Err(format!("the count is from 1 to {COUNT_MAX}"));
        }
        if catalog::find(&product)?.is_none() {
            return Err(format!("there is no product '{product}'"));
        }
        let key = format!("{cart}/{product}");
        let total = atomics::increment(&bucket()?, &key, u64::from(count)).map_err(text)?;
        u32::try_from(total).map_err(|_| "the cart is full".to_owned())
    }

    fn show(cart: String) -> Result<Quote, String> {
        pricing::price(&lines(&cart)?)
    }

    fn checkout(cart: String) -> Result<Receipt, String> {
        let lines = lines(&cart)?;
        if lines.is_empty() {
            return Err("the cart is empty".to_owned());
        }
        let paid = pricing::price(&lines)?.total;
        let left = reserve(&lines)?;
        let bucket = bucket()?;
        let keys: Vec<_> = lines
            .iter()
            .map(|l| format!("{cart}/{}", l.product))
            .collect();
        batch::delete_many(&bucket, &keys).map_err(text)?;
        // A cart's name has no space: the number has a key of its own.
        let number = atomics::increment(&bucket, "receipt number", 1).map_err(text)?;
        Ok(Receipt { number, paid, left })
    }
}
