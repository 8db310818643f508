// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What an engine is made with. `engine_config` is the one place that configures Wasmtime; the bench harness uses it
//! too, so that the adapter is compared with plain Rust on the same settings.

use std::time::Duration;
use wasmtime::{Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineUse {
    /// Pooling allocator, no compiler.
    Serve,
    /// On-demand allocator, no compiler.
    RunOnce,
    /// Compiler only.
    Compile,
}

/// The numbers come from `src/base/limits.h` through the door; the defaults here are the same ones, for Rust callers.
#[derive(Clone, Debug)]
pub struct EngineSettings {
    pub concurrency: bool,
    pub fuel: bool,
    pub engine_use: EngineUse,
    pub instances_max: u32,
    pub http_threads: usize,
    pub epoch_tick: Duration,
    pub guest: GuestBounds,
    pub http_header_timeout: Duration,
}

/// What every store is held to, whatever its deployment says.
#[derive(Clone, Copy, Debug)]
pub struct GuestBounds {
    pub hostcall_fuel: usize,
    pub resource_table_max: usize,
    pub random_bytes_max: u64,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            concurrency: false,
            fuel: false,
            engine_use: EngineUse::Serve,
            instances_max: 2000,
            http_threads: 0,
            epoch_tick: Duration::from_millis(5),
            guest: GuestBounds {
                hostcall_fuel: 8 << 20,
                resource_table_max: 10_000,
                random_bytes_max: 1 << 20,
            },
            http_header_timeout: Duration::from_secs(10),
        }
    }
}

/// Pages that a slot keeps when it is given back: page faults are most of the price of a fresh instance.
const MEMORY_KEEP_RESIDENT: usize = 2 << 20;
const TABLE_KEEP_RESIDENT: usize = 64 << 10;
const STACK_KEEP_RESIDENT: usize = 64 << 10;
/// Stacks are not zeroed (`async_stack_zeroing`): no guest can read them, and zeroing cost a third of the HTTP requests per
/// second when it was measured.
/// A guest gets this much of its stack, host calls on the same stack get the rest.
const WASM_STACK: usize = 512 << 10;
const ASYNC_STACK: usize = 2 << 20;
/// Elements of one table; the largest seen in the wild (interpreters) have some 10,000.
pub(crate) const TABLE_ELEMENTS_MAX: usize = 20_000;
/// Every memory slot takes 4 GiB + 32 MiB of the 128 TiB address space; this many leave half of it free.
const MEMORIES_MAX: u32 = 16_000;

/// The configuration for these settings. What changes compiled code (everything but the allocator and the compiler
/// switch) depends on `concurrency` and `fuel` only, so that what the compile helper makes, a serving engine loads.
pub fn engine_config(settings: &EngineSettings) -> Config {
    let mut config = Config::new();
    config
        .concurrency_support(settings.concurrency)
        .wasm_component_model_async(settings.concurrency)
        .wasm_component_model_more_async_builtins(settings.concurrency)
        .wasm_component_model_async_stackful(settings.concurrency)
        .consume_fuel(settings.fuel)
        .epoch_interruption(true)
        .max_wasm_stack(WASM_STACK)
        .async_stack_size(ASYNC_STACK)
        .wasm_memory64(false)
        .wasm_gc(false)
        .wasm_function_references(false)
        .wasm_exceptions(false)
        .shared_memory(false);
    match settings.engine_use {
        EngineUse::Compile => {}
        EngineUse::RunOnce => {
            config.enable_compiler(false);
        }
        EngineUse::Serve => {
            config.enable_compiler(false);
            let pool = InstanceAllocationStrategy::Pooling(pool(settings));
            config.allocation_strategy(pool);
        }
    }
    config
}

fn pool(settings: &EngineSettings) -> PoolingAllocationConfig {
    let stores = settings.instances_max;
    let mut pool = PoolingAllocationConfig::default();
    // A component is several core modules (its own, the preview 1 adapter, shims for late binding), of which one or two
    // have a memory and most have a table.
    pool.total_component_instances(stores)
        .total_core_instances(stores.saturating_mul(6))
        .total_memories(stores.saturating_mul(2).min(MEMORIES_MAX))
        .total_tables(stores.saturating_mul(4))
        .total_stacks(stores.saturating_mul(if settings.concurrency { 4 } else { 1 }))
        .table_elements(TABLE_ELEMENTS_MAX)
        .linear_memory_keep_resident(MEMORY_KEEP_RESIDENT)
        .table_keep_resident(TABLE_KEEP_RESIDENT)
        .async_stack_keep_resident(STACK_KEEP_RESIDENT)
        .pagemap_scan(Enabled::Auto);
    pool
}
