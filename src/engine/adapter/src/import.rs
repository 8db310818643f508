// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Imports that the host has no interface of its own for. Each of their functions becomes a host function that makes an
//! arena of the arguments, hands it to whoever the platform bound the import to (`ImportTarget`) and waits for the reply.
//! Who that is, and what happens if there is nobody, is not known here.

use crate::arena;
use crate::call::inside_event_loop;
use crate::direct::{Idle, Taken, Wire};
use crate::engine::EngineShared;
use crate::handle_list::{self, MOVED};
use crate::instance::Encoding;
use crate::layout::{FunctionLayout, Handle, Kind, Layout};
use crate::lock::locked;
use crate::passage::{
    Answer, Incoming, Outgoing, OutgoingHandles, OutgoingScalars, registers, result_registers,
};
use crate::proxies::Proxy;
use crate::store::StoreData;
use crate::values;
use std::cell::{Cell, UnsafeCell};
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use wasmtime::component::types::{ComponentFunc, ComponentInstance, ComponentItem};
use wasmtime::component::{LinkerInstance, Resource, ResourceType, Type, Val};
use wasmtime::{StoreContextMut, ValRaw};

/// What a component's imports lead to. Thread: any.
pub trait ImportTarget: Send + Sync {
    /// Begins a call of the function with this number (its place in `Linked::imported`). `request` is the parameters'
    /// arena, with handles (`ImportedFunction::handles`) their list behind it, as of the result. The reply may be
    /// given before this returns, or on any thread later. A zero `timeout` is none. What comes back cancels the call,
    /// harmless once there is a reply; none if there is nothing to cancel.
    fn call(
        &self,
        function: u32,
        request: &[u8],
        timeout: Duration,
        reply: Reply,
    ) -> Option<Cancel>;

    /// Nobody holds these handles any more, which results had. Must not block.
    fn drop_handles(&self, numbers: &[u64]);
}

pub type Cancel = Box<dyn FnOnce() + Send>;

/// An imported function, as the component names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedFunction {
    pub interface: String,
    pub name: String,
    /// Whether it takes or gives handles.
    pub handles: bool,
}

/// Ends one call; without a word if it is dropped, which the caller is told too.
pub struct Reply(Option<Arc<Slot>>);

/// Where a caller waits for a reply. It belongs to a store, which uses it for one call after the other. A reply that comes
/// before the caller looks takes no lock.
struct Slot {
    phase: AtomicU8,
    /// The reply's alone until the phase is ENDED, then the caller's.
    result: UnsafeCell<ReplyResult>,
    waker: Mutex<Option<Waker>>,
}

struct ReplyResult {
    /// The parameters' arena of a direct call.
    request: Vec<u8>,
    /// The result's arena.
    arena: Vec<u8>,
    /// Why there is none.
    failure: Option<String>,
    /// Of a function with handles: who is told to drop those of the result, until they have become proxies.
    unclaimed: Option<Arc<dyn ImportTarget>>,
}

impl ReplyResult {
    /// Nobody will look at the result any more.
    fn leave(&mut self) {
        if let Some(target) = self.unclaimed.take()
            && let Ok((_, numbers)) = handle_list::split(&self.arena)
            && !numbers.is_empty()
        {
            target.drop_handles(&numbers);
        }
    }
}

impl Drop for ReplyResult {
    fn drop(&mut self) {
        self.leave();
    }
}

/// The caller has not looked yet.
const BEGUN: u8 = 0;
/// It waits to be woken.
const WAITING: u8 = 1;
const ENDED: u8 = 2;

// SAFETY: what is said at `result`; there is one reply and one caller.
unsafe impl Send for Slot {}
unsafe impl Sync for Slot {}

impl Slot {
    fn new(unclaimed: Option<Arc<dyn ImportTarget>>) -> Self {
        Self {
            phase: AtomicU8::new(BEGUN),
            result: UnsafeCell::new(ReplyResult {
                request: Vec::new(),
                arena: Vec::new(),
                failure: None,
                unclaimed,
            }),
            waker: Mutex::new(None),
        }
    }

