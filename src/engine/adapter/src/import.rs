// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Imports that the host has no interface of its own for. Each of their functions becomes a host function that encodes the
//! arguments, hands them to whoever the platform bound the import to (`ImportTarget`) and waits for the reply. Who that
//! is, and what happens if there is nobody, is not known here.

use crate::store::StoreData;
use crate::values;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use wasmtime::StoreContextMut;
use wasmtime::component::types::{ComponentFunc, ComponentInstance, ComponentItem};
use wasmtime::component::{LinkerInstance, Type, Val};

/// What a component's imports lead to. Thread: any.
pub trait ImportTarget: Send + Sync {
    /// Begins a call of the function with this number (its place in `Linked::imported`). `request` holds the parameters in
    /// the encoding of `values`. The reply may be given before this returns, or on any thread later. A zero `timeout` is
    /// none. What comes back cancels the call; harmless once there is a reply.
    fn call(
        &self,
        function: u32,
        request: &[u8],
        timeout: Duration,
        reply: Reply,
    ) -> Box<dyn FnOnce() + Send>;
}

/// An imported function, as the component names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedFunction {
    pub interface: String,
    pub name: String,
}

/// Ends one call; without a word if it is dropped, which the caller is told too.
pub struct Reply(Arc<Slot>);

struct Slot(Mutex<State>);

enum State {
    Waiting(Option<Waker>),
    Ended(Result<Vec<u8>, String>),
    /// The caller has the reply, or does not want it any more.
    Taken,
}

impl Slot {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(|e| e.into_inner())
    }
}

impl Reply {
    /// The result in the encoding of `values`, or one line about why there is none. Only the first word counts.
    pub fn end(&self, result: Result<Vec<u8>, String>) {
        let mut state = self.0.state();
        if let State::Waiting(waker) = &mut *state {
            let waker = waker.take();
            *state = State::Ended(result);
            drop(state);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.end(Err("nobody answered".to_owned()));
    }
}

/// The caller's side of a call that has begun.
struct Outgoing {
    slot: Arc<Slot>,
    cancel: Option<Box<dyn FnOnce() + Send>>,
}

impl Outgoing {
    fn begin(target: &dyn ImportTarget, function: u32, request: &[u8], timeout: Duration) -> Self {
        let slot = Arc::new(Slot(Mutex::new(State::Waiting(None))));
        let cancel = target.call(function, request, timeout, Reply(slot.clone()));
        Self {
            slot,
            cancel: Some(cancel),
        }
    }
}

impl Future for Outgoing {
    type Output = Result<Vec<u8>, String>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.slot.state();
        if let State::Waiting(waker) = &mut *state {
            *waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let ended = std::mem::replace(&mut *state, State::Taken);
        drop(state);
        self.cancel = None;
        match ended {
            State::Ended(result) => Poll::Ready(result),
            _ => Poll::Ready(Err("the reply was taken before".to_owned())),
        }
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        if let Some(cancel) = self.cancel.take() {
            *self.slot.state() = State::Taken;
            cancel();
        }
    }
}

/// Defines every function of one imported interface, and adds them to `imported`. Err: why it cannot be bound.
pub(crate) fn define(
    linker: &mut LinkerInstance<'_, StoreData>,
    engine: &wasmtime::Engine,
    interface: &str,
    ty: &ComponentInstance,
    target: &Arc<dyn ImportTarget>,
    imported: &mut Vec<ImportedFunction>,
) -> Result<(), String> {
    for (name, item) in ty.exports(engine) {
        let func = match item.ty {
            ComponentItem::ComponentFunc(func) => func,
            ComponentItem::Type(_) => continue,
            ComponentItem::Resource(_) => {
                return Err(format!("{interface} has the resource {name}"));
            }
            _ => return Err(format!("{interface} has {name}, which is no function")),
        };
        let import = Import::new(interface, name, &func, imported.len() as u32, target)?;
        import
            .define(linker, name)
            .map_err(|error| format!("{error:#}"))?;
        imported.push(ImportedFunction {
            interface: interface.to_owned(),
            name: name.to_owned(),
        });
    }
    Ok(())
}

/// One imported function with everything that a call of it needs.
struct Import {
    /// `ns:pkg/iface@1.0.0#add`
    name: String,
    number: u32,
    params: Vec<Type>,
    result: Option<Type>,
    target: Arc<dyn ImportTarget>,
}

impl Import {
    fn new(
        interface: &str,
        name: &str,
        ty: &ComponentFunc,
        number: u32,
        target: &Arc<dyn ImportTarget>,
    ) -> Result<Self, String> {
        let import = Self {
            name: format!("{interface}#{name}"),
            number,
            params: ty.params().map(|(_, ty)| ty).collect(),
            result: ty.results().next(),
            target: target.clone(),
        };
        if ty.async_() {
            return Err(format!("{} is asynchronous", import.name));
        }
        let types = import.params.iter().chain(&import.result);
        match types.map(values::not_carried).find(Option::is_some) {
            Some(what) => Err(format!("{} carries {}", import.name, what.unwrap_or(""))),
            None => Ok(import),
        }
    }

    fn define(
        self,
        linker: &mut LinkerInstance<'_, StoreData>,
        name: &str,
    ) -> wasmtime::Result<()> {
        let import = Arc::new(self);
        linker.func_new_async(name, move |store, _, params, results| {
            let import = import.clone();
            Box::new(async move { import.call(store, params, results).await })
        })
    }

    async fn call(
        &self,
        mut store: StoreContextMut<'_, StoreData>,
        params: &[Val],
        results: &mut [Val],
    ) -> wasmtime::Result<()> {
        let mut request = Vec::new();
        values::encode_params(&mut request, params, &self.params)
            .map_err(|text| wasmtime::format_err!("{}: {text}", self.name))?;
        let timeout = store.data_mut().time_left()?;
        let ended = Outgoing::begin(&*self.target, self.number, &request, timeout).await;
        let reply = match ended {
            Ok(reply) => reply,
            Err(message) => return self.failed(message, results),
        };
        if let (Some(ty), Some(result)) = (&self.result, results.first_mut()) {
            *result = values::decode_result(&reply, ty)
                .map_err(|text| wasmtime::format_err!("{}: its result: {text}", self.name))?;
        }
        Ok(())
    }

    /// As an error of its own if the function has a way to say it, else as a trap.
    fn failed(&self, message: String, results: &mut [Val]) -> wasmtime::Result<()> {
        let message = format!("{}: {message}", self.name);
        let payload = match &self.result {
            Some(Type::Result(result)) => match result.err() {
                None => Some(None),
                Some(Type::String) => Some(Some(Box::new(Val::String(message.clone())))),
                Some(_) => None,
            },
            _ => None,
        };
        match (payload, results.first_mut()) {
            (Some(payload), Some(result)) => {
                *result = Val::Result(Err(payload));
                Ok(())
            }
            _ => Err(wasmtime::format_err!("{message}")),
        }
    }
}
