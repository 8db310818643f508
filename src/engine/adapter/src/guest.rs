// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Calling a function of a live instance: by the fast path, by dynamic values, or a core module's.

use crate::arena;
use crate::flat::FlatFunc;
use crate::function::{Export, Function};
use crate::instance::{Encoding, Frame, FrameRef, explain};
use crate::layout::Layout;
use crate::passage::ArenaFunc;
use crate::store::{Limits, StoreData, arm};
use crate::{values, wave};
use wasmtime::component::{self, Val};
use wasmtime::{Func, Store};

pub(crate) struct Live {
    pub(crate) store: Store<StoreData>,
    kind: LiveKind,
    /// By the function's index, filled at its first call.
    callables: Vec<Option<Callable>>,
}

pub(crate) enum LiveKind {
    Component(component::Instance),
    Module(wasmtime::Instance),
}

#[derive(Clone, Copy)]
enum Callable {
    /// The fast paths of encoded values, if it has one, and of arenas.
    Fast(Option<FlatFunc>, ArenaFunc),
    Dynamic(component::Func),
    Core(Func),
}

impl Live {
    pub(crate) fn new(store: Store<StoreData>, kind: LiveKind, functions: usize) -> Self {
        Self {
            store,
            kind,
            callables: vec![None; functions],
        }
    }

    /// Readies the store for a call, and finds the function if it was not called before.
    pub(crate) fn prepare(&mut self, frame: &Frame, limits: &Limits) -> wasmtime::Result<()> {
        arm(&mut self.store, frame.deadline, frame.inline, limits)?;
        match &frame.function {
            Some(function) if self.callables[function.index].is_none() => {
                self.callable(function).map(|_| ())
            }
            _ => Ok(()),
        }
    }

    /// The function of the frame and the store to call it in, if the fast path takes it.
    pub(crate) fn fast(&mut self, frame: &Frame) -> Option<(&FlatFunc, &mut Store<StoreData>)> {
        match (frame.encoding, &frame.function) {
            (Encoding::Values, Some(function)) => match &self.callables[function.index] {
                Some(Callable::Fast(Some(flat), _)) => Some((flat, &mut self.store)),
                _ => None,
            },
            _ => None,
        }
    }

    /// The same for arenas, with the result's layout, null without one.
    pub(crate) fn passage(
        &mut self,
        frame: &Frame,
    ) -> Option<(&ArenaFunc, *const Layout, &mut Store<StoreData>)> {
        let function = frame.function.as_ref()?;
        match (frame.encoding, &self.callables[function.index]) {
            (
                Encoding::Arena | Encoding::Handles | Encoding::Checked | Encoding::Scalars,
                Some(Callable::Fast(_, passage)),
            ) => {
                let result = function.layout.as_ref()?.result.as_ref();
                let result = result.map_or(std::ptr::null(), std::ptr::from_ref);
                Some((passage, result, &mut self.store))
            }
            _ => None,
        }
    }

    /// Ends the resources whose handles others have dropped. Their destructors are the guest's.
    pub(crate) async fn settle(&mut self, frame: FrameRef) -> wasmtime::Result<()> {
        // SAFETY: runs only while the driver is polled, and nothing else uses the frame then.
        let ending = std::mem::take(unsafe { &mut frame.get().ending });
        for resource in ending {
            resource.resource_drop_async(&mut self.store).await?;
        }
        Ok(())
    }

    /// By dynamic values. The inner error: the arguments do not fit, and the guest did not run.
    pub(crate) async fn call_dynamic(
        &mut self,
        frame: FrameRef,
    ) -> wasmtime::Result<Result<(), String>> {
        // SAFETY: runs only while the driver is polled, and nothing else uses the frame then.
        let job = unsafe { frame.get() };
        let Some(function) = job.function.clone() else {
            wasmtime::bail!("a call without a function");
        };
        let encoding = job.encoding;
        let params = match decode_params(job, &function) {
            Ok(params) => params,
            Err(message) => return Ok(Err(message)),
        };
        let result = match self.callable(&function)? {
            Callable::Core(func) => self.call_core(func, &function, &params).await?,
            _ => self.call_component(&function, &params).await?,
        };
        // SAFETY: as above; not held while the guest waits.
        let reply = unsafe { &mut frame.get().reply };
        encode_result(&function, encoding, &result, reply)?;
        Ok(Ok(()))
    }

    fn callable(&mut self, function: &Function) -> wasmtime::Result<Callable> {
        if let Some(callable) = self.callables[function.index] {
            return Ok(callable);
        }
        let missing = || wasmtime::format_err!("the instance lacks its export {}", function.name);
        let callable = match (&self.kind, &function.export) {
            (LiveKind::Component(_), Export::Component(_)) => {
                let func = self.dynamic(function)?;
                let flat = match &function.flat {
                    Some(shape) => Some(FlatFunc::new(&func, shape, &self.store)?),
                    None => None,
                };
                match function.passes_arenas {
                    true => Callable::Fast(flat, ArenaFunc::new(&func, &self.store)?),
                    false => Callable::Dynamic(func),
                }
            }
            (LiveKind::Module(instance), Export::Module(name)) => Callable::Core(
                instance
                    .get_func(&mut self.store, name)
                    .ok_or_else(missing)?,
            ),
            _ => return Err(missing()),
        };
        self.callables[function.index] = Some(callable);
        Ok(callable)
    }

    fn dynamic(&mut self, function: &Function) -> wasmtime::Result<component::Func> {
        match (&self.kind, &function.export) {
            (LiveKind::Component(instance), Export::Component(export)) => {
                instance.get_func(&mut self.store, export).ok_or_else(|| {
                    wasmtime::format_err!("the instance lacks its export {}", function.name)
                })
            }
            _ => wasmtime::bail!("not a component's function"),
        }
    }

    async fn call_component(
        &mut self,
        function: &Function,
        params: &[Val],
    ) -> wasmtime::Result<Val> {
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

fn decode_params(frame: &Frame, function: &Function) -> Result<Vec<Val>, String> {
    let params = &function.params;
    // SAFETY: what `submit` was promised.
    let request = unsafe { &*frame.args.request() };
    match frame.encoding {
        Encoding::Values => values::decode_params(request, params),
        Encoding::Arena | Encoding::Checked => match &function.layout {
            Some(layout) => arena::decode_params(request, params, &layout.params),
            None => Err("its values cannot leave their store".to_owned()),
        },
        Encoding::Handles | Encoding::Scalars => Err("they go by the fast path".to_owned()),
        Encoding::Wave => match values::text(request) {
            Ok(text) => wave::parse_params(text, params),
            Err(_) => Err("not UTF-8".to_owned()),
        },
    }
    .map_err(|error| explain(&error, function))
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
        Encoding::Handles | Encoding::Scalars => Err("they go by the fast path".to_owned()),
        Encoding::Arena | Encoding::Checked => {
            match function.layout.as_ref().and_then(|f| f.result.as_ref()) {
                Some(layout) => arena::encode_result(reply, result, ty, layout),
                None => Err("it cannot leave its store".to_owned()),
            }
        }
    }
    .map_err(|text| wasmtime::format_err!("{}'s result: {text}", function.name))
}
