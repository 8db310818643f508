// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What a Rust program on the same crates and engine settings pays for a call and for an instance: the peer of
//! engine_bench.cc. `arcella-bench-harness ARTIFACT`, the artifact being what the platform's engine compiled from
//! examples/calc; then rounds (see peer.rs).

mod peer;

use std::time::{Duration, Instant};

use peer::{State, exported, new_engine, new_store};
use wasmtime::component::{Component, InstancePre, Linker, TypedFunc};
use wasmtime::error::Context as _;
use wasmtime::{Result, Store, bail, ensure};

const INTERFACE: &str = "examples:calc/ops@1.0.0";

struct Calc {
    store: Store<State>,
    add: TypedFunc<(u32, u32), (u32,)>,
    echo_string: TypedFunc<(String,), (String,)>,
}

async fn new_calc(pre: &InstancePre<State>) -> Result<Calc> {
    let mut store = new_store(pre.engine(), true);
    let instance = pre.instantiate_async(&mut store).await?;
    Ok(Calc {
        add: exported(&instance, &mut store, INTERFACE, "add")?,
        echo_string: exported(&instance, &mut store, INTERFACE, "echo-string")?,
        store,
    })
}

async fn round(
    name: &str,
    count: u32,
    calc: &mut Calc,
    pre: &InstancePre<State>,
) -> Result<Duration> {
    let text = "x".repeat(4096);
    let start = Instant::now();
    match name {
        "call-u32" => {
            for i in 0..count {
                let (sum,) = calc.add.call_async(&mut calc.store, (i, 22)).await?;
                ensure!(sum == i.wrapping_add(22), "add({i}, 22) is {sum}");
            }
        }
        "call-string-4k" => {
            for _ in 0..count {
                let argument = text.clone();
                let (echo,) = calc
                    .echo_string
                    .call_async(&mut calc.store, (argument,))
                    .await?;
                ensure!(echo.len() == text.len(), "an echo of {} bytes", echo.len());
            }
        }
        "instantiate" => {
            for _ in 0..count {
                let mut store = new_store(pre.engine(), true);
                pre.instantiate_async(&mut store).await?;
            }
        }
        _ => bail!("no bench named {name}"),
    }
    Ok(start.elapsed())
}

fn main() -> Result<()> {
    let artifact = std::env::args()
        .nth(1)
        .context("usage: arcella-bench-harness ARTIFACT")?;
    let engine = new_engine()?;
    // SAFETY: the script has just let the platform's own engine write this file.
    let component = unsafe { Component::deserialize_file(&engine, &artifact) }?;
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    let pre = linker.instantiate_pre(&component)?;

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut calc = new_calc(&pre).await?;
        peer::serve(async |name, count| round(name, count, &mut calc, &pre).await).await
    })
}