    fn waker(&self) -> MutexGuard<'_, Option<Waker>> {
        locked(&self.waker)
    }

    fn ended(&self) -> bool {
        self.phase.load(Ordering::Acquire) == ENDED
    }

    /// # Safety
    /// The caller's, after `ended`.
    unsafe fn result(&self) -> &ReplyResult {
        unsafe { &*self.result.get() }
    }

    /// Of a call that has no `Reply`, and whose caller this is. The last one's buffer, for use.
    fn keep_request(&self, request: Vec<u8>) -> Vec<u8> {
        // SAFETY: as long as there is no `Reply` all of this is the caller's.
        let place = unsafe { &mut (*self.result.get()).request };
        let mut last = std::mem::replace(place, request);
        empty(&mut last);
        last
    }

    /// # Safety
    /// The same, and nothing is kept meanwhile.
    unsafe fn request(&self) -> &[u8] {
        unsafe { &(*self.result.get()).request }
    }

    /// The same.
    fn take_result(&self, reply: &mut Vec<u8>) {
        // SAFETY: ours until `ended_here`.
        std::mem::swap(reply, unsafe { &mut (*self.result.get()).arena });
    }

    /// The same.
    fn ended_here(&self, ended: Result<(), String>) {
        if let Err(message) = ended {
            // SAFETY: as above.
            unsafe { (*self.result.get()).failure = Some(message) };
        }
        self.phase.store(ENDED, Ordering::Release);
    }

    /// # Safety
    /// As `result`, which is not looked at meanwhile.
    unsafe fn claim(&self) {
        unsafe { (*self.result.get()).unclaimed = None };
    }
}

impl Reply {
    /// The result's arena, or one line about why there is none.
    pub fn end(mut self, result: Result<&[u8], String>) {
        if let Some(slot) = self.0.take() {
            Self::put(&slot, result);
        }
    }

    fn put(slot: &Slot, result: Result<&[u8], String>) {
        // SAFETY: ours until the phase says otherwise.
        let place = unsafe { &mut *slot.result.get() };
        match result {
            Ok(arena) => place.arena.extend_from_slice(arena),
            Err(message) => place.failure = Some(message),
        }
        if slot.phase.swap(ENDED, Ordering::AcqRel) == WAITING
            && let Some(waker) = slot.waker().take()
        {
            waker.wake();
        }
    }

    /// As a word that C++ can carry around; `from_raw` ends it.
    pub(crate) fn into_raw(mut self) -> *const () {
        let slot = self.0.take();
        slot.map_or(std::ptr::null(), |slot| Arc::into_raw(slot).cast())
    }

    /// # Safety
    /// `raw` comes from `into_raw`, and this is done with it once.
    pub(crate) unsafe fn from_raw(raw: *const ()) -> Self {
        Self(Some(unsafe { Arc::from_raw(raw.cast()) }))
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if let Some(slot) = self.0.take() {
            Self::put(&slot, Err("nobody answered".to_owned()));
        }
    }
}

/// What a store keeps from one call of an import to the next, so that most of them allocate nothing.
#[derive(Default)]
pub(crate) struct Exchange {
    request: Vec<u8>,
    slot: Option<Arc<Slot>>,
}

/// Larger buffers are given back: a store may not need them for a long time.
const KEPT_BYTES_MAX: usize = 256 << 10;

fn empty(buffer: &mut Vec<u8>) {
    buffer.clear();
    if buffer.capacity() > KEPT_BYTES_MAX {
        *buffer = Vec::new();
    }
}

impl Exchange {
    /// A slot that nobody else has, ready for a call.
    fn slot(&mut self, unclaimed: Option<Arc<dyn ImportTarget>>) -> Arc<Slot> {
        let slot = self.slot.get_or_insert_with(|| Arc::new(Slot::new(None)));
        match Arc::get_mut(slot) {
            Some(Slot { phase, result, .. }) => {
                *phase.get_mut() = BEGUN;
                let result = result.get_mut();
                result.leave();
                result.unclaimed = unclaimed;
                empty(&mut result.arena);
                result.failure = None;
            }
            // A call of before, which was left, still leads to it.
            None => *slot = Arc::new(Slot::new(unclaimed)),
        }
        slot.clone()
    }
}

/// The caller's side of a call that has begun.
struct Begun {
    slot: Arc<Slot>,
    way: Way,
}

/// How it gets its result into the slot.
enum Way {
    /// It gets it in its own time; there may be something to cancel.
    Target(Option<Cancel>),
    /// By polling the callee. The request is in the slot.
    Direct(Taken, Duration),
    /// It is there, lifted here by the layout that it is wanted in.
    Lifted,
}

