// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The shop's products (see ../wit/shop.wit). They stand in the program: nothing changes them.

use crate::exports::examples::shop::catalog::{Category, Guest, Labels, Pack, Product};

wit_bindgen::generate!({ world: "examples:shop/catalog-world", path: "../wit", generate_all });

struct Catalog;

export!(Catalog);

fn product(id: &str, name: &str, category: Category, pack: Pack, tags: &[&str]) -> Product {
    Product {
        id: id.to_owned(),
        name: name.to_owned(),
        description: None,
        category,
        labels: Labels::empty(),
        pack,
        tags: tags.iter().copied().map(str::to_owned).collect(),
    }
}

fn all() -> Vec<Product> {
    vec![
        Product {
            labels: Labels::ORGANIC,
            description: Some("from the second harvest".to_owned()),
            ..product(
                "tea",
                "Green tea",
                Category::Drink,
                Pack::WeightG(100),
                &["leaf", "hot"],
            )
        },
        product(
            "coffee",
            "Coffee",
            Category::Drink,
            Pack::WeightG(250),
            &["bean", "hot"],
        ),
        Product {
            labels: Labels::FRAGILE,
            ..product("cup", "Cups", Category::Tool, Pack::Pieces(2), &["china"])
        },
        product("kettle", "Kettle", Category::Tool, Pack::Single, &["hot"]),
    ]
}

impl Guest for Catalog {
    fn products(tag: Option<String>) -> Result<Vec<Product>, String> {
        let mut products = all();
        if let Some(tag) = tag {
            products.retain(|product| product.tags.contains(&tag));
        }
        Ok(products)
    }

    fn find(id: String) -> Result<Option<Product>, String> {
        Ok(all().into_iter().find(|product| product.id == id))
    }
}
