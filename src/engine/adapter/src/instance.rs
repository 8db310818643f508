// SPDX-License-Identifier: Apache-2.0 OR MIT

//! A live store with its instance: the replica of a service. One call runs at a time, further ones wait in the order they
//! came. What leaves the guest in the middle (a trap, a deadline, a cancelled future) kills the store; its memory is
//! given back at once.

use crate::call::{CallFrame, Deadline, Finished, FrameRef};
use crate::error::{CallOutcome, Code, DoorError, Outcome, Result, is_pool_exhausted};
use crate::flat::{FlatFunc, FlatParams};
use crate::function::{Export, Function};
use crate::link::{Linked, LinkedKind};
use crate::store::{Stdio, StoreData, arm};
use crate::{values, wave};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use tokio::sync::{Mutex, MutexGuard};
use wasmtime::component::{self, Val};
use wasmtime::{Func, Store};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Wave,
    Values,
}

pub struct Instance {
    pub(crate) linked: Arc<Linked>,
    /// None once it is dead.
    live: Mutex<Option<Live>>,
    alive: AtomicBool,
    memory: AtomicU64,
    death: OnceLock<String>,
}

struct Live {
    store: Store<StoreData>,
    kind: LiveKind,
    /// By the function's index, filled at its first call.
    callables: Vec<Option<Callable>>,
}

enum LiveKind {
    Component(component::Instance),
    Module(wasmtime::Instance),
}

#[derive(Clone, Copy)]
enum Callable {
    Flat(FlatFunc),
    Dynamic(component::Func),
    Core(Func),
}

/// Turns what instantiation gave back into an error.
pub(crate) fn not_instantiated(error: &wasmtime::Error, store: &Store<StoreData>) -> DoorError {
    if is_pool_exhausted(error) {
        return DoorError::new(Code::LimitExceeded, format!("no room for an instance: {error}"));
    }
    if store.data().memory.denied {
        let text = "the memory limit is below what the component starts with";
        return DoorError::new(Code::LimitExceeded, text);
    }
    CallOutcome::from_error(error, false).into_error("instantiating")
}

impl Instance {
    pub async fn start(linked: Arc<Linked>, stdio: Stdio, deadline: Deadline) -> Result<Arc<Self>> {
        let mut store = linked.stores.make(&stdio, false)?;
        let limits = &linked.stores.limits;
        arm(&mut store, deadline, limits)
            .map_err(|error| DoorError::engine("starting an instance", &error))?;
        let kind = match &linked.kind {
            LinkedKind::Component(pre) => {
                let made = pre.instantiate_async(&mut store).await;
                LiveKind::Component(made.map_err(|error| not_instantiated(&error, &store))?)
            }
            LinkedKind::Module(pre) => {
                let made = pre.instantiate_async(&mut store).await;
                let instance = made.map_err(|error| not_instantiated(&error, &store))?;
                initialize_reactor(&mut store, &instance).await?;
                LiveKind::Module(instance)
            }
        };
        let memory = store.data().memory.used();
        Ok(Arc::new(Self {
            live: Mutex::new(Some(Live {
                store,
                kind,
                callables: vec![None; linked.functions.len()],
            })),
            linked,
            alive: AtomicBool::new(true),
            memory: AtomicU64::new(memory),
            death: OnceLock::new(),
        }))
    }

    pub fn alive(&self) -> bool {
        self.alive.load(Ordering::Acquire)
    }

    /// As of the last call's end.
    pub fn memory_bytes(&self) -> u64 {
        self.memory.load(Ordering::Relaxed)
    }

    /// Calls made from now on, and those that wait, end at once.
    pub fn close(&self) {
        self.alive.store(false, Ordering::Release);
    }

    fn dead(&self) -> CallOutcome {
        let why = self.death.get().map_or("it was stopped", String::as_str);
        CallOutcome::failed(Outcome::Trapped, format!("the instance is dead: {why}"))
    }

    fn die(&self, why: &str) {
        let _ = self.death.set(why.to_owned());
        self.alive.store(false, Ordering::Release);
        self.memory.store(0, Ordering::Relaxed);
    }
}

/// A preview 1 reactor sets itself up in `_initialize`, which has to run before anything else.
async fn initialize_reactor(store: &mut Store<StoreData>, instance: &wasmtime::Instance) -> Result<()> {
    let Ok(initialize) = instance.get_typed_func::<(), ()>(&mut *store, "_initialize") else {
        return Ok(());
    };
    initialize.call_async(&mut *store, ()).await.map_err(|error| {
        CallOutcome::from_error(&error, store.data().memory.denied).into_error("initializing")
    })
}