impl Future for Begun {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { slot, way } = &mut *self;
        if let Way::Direct(callee, timeout) = way {
            // SAFETY: this is the caller, and there is no `Reply`.
            let request = unsafe { slot.request() };
            let returned = |reply: &mut Vec<u8>| slot.take_result(reply);
            let encoding = Encoding::Checked;
            return callee
                .poll(cx, encoding, request, *timeout, returned)
                .map(|ended| {
                    slot.ended_here(ended);
                    *way = Way::Lifted;
                });
        }
        if !self.slot.ended() {
            *self.slot.waker() = Some(cx.waker().clone());
            let waits = self.slot.phase.compare_exchange(
                BEGUN,
                WAITING,
                Ordering::AcqRel,
                Ordering::Acquire,
            );
            if waits != Err(ENDED) {
                return Poll::Pending;
            }
        }
        if let Way::Target(cancel) = &mut self.way {
            *cancel = None;
        }
        Poll::Ready(())
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        if let Way::Target(cancel) = &mut self.way
            && let Some(cancel) = cancel.take()
        {
            cancel();
        }
    }
}

/// Defines every function and resource of one imported interface, and adds the functions to `imported`. `hosts`: resources
/// that the host has made. The functions' wires; Err: why it cannot be bound.
pub(crate) fn define(
    linker: &mut LinkerInstance<'_, StoreData>,
    shared: &EngineShared,
    interface: &str,
    ty: &ComponentInstance,
    hosts: &[ResourceType],
    target: &Arc<dyn ImportTarget>,
    imported: &mut Vec<ImportedFunction>,
) -> Result<Vec<Arc<Wire>>, String> {
    let mut wires = Vec::new();
    for (name, item) in ty.exports(&shared.wasmtime) {
        let func = match item.ty {
            ComponentItem::ComponentFunc(func) => func,
            ComponentItem::Type(_) => continue,
            ComponentItem::Resource(resource) if hosts.contains(&resource) => {
                return Err(format!("{interface} has the host's resource {name}"));
            }
            ComponentItem::Resource(_) => {
                let dropped = |mut store: StoreContextMut<'_, StoreData>, rep| {
                    store.data_mut().proxies.dropped(rep);
                    Ok(())
                };
                linker
                    .resource(name, ResourceType::host::<Proxy>(), dropped)
                    .map_err(|error| format!("{error:#}"))?;
                continue;
            }
            _ => return Err(format!("{interface} has {name}, which is no function")),
        };
        let number = imported.len() as u32;
        let concurrency = shared.settings.concurrency;
        let import = Import::new(interface, name, &func, number, target, concurrency)?;
        let handles = import.layout.handles();
        wires.push(import.wire.clone());
        let defined = match func.async_() {
            true => import.define_async(linker, name),
            false => import.define(linker, name),
        };
        defined.map_err(|error| format!("{error:#}"))?;
        imported.push(ImportedFunction {
            interface: interface.to_owned(),
            name: name.to_owned(),
            handles,
        });
    }
    Ok(wires)
}

/// One imported function with everything that a call of it needs.
struct Import {
    /// `ns:pkg/iface@1.0.0#add`
    name: String,
    number: u32,
    params: Vec<Type>,
    result: Option<Type>,
    layout: Arc<FunctionLayout>,
    wire: Arc<Wire>,
    target: Arc<dyn ImportTarget>,
    /// Of the engine: the store's event loop is on the stack of its guests.
    concurrency: bool,
}

/// The result of one call, until it is in the guest.
struct Returned {
    import: Arc<Import>,
    /// With a result that has been checked; the import's own words otherwise.
    slot: Result<Arc<Slot>, Vec<u8>>,
    /// Of a function with handles. Small without: this is handed on several times in each call.
    handles: Option<Box<ReturnedHandles>>,
}

struct ReturnedHandles {
    /// How much of the result is its arena.
    arena_bytes: usize,
    /// Behind it.
    numbers: Vec<u64>,
    /// What became of these.
    proxies: Vec<u32>,
}

impl Returned {
    /// The result's handles are the store's from here on.
    fn claimed(mut self, data: &mut StoreData) -> Self {
        if let Some(handles) = &mut self.handles {
            let add = |number: &u64| data.proxies.add(*number, &self.import.target);
            handles.proxies = handles.numbers.iter().map(add).collect();
        }
        if let Ok(slot) = &self.slot {
            // SAFETY: it has ended, and we are the caller.
            unsafe { slot.claim() };
        }
        self
    }

