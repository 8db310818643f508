// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What idle instances take in plain Rust: the peer of 1000 replicas in a worker. `arcella-bench-idle ARTIFACT COUNT`
//! makes one, then COUNT more, and prints by how many bytes the process grew for each of these. Nothing serves their
//! imports.

// It serves no rounds.
#[allow(dead_code)]
mod peer;

use peer::{State, new_engine, new_store};
use wasmtime::component::{Component, Linker};
use wasmtime::error::Context as _;
use wasmtime::{Result, Store};

fn resident() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.context("a resident set")?.parse::<u64>()? * 1024)
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: arcella-bench-idle ARTIFACT COUNT";
    let artifact = arguments.next().context(usage)?;
    let count: u64 = arguments.next().context(usage)?.parse()?;
    let engine = new_engine()?;
    // SAFETY: the script has just let the platform's own engine write this file.
    let component = unsafe { Component::deserialize_file(&engine, &artifact) }?;
    let mut linker: Linker<State> = Linker::new(&engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    linker.define_unknown_imports_as_traps(&component)?;
    let pre = linker.instantiate_pre(&component)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut kept: Vec<(Store<State>, _)> = Vec::with_capacity(count as usize + 1);
        let mut before = 0;
        for number in 0..=count {
            let mut store = new_store(&engine, true);
            let instance = pre.instantiate_async(&mut store).await?;
            kept.push((store, instance));
            if number == 0 {
                before = resident()?;
            }
        }
        println!("{}", (resident()? - before) / count);
        Ok(())
    })
}