/// Takes the arguments apart if the fast path will want them.
pub(crate) fn decode_flat(frame: &mut CallFrame) -> Result<(), String> {
    let function = &frame.function;
    let ours = frame.instance.linked.functions.get(function.index);
    if !ours.is_some_and(|ours| Arc::ptr_eq(ours, function)) {
        return Err(format!("{} is another deployment's function", function.name));
    }
    if let Some(why) = &function.not_carried {
        let name = &function.name;
        return Err(format!("{name} {why}, which cannot be passed from outside its store"));
    }
    match (frame.encoding, &function.flat) {
        (Encoding::Values, Some(shape)) => shape
            .decode(&frame.request, &mut frame.args)
            .map_err(|error| explain(error, function)),
        _ => Ok(()),
    }
}

fn decode_dynamic(frame: &CallFrame) -> Result<Vec<Val>, String> {
    let params = &frame.function.params;
    match frame.encoding {
        Encoding::Values => values::decode_params(&frame.request, params),
        Encoding::Wave => match std::str::from_utf8(&frame.request) {
            Ok(text) => wave::parse_params(text, params),
            Err(_) => Err("not UTF-8".to_owned()),
        },
    }
    .map_err(|error| explain(error, &frame.function))
}

fn explain(error: String, function: &Function) -> String {
    format!("{error}; expected {}", function.signature)
}

/// One call as a future. `reply`: an empty buffer for the results. The fast path is written out in this one function, and
/// the other one is boxed, to keep the future small: it is copied on its way into its box.
pub(crate) async fn call(frame: FrameRef, mut reply: Vec<u8>) -> Finished {
    let frame = frame.frame();
    let instance: &Instance = &frame.instance;
    let mut deadline = frame.deadline;
    let live = match instance.live.try_lock() {
        Ok(live) => live,
        Err(_) => {
            // The time in the queue counts.
            deadline.at();
            instance.live.lock().await
        }
    };
    if live.is_none() || !instance.alive() {
        return Finished::Call(instance.dead());
    }
    let mut inside = Inside {
        instance,
        live,
        done: false,
    };
    let called = match inside.flat(frame, deadline) {
        Err(error) => Err(error),
        Ok(Some(flat)) => {
            let store = &mut inside.live.as_mut().expect("checked above").store;
            // SAFETY: `decode_flat` took this request apart for this function; the frame outlives this future.
            let params = unsafe { FlatParams::new(&frame.args, &frame.request) };
            flat.call(store, params, &mut reply).await
        }
        Ok(None) => match Box::pin(inside.dynamic(frame, &mut reply)).await {
            Ok(called) => called,
            Err(message) => {
                inside.done = true;
                return Finished::Call(CallOutcome::failed(Outcome::BadArguments, message));
            }
        },
    };
    Finished::Call(inside.leave(called.map(|()| reply)))
}

/// The guest is being run. Dropped without `leave` (the future was dropped, or a panic), it kills the store.
struct Inside<'a> {
    instance: &'a Instance,
    live: MutexGuard<'a, Option<Live>>,
    done: bool,
}

impl Inside<'_> {
    /// Readies the store, and finds the function if the fast path takes the call.
    fn flat(&mut self, frame: &CallFrame, deadline: Deadline) -> wasmtime::Result<Option<FlatFunc>> {
        let live = self.live.as_mut().expect("checked before entering");
        arm(&mut live.store, deadline, &self.instance.linked.stores.limits)?;
        if frame.encoding != Encoding::Values {
            return Ok(None);
        }
        match live.callable(&frame.function)? {
            Callable::Flat(flat) => Ok(Some(flat)),
            _ => Ok(None),
        }
    }

    /// The outer error: the arguments do not fit, and the guest did not run.
    async fn dynamic(
        &mut self,
        frame: &CallFrame,
        reply: &mut Vec<u8>,
    ) -> Result<wasmtime::Result<()>, String> {
        let params = decode_dynamic(frame)?;
        let live = self.live.as_mut().expect("checked before entering");
        let function: &Function = &frame.function;
        let result = match live.callable(function) {
            Ok(Callable::Core(func)) => live.call_core(func, function, &params).await,
            Ok(_) => live.call_dynamic(function, &params).await,
            Err(error) => Err(error),
        };
        Ok(result.and_then(|result| encode_result(function, frame.encoding, &result, reply)))
    }

    fn leave(mut self, called: wasmtime::Result<Vec<u8>>) -> CallOutcome {
        let live = self.live.as_mut().expect("only taken on drop");
        match called {
            Ok(payload) => {
                self.done = true;
                let used = live.store.data().memory.used();
                self.instance.memory.store(used, Ordering::Relaxed);
                CallOutcome::returned(payload)
            }
            Err(error) => {
                let outcome = CallOutcome::from_error(&error, live.store.data().memory.denied);
                self.instance.die(&outcome.message);
                outcome
            }
        }
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.instance.die("a call was cut off inside the guest");
            *self.live = None;
        }
    }
}

