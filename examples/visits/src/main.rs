// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The `visits` example: a command that greets as it is configured, and says how often it has run.

use crate::wasi::keyvalue::{atomics, store};
use crate::wasi::logging::logging::{Level, log};

wit_bindgen::generate!({
    world: "examples:visits/visits",
    path: ["../../wit/config", "../../wit/logging", "../../wit/keyvalue", "wit"],
    generate_all,
});

fn visits() -> Result<u64, store::Error> {
    atomics::increment(&store::open("")?, "visits", 1)
}

fn main() {
    let greeting = crate::wasi::config::store::get("greeting").ok().flatten();
    let greeting = greeting.unwrap_or_else(|| "hello".to_owned());
    match visits() {
        Ok(visits) => println!("{greeting}, visit {visits}"),
        Err(error) => {
            log(Level::Warn, "visits", &error.to_string());
            println!("{greeting}, not counted");
        }
    }
}
