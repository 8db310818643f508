// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What a Rust program on the same crates and engine settings pays for a call from one component to another: the peer of
//! call_bench.cc. The types are what `bindgen!` makes of guests/calls.wit. `arcella-bench-calls ASKER ECHO MODE`; MODE is
//! how the provider is called: `async`, or `sync` on the caller's fiber, which a provider that has to wait cannot be.
//! `arcella-bench-calls FUSED`: of both composed into one.

mod peer;

use std::sync::{Arc, Mutex};
use std::time::Instant;

use peer::{State, exported, new_engine, new_store};
use wasmtime::component::{
    Component, ComponentNamedList, ComponentType, InstancePre, Lift, Linker, LinkerInstance, Lower,
    TypedFunc,
};
use wasmtime::{Engine, Result, Store, bail, ensure};

const OPS: &str = "bench:calls/ops@1.0.0";
const ROUNDS: &str = "bench:calls/rounds@1.0.0";

#[derive(ComponentType, Lift, Lower, Clone, Debug)]
#[component(variant)]
enum Kind {
    #[component(name = "plain")]
    Plain,
    #[component(name = "code")]
    Code(u8),
    #[component(name = "text")]
    Text(String),
    #[component(name = "pair")]
    Pair((f64, i64)),
}

#[derive(ComponentType, Lift, Lower, Clone, Debug)]
#[component(record)]
struct Item {
    id: u32,
    name: String,
    tags: Vec<String>,
    score: Option<f64>,
    kind: Kind,
    flag: bool,
    letter: char,
}

struct Provider {
    store: Store<State>,
    add: TypedFunc<(u32, u32), (u32,)>,
    bytes: TypedFunc<(Vec<u8>,), (Vec<u8>,)>,
    items: TypedFunc<(Vec<Item>,), (Vec<Item>,)>,
}

impl Provider {
    async fn new(pre: &InstancePre<State>, yields: bool) -> Result<Self> {
        let mut store = new_store(pre.engine(), yields);
        let instance = if yields {
            pre.instantiate_async(&mut store).await?
        } else {
            pre.instantiate(&mut store)?
        };
        Ok(Self {
            add: exported(&instance, &mut store, OPS, "add")?,
            bytes: exported(&instance, &mut store, OPS, "echo-bytes")?,
            items: exported(&instance, &mut store, OPS, "echo-items")?,
            store,
        })
    }
}

/// The import `name` leads to the provider's function that `function` picks.
fn lead_async<P, R>(
    ops: &mut LinkerInstance<'_, State>,
    name: &str,
    provider: &Arc<tokio::sync::Mutex<Provider>>,
    function: fn(&Provider) -> TypedFunc<P, R>,
) -> Result<()>
where
    P: ComponentNamedList + Lift + Lower + 'static,
    R: ComponentNamedList + Lift + Lower + 'static,
{
    let provider = provider.clone();
    ops.func_wrap_async(name, move |_, params: P| {
        let provider = provider.clone();
        Box::new(async move {
            let mut provider = provider.lock().await;
            let function = function(&provider);
            function.call_async(&mut provider.store, params).await
        })
    })
}

fn lead_sync<P, R>(
    ops: &mut LinkerInstance<'_, State>,
    name: &str,
    provider: &Arc<Mutex<Provider>>,
    function: fn(&Provider) -> TypedFunc<P, R>,
) -> Result<()>
where
    P: ComponentNamedList + Lift + Lower + 'static,
    R: ComponentNamedList + Lift + Lower + 'static,
{
    let provider = provider.clone();
    ops.func_wrap(name, move |_, params: P| {
        let mut provider = provider.lock().unwrap_or_else(|e| e.into_inner());
        let function = function(&provider);
        function.call(&mut provider.store, params)
    })
}

struct Asker {
    store: Store<State>,
    add: TypedFunc<(u32,), (u32,)>,
    bytes: TypedFunc<(u32, u32), (u32,)>,
    items: TypedFunc<(u32, u32), (u32,)>,
}

impl Asker {
    async fn new(pre: &InstancePre<State>) -> Result<Self> {
        let mut store = new_store(pre.engine(), true);
        let instance = pre.instantiate_async(&mut store).await?;
        Ok(Self {
            add: exported(&instance, &mut store, ROUNDS, "add")?,
            bytes: exported(&instance, &mut store, ROUNDS, "bytes")?,
            items: exported(&instance, &mut store, ROUNDS, "items")?,
            store,
        })
    }

    /// How many calls were right.
    async fn round(&mut self, name: &str, count: u32) -> Result<u32> {
        let (right,) = match name.split_once('-') {
            None if name == "u32" => self.add.call_async(&mut self.store, (count,)).await?,
            Some(("bytes", length)) => {
                let params = (count, length.parse()?);
                self.bytes.call_async(&mut self.store, params).await?
            }
            Some(("items", length)) => {
                let params = (count, length.parse()?);
                self.items.call_async(&mut self.store, params).await?
            }
            _ => bail!("no bench named {name}"),
        };
        Ok(right)
    }
}

async fn prepare(engine: &Engine, asker: &str, echo: &str, mode: &str) -> Result<Asker> {
    // SAFETY: the script has just let the platform's own engine write these files.
    let (asker, echo) = unsafe {
        (
            Component::deserialize_file(engine, asker)?,
            Component::deserialize_file(engine, echo)?,
        )
    };
    let mut linker = Linker::new(engine);
    let mut imports = Linker::new(engine);
    let mut ops = imports.instance(OPS)?;
    if mode == "sync" {
        let pre = linker.instantiate_pre(&echo)?;
        let provider = Arc::new(Mutex::new(Provider::new(&pre, false).await?));
        lead_sync(&mut ops, "add", &provider, |provider| provider.add)?;
        lead_sync(&mut ops, "echo-bytes", &provider, |provider| provider.bytes)?;
        lead_sync(&mut ops, "echo-items", &provider, |provider| provider.items)?;
    } else {
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        let pre = linker.instantiate_pre(&echo)?;
        let provider = Arc::new(tokio::sync::Mutex::new(Provider::new(&pre, true).await?));
        lead_async(&mut ops, "add", &provider, |provider| provider.add)?;
        lead_async(&mut ops, "echo-bytes", &provider, |provider| provider.bytes)?;
        lead_async(&mut ops, "echo-items", &provider, |provider| provider.items)?;
    }
    Asker::new(&imports.instantiate_pre(&asker)?).await
}

async fn prepare_fused(engine: &Engine, fused: &str) -> Result<Asker> {
    // SAFETY: as in `prepare`.
    let fused = unsafe { Component::deserialize_file(engine, fused) }?;
    Asker::new(&Linker::new(engine).instantiate_pre(&fused)?).await
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let engine = new_engine()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut asker = match &arguments[..] {
            [fused] => prepare_fused(&engine, fused).await?,
            [asker, echo, mode] => prepare(&engine, asker, echo, mode).await?,
            _ => bail!("usage: arcella-bench-calls ASKER ECHO async|sync, or FUSED"),
        };
        peer::serve(async |name, count| {
            let start = Instant::now();
            let right = asker.round(name, count).await?;
            let elapsed = start.elapsed();
            ensure!(right == count, "{right} calls of {count} were right");
            Ok(elapsed)
        })
        .await
    })
}
