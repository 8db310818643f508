// SPDX-License-Identifier: Apache-2.0 OR MIT

//! One guest's store: what WASI shows it, what it may use, and when it is stopped.

use crate::call::Deadline;
use crate::direct::{Inline, Known};
use crate::engine::EngineShared;
use crate::error::{Code, DeadlinePassed, DoorError, Result};
use crate::import::Exchange;
use crate::key_value::{self, KeyValue};
use crate::outbound::OutboundHooks;
use crate::output::{Sink, SinkStream, Stream};
use crate::proxies::Proxies;
use crate::settings::{EngineUse, TABLE_ELEMENTS_MAX};
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmtime::{ResourceLimiter, Store, UpdateDeadline};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::{FsPerms, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_config::{WasiConfig, WasiConfigVariables};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

/// Tables of an on-demand store (commands) may be larger than a pool's slot, but not without bound.
const ON_DEMAND_TABLE_ELEMENTS_MAX: usize = 1_000_000;

#[derive(Clone, Debug)]
pub struct Mount {
    pub host: String,
    pub guest: String,
    pub writable: bool,
}

/// What the guests of one deployment see; nothing else of the host is there.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    pub program: String,
    pub args: Vec<String>,
    pub env: Vec<(String, String)>,
    pub mounts: Vec<Mount>,
    pub allowed_hosts: Vec<String>,
    /// What `wasi:config` tells.
    pub config: Vec<(String, String)>,
    /// Whom `wasi:keyvalue` asks; without one there is no bucket.
    pub key_value: Option<Arc<dyn KeyValue>>,
}

#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// All linear memories of a store together.
    pub memory_bytes: u64,
    /// Per call; needs an engine that counts fuel.
    pub fuel: Option<u64>,
    /// Per call, wall clock; zero: none.
    pub call_timeout: Duration,
}

/// Where stdout and stderr go, and what stdin is.
#[derive(Clone)]
pub enum Stdio {
    Sink(Arc<dyn Sink>),
    Inherit,
}

pub struct StoreData {
    // The preview 1 context contains a preview 2 context and its table, so one type serves components and modules.
    wasi: WasiP1Ctx,
    http: WasiHttpCtx,
    hooks: OutboundHooks,
    stdio: Stdio,
    config: Arc<WasiConfigVariables>,
    key_value: Option<Arc<dyn KeyValue>>,
    pub(crate) memory: MemoryLimiter,
    pub(crate) exchange: Exchange,
    /// Of its imports, by their numbers.
    pub(crate) known: Known,
    pub(crate) proxies: Proxies,
    deadline: Deadline,
    /// Such a call cannot yield.
    inline: Inline,
    /// What `time_left` said, until the clock is read again.
    left: Option<Duration>,
    counts_fuel: bool,
}

impl WasiView for StoreData {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.wasi.ctx()
    }
}

impl WasiHttpView for StoreData {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: &mut self.hooks,
            table: self.wasi.ctx().table,
            ctx: &mut self.http,
        }
    }
}

impl StoreData {
    pub(crate) fn preview1(&mut self) -> &mut WasiP1Ctx {
        &mut self.wasi
    }

    pub(crate) fn stdio(&self) -> &Stdio {
        &self.stdio
    }

    pub(crate) fn config(&mut self) -> WasiConfig<'_> {
        WasiConfig::new(&self.config)
    }

    pub(crate) fn key_value(&mut self) -> key_value::View<'_> {
        key_value::View {
            keys: &self.key_value,
            table: self.wasi.ctx().table,
        }
    }

    /// Of the call that the guest is in; zero: it has no deadline. As of the last tick: it bounds what others do for this
    /// guest, whose own deadline ends that too.
    pub(crate) fn time_left(&mut self) -> Result<Duration, DeadlinePassed> {
        if let Some(left) = self.left {
            return Ok(left);
        }
        let left = match self.deadline.at() {
            None => Duration::ZERO,
            Some(at) => match at.saturating_duration_since(Instant::now()) {
                Duration::ZERO => return Err(DeadlinePassed),
                left => left,
            },
        };
        self.left = Some(left);
        Ok(left)
    }

    /// How a call that this guest has made ended: what fails at the guest's own deadline is its own failure.
    pub(crate) fn judge<T>(&mut self, ended: wasmtime::Result<T>) -> wasmtime::Result<T> {
        match ended {
            Err(_) if self.deadline.passed() => Err(DeadlinePassed.into()),
            ended => ended,
        }
    }

    fn ticked(&mut self) -> wasmtime::Result<UpdateDeadline> {
        self.left = None;
        if self.deadline.passed() {
            return Err(DeadlinePassed.into());
        }
        // SAFETY: who calls inline keeps the callee until the call has ended.
        match unsafe { self.inline.callee() } {
            None => Ok(UpdateDeadline::Yield(1)),
            Some(callee) => {
                callee.ticked()?;
                Ok(UpdateDeadline::Continue(1))
            }
        }
    }
}

/// Counts the memories of a store together and remembers a refusal, so that a trap after it can be told from others.
pub struct MemoryLimiter {
    used: usize,
    bytes_max: usize,
    table_elements_max: usize,
    last_growth: usize,
    pub(crate) denied: bool,
}