    /// Of a function with a result.
    fn value(&self) -> wasmtime::Result<Val> {
        let (Some(ty), Some(layout)) = (&self.import.result, self.layout()) else {
            wasmtime::bail!("{} has no result", self.import.name);
        };
        arena::decode_result(self.arena(), ty, layout).map_err(wasmtime::Error::msg)
    }
}

impl Answer for Returned {
    fn layout(&self) -> Option<&Layout> {
        self.import.layout.result.as_ref()
    }

    fn arena(&self) -> &[u8] {
        let slot = match &self.slot {
            Ok(slot) => slot,
            Err(words) => return words,
        };
        // SAFETY: it has ended, see `Import::end`.
        let result = unsafe { &slot.result().arena };
        match &self.handles {
            Some(handles) => &result[..handles.arena_bytes],
            None => result,
        }
    }

    fn proxies(&self) -> &[u32] {
        self.handles
            .as_ref()
            .map_or(&[], |handles| handles.proxies.as_slice())
    }
}

/// How a call of a function with only scalars went so far.
enum ScalarsBegun<const N: usize> {
    /// It has ended: the result's core value, or 0 if there is none.
    AtHand(u64),
    Direct(DirectScalars<N>),
    /// It has to go by the target.
    NoneIdle,
}

/// Gives the result's core value.
struct DirectScalars<const N: usize> {
    callee: Taken,
    request: [[u8; 8]; N],
    timeout: Duration,
}

/// 0 if there is no result.
fn scalar_of(reply: &[u8]) -> u64 {
    reply
        .first_chunk()
        .map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

impl<const N: usize> Future for DirectScalars<N> {
    type Output = wasmtime::Result<u64>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self {
            callee,
            request,
            timeout,
        } = &mut *self;
        let mut value = 0;
        let returned = |reply: &mut Vec<u8>| value = scalar_of(reply);
        let request = request.as_flattened();
        let polled = callee.poll(cx, Encoding::Scalars, request, *timeout, returned);
        polled.map(|ended| match ended {
            Ok(()) => Ok(value),
            Err(message) => Err(wasmtime::format_err!("{}: {message}", callee.import())),
        })
    }
}

/// What a call of a function with only scalars gives back.
enum Scalar {
    /// The core value, or 0 if there is no result.
    AtHand(u64),
    Returned(Box<Returned>),
}

impl Answer for Scalar {
    fn core_value(&self) -> Option<u64> {
        match self {
            Self::AtHand(value) => Some(*value),
            Self::Returned(_) => None,
        }
    }

    fn layout(&self) -> Option<&Layout> {
        match self {
            Self::AtHand(_) => None,
            Self::Returned(returned) => returned.layout(),
        }
    }

    fn arena(&self) -> &[u8] {
        match self {
            Self::AtHand(_) => &[],
            Self::Returned(returned) => returned.arena(),
        }
    }

    fn proxies(&self) -> &[u32] {
        &[]
    }
}

/// The end of a call that has ended when Wasmtime asks for its future, which it then polls at once, on this thread: a
/// future without a size needs no allocation.
struct AtHand<const M: usize>;

thread_local! {
    static AT_HAND: Cell<u64> = const { Cell::new(0) };
}

impl<const M: usize> AtHand<M> {
    fn keep(value: u64) -> Self {
        AT_HAND.set(value);
        Self
    }
}

impl<const M: usize> Future for AtHand<M> {
    type Output = wasmtime::Result<Incoming<Scalar, M>>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok(Incoming(Scalar::AtHand(AT_HAND.get()))))
    }
}

impl Import {
    fn new(
        interface: &str,
        name: &str,
        ty: &ComponentFunc,
        number: u32,
        target: &Arc<dyn ImportTarget>,
        concurrency: bool,
    ) -> Result<Self, String> {
        let name = format!("{interface}#{name}");
        let params: Vec<Type> = ty.params().map(|(_, ty)| ty).collect();
        let result = ty.results().next();
        let Some(layout) = FunctionLayout::of(&params, result.as_ref()) else {
            let types = params.iter().chain(&result);
            let what = types.filter_map(values::not_carried).next();
            let what = what.unwrap_or("a type that cannot be carried");
            return Err(format!("{name} carries {what}"));
        };
        if ty.async_() && layout.handles() {
            return Err(format!("{name} is asynchronous and has handles"));
        }
        let layout = Arc::new(layout);
        let wire = Arc::new(Wire::new(&name, layout.clone()));
        Ok(Self {
            name,
            number,
            params,
            result,
            wire,
            layout,
            target: target.clone(),
            concurrency,
        })
    }

