// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The shop's pages, plain text (see ../wit/shop.wit for whom it asks):
//!
//! - `GET /`: the products
//! - `GET /cart/NAME`: what is in a cart, and what it costs
//! - `POST /cart/NAME?product=ID&count=N`: puts something into it
//! - `POST /cart/NAME/checkout`: buys it

use std::fmt::Write as _;

use crate::examples::shop::cart::{self, Quote, Receipt};
use crate::examples::shop::catalog::{self, Labels, Pack, Product};
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{
    Fields, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

wit_bindgen::generate!({ world: "examples:shop/storefront-world", path: "../wit", generate_all });

wasip2::http::proxy::export!(Storefront);

struct Storefront;

/// A status and a text.
type Page = (u16, String);

impl Guest for Storefront {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = request.path_with_query().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let steps: Vec<_> = path.split('/').skip(1).collect();
        let page = match (request.method(), &steps[..]) {
            (Method::Get, [""]) => products_page(),
            (Method::Get, ["cart", name]) => cart_page(name),
            (Method::Post, ["cart", name]) => add(name, query),
            (Method::Post, ["cart", name, "checkout"]) => checkout(name),
            _ => (404, "there is no such page".to_owned()),
        };
        send(page, out);
    }
}

fn products_page() -> Page {
    match catalog::products(None) {
        Ok(products) => (
            200,
            products
                .iter()
                .map(product_line)
                .collect::<Vec<_>>()
                .join("\n"),
        ),
        Err(why) => (503, why),
    }
}

fn product_line(product: &Product) -> String {
    let mut line = format!("{}: {}", product.id, product.name);
    let _ = match product.pack {
        Pack::Single => Ok(()),
        Pack::WeightG(grams) => write!(line, ", {grams} g"),
        Pack::Pieces(pieces) => write!(line, ", {pieces} pieces"),
    };
    for (label, name) in [(Labels::ORGANIC, "organic"), (Labels::FRAGILE, "fragile")] {
        if product.labels.contains(label) {
            let _ = write!(line, ", {name}");
        }
    }
    if let Some(description) = &product.description {
        let _ = write!(line, " ({description})");
    }
    line
}

fn cart_page(name: &str) -> Page {
    match cart::show(name) {
        Ok(quote) => (200, quote_text(&quote)),
        Err(why) => (503, why),
    }
}

fn quote_text(quote: &Quote) -> String {
    let mut text = String::new();
    for line in &quote.lines {
        let _ = writeln!(
            text,
            "{} {}: {}",
            line.line.count,
            line.line.product,
            money(line.sum)
        );
    }
    if let Some(discount) = &quote.discount {
        let _ = writeln!(
            text,
            "{} % off: -{}",
            discount.percent,
            money(discount.saved)
        );
    }
    text + "total: " + &money(quote.total)
}

fn money(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// The value of a key, as it stands there: no name of ours has a character that would have to be encoded.
fn value<'a>(query: &'a str, key: &str) -> Option<&'a str> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .into_iter()
        .find(|(name, _)| *name == key)
        .map(|(_, value)| value)
}

fn add(name: &str, query: &str) -> Page {
    let count = value(query, "count").map_or(Some(1), |text| text.parse().ok());
    let (Some(product), Some(count)) = (value(query, "product"), count) else {
        return (400, "say which: ?product=ID&count=N".to_owned());
    };
    match cart::add(name, product, count) {
        Ok(total) => (200, format!("{total} {product} in the cart")),
        Err(why) => (409, why),
    }
}

fn checkout(name: &str) -> Page {
    match cart::checkout(name) {
        Ok(Receipt { number, paid, .. }) => (200, format!("receipt {number}: {}", money(paid))),
        Err(why) => (409, why),
    }
}

fn send((status, mut text): Page, out: ResponseOutparam) {
    text.push('\n');
    let length = (
        "content-length".to_owned(),
        text.len().to_string().into_bytes(),
    );
    let response = OutgoingResponse::new(Fields::from_list(&[length]).expect("a header of ours"));
    response.set_status_code(status).expect("a status of ours");
    let body = response.body().expect("a new response has its body");
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().expect("a new body has its stream");
    // A client that went away is its own affair. A chunk of this call may have 4096 bytes at most.
    let mut chunks = text.as_bytes().chunks(4096);
    let written = chunks.try_for_each(|chunk| stream.blocking_write_and_flush(chunk));
    drop(stream);
    if written.is_ok() {
        let _ = OutgoingBody::finish(body, None);
    }
}