impl Live {
    fn callable(&mut self, function: &Function) -> wasmtime::Result<Callable> {
        if let Some(Some(callable)) = self.callables.get(function.index) {
            return Ok(*callable);
        }
        let missing = || wasmtime::format_err!("the instance lacks its export {}", function.name);
        let callable = match (&self.kind, &function.export) {
            (LiveKind::Component(_), Export::Component(_)) => {
                let func = self.dynamic(function)?;
                match &function.flat {
                    Some(shape) => Callable::Flat(FlatFunc::new(&func, shape, &self.store)?),
                    None => Callable::Dynamic(func),
                }
            }
            (LiveKind::Module(instance), Export::Module(name)) => {
                Callable::Core(instance.get_func(&mut self.store, name).ok_or_else(missing)?)
            }
            _ => return Err(missing()),
        };
        if let Some(slot) = self.callables.get_mut(function.index) {
            *slot = Some(callable);
        }
        Ok(callable)
    }

    fn dynamic(&mut self, function: &Function) -> wasmtime::Result<component::Func> {
        match (&self.kind, &function.export) {
            (LiveKind::Component(instance), Export::Component(export)) => instance
                .get_func(&mut self.store, export)
                .ok_or_else(|| wasmtime::format_err!("the instance lacks its export {}", function.name)),
            _ => wasmtime::bail!("not a component's function"),
        }
    }

    async fn call_dynamic(&mut self, function: &Function, params: &[Val]) -> wasmtime::Result<Val> {
        let func = match self.callable(function)? {
            Callable::Dynamic(func) => func,
            _ => self.dynamic(function)?,
        };
        let mut results = [Val::Bool(false)];
        let count = usize::from(function.result.is_some());
        func.call_async(&mut self.store, params, &mut results[..count])
            .await?;
        let [result] = results;
        Ok(result)
    }

    async fn call_core(
        &mut self,
        func: Func,
        function: &Function,
        params: &[Val],
    ) -> wasmtime::Result<Val> {
        let core = |value: &Val| match *value {
            Val::S32(v) => wasmtime::Val::I32(v),
            Val::S64(v) => wasmtime::Val::I64(v),
            Val::Float32(v) => wasmtime::Val::F32(v.to_bits()),
            Val::Float64(v) => wasmtime::Val::F64(v.to_bits()),
            _ => wasmtime::Val::I32(0),
        };
        let params: Vec<wasmtime::Val> = params.iter().map(core).collect();
        let mut results = [wasmtime::Val::I32(0)];
        let count = usize::from(function.result.is_some());
        func.call_async(&mut self.store, &params, &mut results[..count])
            .await?;
        Ok(match results[0] {
            wasmtime::Val::I64(v) => Val::S64(v),
            wasmtime::Val::F32(bits) => Val::Float32(f32::from_bits(bits)),
            wasmtime::Val::F64(bits) => Val::Float64(f64::from_bits(bits)),
            ref other => Val::S32(other.i32().unwrap_or(0)),
        })
    }
}

fn encode_result(
    function: &Function,
    encoding: Encoding,
    result: &Val,
    reply: &mut Vec<u8>,
) -> wasmtime::Result<()> {
    let Some(ty) = &function.result else {
        return Ok(());
    };
    match encoding {
        Encoding::Wave => wave::format_value(result).map(|text| *reply = text.into_bytes()),
        Encoding::Values => values::encode(reply, result, ty),
    }
    .map_err(|text| wasmtime::format_err!("{}'s result: {text}", function.name))
}