impl MemoryLimiter {
    pub(crate) fn used(&self) -> u64 {
        self.used as u64
    }
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let growth = desired.saturating_sub(current);
        if maximum.is_some_and(|maximum| desired > maximum) {
            // The module's own bound, not ours.
            self.last_growth = 0;
            return Ok(false);
        }
        if growth > self.bytes_max.saturating_sub(self.used) {
            self.denied = true;
            self.last_growth = 0;
            return Ok(false);
        }
        self.used += growth;
        self.last_growth = growth;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.used -= std::mem::take(&mut self.last_growth);
        Ok(())
    }

    fn table_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= self.table_elements_max)
    }
}

/// Makes the stores of one deployment.
pub(crate) struct StoreMaker {
    pub(crate) engine: Arc<EngineShared>,
    pub(crate) policy: Policy,
    pub(crate) limits: Limits,
    hooks: OutboundHooks,
    config: Arc<WasiConfigVariables>,
}

impl StoreMaker {
    pub(crate) fn new(engine: Arc<EngineShared>, policy: Policy, limits: Limits) -> Result<Self> {
        let hooks = OutboundHooks::new(&policy.allowed_hosts)?;
        let config = policy.config.iter().cloned().collect();
        let maker = Self {
            engine,
            policy,
            limits,
            hooks,
            config: Arc::new(config),
        };
        if limits.fuel.is_some() && !maker.engine.settings.fuel {
            return Err(DoorError::new(
                Code::Conflict,
                "a fuel limit needs an engine that counts fuel",
            ));
        }
        Ok(maker)
    }

    /// `blocking`: file operations run on the calling thread, which is then the guest's own (commands).
    pub(crate) fn make(&self, stdio: &Stdio, blocking: bool) -> Result<Store<StoreData>> {
        let bounds = &self.engine.settings.guest;
        let mut wasi = self.wasi(stdio, blocking)?.build_p1();
        wasi.ctx().table.set_max_capacity(bounds.resource_table_max);
        let data = StoreData {
            wasi,
            http: WasiHttpCtx::new(),
            hooks: self.hooks.clone(),
            stdio: stdio.clone(),
            config: self.config.clone(),
            key_value: self.policy.key_value.clone(),
            memory: MemoryLimiter {
                used: 0,
                bytes_max: usize::try_from(self.limits.memory_bytes).unwrap_or(usize::MAX),
                table_elements_max: match self.engine.settings.engine_use {
                    EngineUse::Serve => TABLE_ELEMENTS_MAX,
                    _ => ON_DEMAND_TABLE_ELEMENTS_MAX,
                },
                last_growth: 0,
                denied: false,
            },
            exchange: Exchange::default(),
            known: Known::default(),
            proxies: Proxies::default(),
            deadline: Deadline::after(Duration::ZERO),
            inline: Inline::NO,
            left: None,
            counts_fuel: self.engine.settings.fuel,
        };
        let mut store = Store::try_new(&self.engine.wasmtime, data)
            .map_err(|error| DoorError::engine("making a store", &error))?;
        store.limiter(|data| &mut data.memory);
        store.set_hostcall_fuel(bounds.hostcall_fuel);
        store.set_max_component_handles(bounds.resource_table_max);
        store.epoch_deadline_callback(|mut store| store.data_mut().ticked());
        Ok(store)
    }

    fn wasi(&self, stdio: &Stdio, blocking: bool) -> Result<WasiCtxBuilder> {
        let mut wasi = WasiCtxBuilder::new();
        wasi.allow_tcp(false)
            .allow_udp(false)
            .max_random_size(self.engine.settings.guest.random_bytes_max)
            .allow_blocking_current_thread(blocking);
        match stdio {
            Stdio::Inherit => {
                wasi.inherit_stdio();
            }
            Stdio::Sink(sink) => {
                let stream = |stream| SinkStream {
                    sink: sink.clone(),
                    stream,
                };
                wasi.stdout(stream(Stream::Stdout))
                    .stderr(stream(Stream::Stderr));
            }
        }
        if !self.policy.program.is_empty() || !self.policy.args.is_empty() {
            wasi.arg(&self.policy.program).args(&self.policy.args);
        }
        for (name, value) in &self.policy.env {
            wasi.env(name, value);
        }
        for mount in &self.policy.mounts {
            let permissions = if mount.writable {
                FsPerms::ReadWrite
            } else {
                FsPerms::ReadOnly
            };
            wasi.preopened_dir(&mount.host, &mount.guest, permissions)
                .map_err(|error| {
                    let text = format!("mounting {} at {}: {error}", mount.host, mount.guest);
                    DoorError::new(Code::Io, text)
                })?;
        }
        Ok(wasi)
    }
}

/// Gives a store the time and fuel of one call. `inline`: see `StoreData`.
pub(crate) fn arm(
    store: &mut Store<StoreData>,
    deadline: Deadline,
    inline: Inline,
    limits: &Limits,
) -> wasmtime::Result<()> {
    let data = store.data_mut();
    data.deadline = deadline;
    data.inline = inline;
    data.left = None;
    store.set_epoch_deadline(1);
    if store.data().counts_fuel {
        store.set_fuel(limits.fuel.unwrap_or(u64::MAX))?;
    }
    Ok(())
}
