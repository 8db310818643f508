// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The `rally` example: a service that imports what it exports (see wit/rally.wit).

use crate::examples::rally::court as other_side;
use crate::exports::examples::rally::court::Guest;

wit_bindgen::generate!({ world: "rally", path: "wit", generate_all });

struct Rally;

export!(Rally);

impl Guest for Rally {
    fn play(strokes: u32) -> Result<u32, String> {
        match strokes {
            0 => Ok(0),
            _ => other_side::play(strokes - 1).map(|played| played + 1),
        }
    }
}