    /// As the host function for as many registers as its parameters and its result take.
    fn define(
        self,
        linker: &mut LinkerInstance<'_, StoreData>,
        name: &str,
    ) -> wasmtime::Result<()> {
        let import = Arc::new(self);
        macro_rules! with {
            ($($n:literal)*) => {
                match registers(&import.layout.params) {
                    $($n => import.define_with::<$n>(linker, name),)*
                    more => Err(wasmtime::format_err!("{more} parameters in registers")),
                }
            };
        }
        with!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)
    }

    fn define_with<const N: usize>(
        self: Arc<Self>,
        linker: &mut LinkerInstance<'_, StoreData>,
        name: &str,
    ) -> wasmtime::Result<()> {
        match result_registers(self.layout.result.as_ref()) {
            0 => self.define_as::<N, 0>(linker, name),
            _ => self.define_as::<N, 1>(linker, name),
        }
    }

    fn define_as<const N: usize, const M: usize>(
        self: Arc<Self>,
        linker: &mut LinkerInstance<'_, StoreData>,
        name: &str,
    ) -> wasmtime::Result<()> {
        if self.layout.handles() {
            return self.define_with_handles::<N, M>(linker, name);
        }
        if self.layout.only_scalars() {
            return self.define_scalars::<N, M>(linker, name);
        }
        linker.func_wrap_async(name, move |mut store, params: Outgoing<N>| {
            // SAFETY: this is called with what was just lifted.
            let begun = unsafe { self.begin(&mut store, &params, None) };
            let import = self.clone();
            Box::new(async move {
                let ended = import.end(begun?).await;
                store.data_mut().judge(ended).map(Incoming::<Returned, M>)
            })
        })
    }

    /// A direct call takes no arena, and one that ends inline no allocation.
    fn define_scalars<const N: usize, const M: usize>(
        self: Arc<Self>,
        linker: &mut LinkerInstance<'_, StoreData>,
        name: &str,
    ) -> wasmtime::Result<()> {
        linker.func_wrap_async(name, move |mut store, params: OutgoingScalars<N>| {
            let begun = self.begin_scalars(store.data_mut(), &params.0);
            match store.data_mut().judge(begun) {
                Ok(ScalarsBegun::AtHand(value)) => return Box::new(AtHand::<M>::keep(value)),
                Ok(ScalarsBegun::Direct(call)) => {
                    return Box::new(async move {
                        let ended = call.await;
                        let value = store.data_mut().judge(ended)?;
                        Ok(Incoming(Scalar::AtHand(value)))
                    });
                }
                Ok(ScalarsBegun::NoneIdle) => {}
                Err(error) => return Box::new(std::future::ready(Err(error))),
            }
            // SAFETY: this is called with what was just lifted.
            let begun = unsafe { self.begin(&mut store, &params.outgoing(), None) };
            let import = self.clone();
            Box::new(async move {
                let ended = import.end(begun?).await;
                let returned = store.data_mut().judge(ended)?;
                Ok(Incoming::<_, M>(Scalar::Returned(Box::new(returned))))
            })
        })
    }

    fn begin_scalars<const N: usize>(
        &self,
        data: &mut StoreData,
        slots: &[ValRaw; N],
    ) -> wasmtime::Result<ScalarsBegun<N>> {
        let timeout = data.time_left()?;
        // Written where it is read: moving it costs as much as making it.
        let mut request = [[0; 8]; N];
        self.core_values(slots, &mut request)?;
        let Some(idle) = data.known.idle(self.number, &self.wire) else {
            return Ok(ScalarsBegun::NoneIdle);
        };
        if !idle.is_inline() {
            return Ok(ScalarsBegun::Direct(DirectScalars {
                callee: idle.take(),
                request,
                timeout,
            }));
        }
        let mut value = 0;
        let returned = |reply: &mut Vec<u8>| value = scalar_of(reply);
        match idle.call_inline(Encoding::Scalars, request.as_flattened(), timeout, returned) {
            Ok(()) => Ok(ScalarsBegun::AtHand(value)),
            Err(message) => Err(wasmtime::format_err!("{}: {message}", self.name)),
        }
    }

    fn core_values<const N: usize>(
        &self,
        slots: &[ValRaw; N],
        values: &mut [[u8; 8]; N],
    ) -> wasmtime::Result<()> {
        if let Kind::Fields(params) = &self.layout.params.kind {
            for ((value, slot), param) in values.iter_mut().zip(slots).zip(&params.all) {
                let core = param.layout.core_value(slot.get_u64());
                let core = core.map_err(|why| wasmtime::format_err!("{}: {why}", self.name))?;
                *value = core.to_le_bytes();
            }
        }
        Ok(())
    }

    fn define_with_handles<const N: usize, const M: usize>(
        self: Arc<Self>,
        linker: &mut LinkerInstance<'_, StoreData>,
        name: &str,
    ) -> wasmtime::Result<()> {
        linker.func_wrap_async(name, move |mut store, params: OutgoingHandles<N>| {
            // SAFETY: this is called with what was just lifted.
            let begun = unsafe { self.begin(&mut store, &params.values, Some(&params.proxies)) };
            let import = self.clone();
            Box::new(async move {
                let ended = import.end(begun?).await;
                let returned = store.data_mut().judge(ended)?;
                Ok(Incoming::<_, M>(returned.claimed(store.data_mut())))
            })
        })
    }

    /// A guest may have several of these calls under way. Over `Val`s: the registers of `define` are those of functions
    /// that block their guest.
    fn define_async(
        self,
        linker: &mut LinkerInstance<'_, StoreData>,
        name: &str,
    ) -> wasmtime::Result<()> {
        let import = Arc::new(self);
        linker.func_new_concurrent(name, move |accessor, _, params, results| {
            let import = import.clone();
            Box::pin(async move {
                let begun = accessor.with(|mut access| import.begin_async(access.get(), params))?;
                let returned = import.end(begun).await?;
                if let [place] = results {
                    *place = returned.value()?;
                }
                Ok(())
            })
        })
    }

    fn begin_async(&self, data: &mut StoreData, params: &[Val]) -> wasmtime::Result<Begun> {
        let timeout = data.time_left()?;
        let mut request = std::mem::take(&mut data.exchange.request);
        arena::encode_params(&mut request, params, &self.params, &self.layout.params)
            .map_err(|why| wasmtime::format_err!("{}: {why}", self.name))?;
        Ok(self.send(data, request, timeout, None))
    }

    /// # Safety
    /// The parameters are those of a call that this is, and nothing has happened in the store since.
    unsafe fn begin<const N: usize>(
        &self,
        store: &mut StoreContextMut<'_, StoreData>,
        params: &Outgoing<N>,
        proxies: Option<&[Resource<Proxy>]>,
    ) -> wasmtime::Result<Begun> {
        let bytes_max = store.hostcall_fuel();
        let data = store.data_mut();
        let timeout = data.time_left()?;
        let mut request = std::mem::take(&mut data.exchange.request);
        // SAFETY: our caller's promise.
        let handles = unsafe { params.lift(&self.layout.params, bytes_max, &mut request) }
            .map_err(|error| error.context(self.name.clone()))?;
        if proxies.is_none()
            && let Some(idle) = data.known.idle(self.number, &self.wire)
        {
            return Ok(Self::begin_direct(
                &mut data.exchange,
                idle,
                request,
                timeout,
            ));
        }
        let mut unclaimed = None;
        if let Some(proxies) = proxies {
            let numbers = numbers_of(data, &handles, proxies)?;
            handle_list::append(&mut request, numbers.into_iter());
            unclaimed = Some(self.target.clone());
        }
        Ok(self.send(data, request, timeout, unclaimed))
    }

    fn begin_direct(
        exchange: &mut Exchange,
        idle: Idle<'_>,
        mut request: Vec<u8>,
        timeout: Duration,
    ) -> Begun {
        let slot = exchange.slot(None);
        if !idle.is_inline() {
            // It has to stay until the call has ended, and the store's data cannot be held so long.
            exchange.request = slot.keep_request(request);
            let way = Way::Direct(idle.take(), timeout);
            return Begun { slot, way };
        }
        let returned = |reply: &mut Vec<u8>| slot.take_result(reply);
        let ended = idle.call_inline(Encoding::Checked, &request, timeout, returned);
        slot.ended_here(ended);
        empty(&mut request);
        exchange.request = request;
        let way = Way::Lifted;
        Begun { slot, way }
    }

    /// `request`: the exchange's buffer, which it gets back.
    fn send(
        &self,
        data: &mut StoreData,
        mut request: Vec<u8>,
        timeout: Duration,
        unclaimed: Option<Arc<dyn ImportTarget>>,
    ) -> Begun {
        let slot = data.exchange.slot(unclaimed);
        let reply = Reply(Some(slot.clone()));
        let call = || self.target.call(self.number, &request, timeout, reply);
        let cancel = match self.concurrency {
            true => inside_event_loop(call),
            false => call(),
        };
        empty(&mut request);
        data.exchange.request = request;
        Begun {
            slot,
            way: Way::Target(cancel),
        }
    }

    async fn end(self: Arc<Self>, mut begun: Begun) -> wasmtime::Result<Returned> {
        (&mut begun).await;
        // SAFETY: it has ended.
        let result = unsafe { begun.slot.result() };
        let checked = match &result.failure {
            Some(message) => Err(message.clone()),
            None if matches!(begun.way, Way::Lifted) => Ok(None),
            None => self
                .check(&result.arena)
                .map_err(|why| format!("its result: {why}")),
        };
        let (slot, handles) = match checked {
            Ok(handles) => (Ok(begun.slot.clone()), handles),
            Err(message) => (Err(self.failed(message)?), None),
        };
        Ok(Returned {
            import: self,
            slot,
            handles,
        })
    }

    fn check(&self, result: &[u8]) -> Result<Option<Box<ReturnedHandles>>, String> {
        if self.layout.handles() {
            return self.check_with_handles(result).map(Some);
        }
        match &self.layout.result {
            Some(layout) => arena::check(result, layout)?,
            None => arena::check_empty(result)?,
        }
        Ok(None)
    }

    fn check_with_handles(&self, result: &[u8]) -> Result<Box<ReturnedHandles>, String> {
        let (arena, numbers) = handle_list::split(result)?;
        let places = match &self.layout.result {
            Some(layout) => arena::check_with_handles(arena, layout)?.len(),
            None => arena::check_empty(arena).map(|()| 0)?,
        };
        if places != numbers.len() {
            return Err(format!("{} handles for {places} places", numbers.len()));
        }
        Ok(Box::new(ReturnedHandles {
            arena_bytes: arena.len(),
            numbers,
            proxies: Vec::new(),
        }))
    }

    /// As an error of its own if the function has a way to say it, else as a trap.
    fn failed(&self, message: String) -> wasmtime::Result<Vec<u8>> {
        let message = format!("{}: {message}", self.name);
        let payload = match &self.result {
            Some(Type::Result(result)) => match result.err() {
                None => Some(None),
                Some(Type::String) => Some(Some(Box::new(Val::String(message.clone())))),
                Some(_) => None,
            },
            _ => None,
        };
        let mut arena = Vec::new();
        match (payload, &self.result, &self.layout.result) {
            (Some(payload), Some(ty), Some(layout)) => {
                let error = Val::Result(Err(payload));
                arena::encode_result(&mut arena, &error, ty, layout)
                    .map_err(wasmtime::Error::msg)?;
                Ok(arena)
            }
            _ => Err(wasmtime::Error::msg(message)),
        }
    }
}

/// What the platform knows the handles of a call by. What is moved is not held here any more.
fn numbers_of(
    data: &mut StoreData,
    handles: &[Handle],
    proxies: &[Resource<Proxy>],
) -> wasmtime::Result<Vec<u64>> {
    if handles.len() != proxies.len() {
        let (met, found) = (handles.len(), proxies.len());
        wasmtime::bail!("{met} handles were met, and {found} found");
    }
    let pairs = handles.iter().zip(proxies);
    let numbers = pairs.map(|(handle, proxy)| {
        let number = match handle.own {
            true => data
                .proxies
                .remove(proxy.rep())
                .map(|number| number | MOVED),
            false => data.proxies.get(proxy.rep()),
        };
        number.ok_or_else(|| wasmtime::Error::msg("a handle that is not held"))
    });
    numbers.collect()
}
