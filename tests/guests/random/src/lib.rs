// SPDX-License-Identifier: Apache-2.0 OR MIT

//! An interface of random types, two guests of it and random values: for tests. Its functions give back what they take,
//! as a tuple. All follows from the numbers of a `Random`.

mod guests;
mod numbers;
mod store;
mod types;
mod wave;

pub use guests::{Guest, INTERFACE, guest, parse};
pub use numbers::Random;
pub use types::interface;
pub use wave::arguments;
