// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What a Rust program on the same crates and engine settings pays for a call and for an instance: the peer of
//! engine_bench.cc. `arcella-bench-harness ARTIFACT`, the artifact being what the platform's engine compiled from
//! examples/calc. Then one round per line on stdin, `NAME COUNT`, answered by `{"name": NAME, "ns": per operation}`,
//! so that the script can interleave the rounds of both programs.

use std::io::{self, BufRead, Write};
use std::time::{Duration, Instant};

use arcella_engine::settings::{EngineSettings, engine_config};
use wasmtime::component::{Component, InstancePre, Linker, ResourceTable, TypedFunc};
use wasmtime::error::Context as _;
use wasmtime::{Engine, Result, Store, StoreLimits, StoreLimitsBuilder, bail, ensure};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

const INTERFACE: &str = "examples:calc/ops@1.0.0";
const MEMORY_BYTES_MAX: usize = 64 << 20;

struct State {
    wasi: WasiCtx,
    table: ResourceTable,
    limits: StoreLimits,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

fn new_store(engine: &Engine) -> Store<State> {
    let state = State {
        wasi: WasiCtx::builder().build(),
        table: ResourceTable::new(),
        limits: StoreLimitsBuilder::new()
            .memory_size(MEMORY_BYTES_MAX)
            .build(),
    };
    let mut store = Store::new(engine, state);
    store.limiter(|state| &mut state.limits);
    store.set_epoch_deadline(1);
    store.epoch_deadline_async_yield_and_update(1);
    store
}

struct Calc {
    store: Store<State>,
    add: TypedFunc<(u32, u32), (u32,)>,
    echo_string: TypedFunc<(String,), (String,)>,
}

async fn new_calc(pre: &InstancePre<State>) -> Result<Calc> {
    let mut store = new_store(pre.engine());
    let instance = pre.instantiate_async(&mut store).await?;
    let (_, interface) = instance
        .get_export(&mut store, None, INTERFACE)
        .context("calc exports its interface")?;
    let mut function = |name| {
        let found = instance.get_export(&mut store, Some(&interface), name);
        found
            .map(|(_, index)| index)
            .with_context(|| format!("calc exports {name}"))
    };
    let (add, echo_string) = (function("add")?, function("echo-string")?);
    Ok(Calc {
        add: instance.get_typed_func(&mut store, &add)?,
        echo_string: instance.get_typed_func(&mut store, &echo_string)?,
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
                let mut store = new_store(pre.engine());
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
    let settings = EngineSettings::default();
    let engine = Engine::new(&engine_config(&settings))?;
    let ticking = engine.clone();
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(settings.epoch_tick);
            ticking.increment_epoch();
        }
    });
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
        for line in io::stdin().lock().lines() {
            let line = line?;
            let (name, count) = line.split_once(' ').context("a round is: NAME COUNT")?;
            let count: u32 = count.parse()?;
            let elapsed = round(name, count, &mut calc, &pre).await?;
            let ns = elapsed.as_nanos() as f64 / f64::from(count);
            println!(r#"{{"name": "{name}", "ns": {ns:.1}}}"#);
            io::stdout().flush()?;
        }
        Ok(())
    })
}
