// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What the programs of this folder are made of: an engine as the platform's, stores, and rounds on stdin.

use std::io::{self, BufRead, Write};
use std::time::Duration;

use arcella_engine::settings::{EngineSettings, engine_config};
use wasmtime::component::{ComponentNamedList, Instance, Lift, Lower, ResourceTable, TypedFunc};
use wasmtime::error::Context as _;
use wasmtime::{Engine, Result, Store, StoreLimits, StoreLimitsBuilder};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

const MEMORY_BYTES_MAX: usize = 64 << 20;

pub struct State {
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

/// With the platform's settings, and its ticks.
pub fn new_engine() -> Result<Engine> {
    let settings = EngineSettings::default();
    let engine = Engine::new(&engine_config(&settings))?;
    let ticking = engine.clone();
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(settings.epoch_tick);
            ticking.increment_epoch();
        }
    });
    Ok(engine)
}

/// One that yields at each tick is called asynchronously only; one that does not is stopped after a long time.
pub fn new_store(engine: &Engine, yields: bool) -> Store<State> {
    let state = State {
        wasi: WasiCtx::builder().build(),
        table: ResourceTable::new(),
        limits: StoreLimitsBuilder::new()
            .memory_size(MEMORY_BYTES_MAX)
            .build(),
    };
    let mut store = Store::new(engine, state);
    store.limiter(|state| &mut state.limits);
    if yields {
        store.set_epoch_deadline(1);
        store.epoch_deadline_async_yield_and_update(1);
    } else {
        store.set_epoch_deadline(1 << 40);
        store.epoch_deadline_trap();
    }
    store
}

/// A function of an exported interface.
pub fn exported<P, R>(
    instance: &Instance,
    store: &mut Store<State>,
    interface: &str,
    name: &str,
) -> Result<TypedFunc<P, R>>
where
    P: ComponentNamedList + Lower,
    R: ComponentNamedList + Lift,
{
    let missing = || format!("the component exports {interface}#{name}");
    let (_, parent) = instance
        .get_export(&mut *store, None, interface)
        .with_context(missing)?;
    let (_, index) = instance
        .get_export(&mut *store, Some(&parent), name)
        .with_context(missing)?;
    instance.get_typed_func(store, &index)
}

/// One round per line on stdin, `NAME COUNT`, answered by `{"name": NAME, "ns": per operation}`, so that the script can
/// interleave the rounds of two programs.
pub async fn serve(mut round: impl AsyncFnMut(&str, u32) -> Result<Duration>) -> Result<()> {
    for line in io::stdin().lock().lines() {
        let line = line?;
        let (name, count) = line.split_once(' ').context("a round is: NAME COUNT")?;
        let count: u32 = count.parse()?;
        let ns = round(name, count).await?.as_nanos() as f64 / f64::from(count);
        println!(r#"{{"name": "{name}", "ns": {ns:.1}}}"#);
        io::stdout().flush()?;
    }
    Ok(())
}
