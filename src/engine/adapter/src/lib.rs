// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The door to Wasmtime: the only Rust in Arcella (design: section 3). It makes an engine, loads compiled code, links it
//! with what a deployment may do, and gives guest work out as futures that C++ polls (`bridge`), or serves HTTP with it.
//! It decides nothing about the platform: no policy, no names of deployments, no retries.
//!
//! Every entry of `bridge` catches panics; what a guest did wrong is data (`CallOutcome`), not an error.

pub mod arena;
pub mod bridge;
pub mod call;
mod command;
pub mod compose;
pub mod describe;
pub mod direct;
pub mod engine;
pub mod error;
pub mod flat;
pub mod function;
mod guest;
pub mod handle_list;
mod http_request;
pub mod http_server;
pub mod import;
pub mod instance;
pub mod item;
pub mod key_value;
pub mod layout;
mod lent;
pub mod link;
mod lock;
mod logging;
pub mod outbound;
pub mod output;
mod passage;
mod proxies;
pub mod settings;
pub mod store;
mod store_waker;
pub mod turn;
pub mod values;
mod wave;
mod wit_text;
pub mod wrap;

pub use settings::{EngineSettings, EngineUse, engine_config};
