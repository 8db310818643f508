// SPDX-License-Identifier: Apache-2.0 OR MIT

//! A live store with its instance: the replica of a service. One call runs at a time, further ones wait in the order they
//! came.
//!
//! The store belongs for good to one future, the driver: it takes a job from the frame, runs the guest, leaves the result
//! in the frame and waits for the next. Who has the turn writes the frame and polls the driver, so a call of an idle
//! instance allocates nothing and moves nothing but its bytes. A guest that is left in the middle (a deadline, a cancelled
//! call) or traps takes its driver along, and with it the store; its memory is given back at once.

use crate::arena;
use crate::call::Deadline;
use crate::direct::{DirectCalls, Inline};
use crate::error::{CallOutcome, Code, DoorError, Outcome, Result, is_pool_exhausted, panic_text};
use crate::flat::{Args, FlatParams};
use crate::function::Function;
use crate::guest::{Live, LiveKind};
use crate::handle_list;
use crate::layout::{FunctionLayout, Handle};
use crate::lent::{Dropped, Lent};
use crate::link::{Linked, LinkedKind};
use crate::passage::{ArenaParams, Returning};
use crate::store::{Stdio, StoreData, arm};
use crate::store_waker::StoreWaker;
use crate::turn::Turn;
use std::cell::UnsafeCell;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use wasmtime::Store;
use wasmtime::component::ResourceAny;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Wave,
    Values,
    Arena,
    /// An arena, and the handles in it (`handle_list.rs`).
    Handles,
    /// An arena that this process has lifted by the same layout.
    Checked,
    /// Of scalars: their core values, 8 bytes each, that this process has taken out of a guest in the same way.
    Scalars,
}

pub struct Instance {
    pub(crate) linked: Arc<Linked>,
    pub(crate) turn: Turn,
    /// The driver, none once the store is dead; only who has the turn.
    driver: UnsafeCell<Option<Driver>>,
    /// Written by who has the turn, and by the driver while that one polls it.
    frame: Box<UnsafeCell<Frame>>,
    alive: AtomicBool,
    memory: AtomicU64,
    /// Of resources that others hold, as of the last call's end.
    lent: AtomicU64,
    holder: u32,
    dropped: Arc<Dropped>,
    death: OnceLock<String>,
    pub(crate) direct: DirectCalls,
    /// Of an engine with concurrency.
    waker: Option<StoreWaker>,
}

type Driver = Pin<Box<dyn Future<Output = ()> + Send>>;

// SAFETY: `driver` and `frame` are touched only by who has the turn, which one thread has at a time.
unsafe impl Sync for Instance {}
unsafe impl Send for Instance {}

/// One job, and how it ended.
pub(crate) struct Frame {
    pub(crate) function: Option<Arc<Function>>,
    pub(crate) encoding: Encoding,
    /// With the caller's request, see `submit`.
    pub(crate) args: Args,
    pub(crate) deadline: Deadline,
    pub(crate) reply: Vec<u8>,
    pub(crate) lent: Lent,
    /// Of the result, which has handles.
    pub(crate) resources: Vec<(Handle, ResourceAny)>,
    /// What others have dropped: these end before the job's call.
    pub(crate) ending: Vec<ResourceAny>,
    /// There is no call: the job is only what goes before it.
    settles_only: bool,
    pub(crate) inline: Inline,
    submitted: bool,
    ended: Option<Ended>,
    memory: u64,
}

pub(crate) enum Ended {
    /// The result is in `reply`.
    Returned,
    Failed(Box<CallOutcome>),
}

/// The driver's way to the frame, which is a box of the instance that the driver belongs to.
#[derive(Clone, Copy)]
pub(crate) struct FrameRef(*mut Frame);

// SAFETY: see Instance.
unsafe impl Send for FrameRef {}
unsafe impl Sync for FrameRef {}

impl FrameRef {
    /// # Safety
    /// Only while the driver is polled, and no two at a time if one of them is written to.
    #[allow(clippy::mut_from_ref)]
    pub(crate) unsafe fn get(&self) -> &mut Frame {
        unsafe { &mut *self.0 }
    }
}

/// Turns what instantiation gave back into an error.
pub(crate) fn not_instantiated(error: &wasmtime::Error, store: &Store<StoreData>) -> DoorError {
    if is_pool_exhausted(error) {
        return DoorError::new(
            Code::LimitExceeded,
            format!("no room for an instance: {error}"),
        );
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
        store.data_mut().known.calls_inline = true;
        let limits = linked.stores.limits;
        arm(&mut store, deadline, Inline::NO, &limits)
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
        // The rest of what its store may have is the guest's own.
        let lent_max = linked.engine().settings.guest.resource_table_max / 2;
        let lent = Lent::new(lent_max).ok_or_else(|| {
            let text = "this process has made more instances than there are numbers for";
            DoorError::new(Code::LimitExceeded, text)
        })?;
        let holder = lent.holder();
        let dropped = Arc::new(Dropped::default());
        let frame = Box::new(UnsafeCell::new(Frame::empty(lent)));
        let live = Live::new(store, kind, linked.functions.len());
        let driver = drive(live, FrameRef(frame.get()), limits);
        let concurrency = linked.engine().settings.concurrency;
        Ok(Arc::new(Self {
            waker: concurrency.then(StoreWaker::new),
            linked,
            turn: Turn::new(),
            driver: UnsafeCell::new(Some(Box::pin(driver))),
            frame,
            alive: AtomicBool::new(true),
            memory: AtomicU64::new(memory),
            lent: AtomicU64::new(0),
            holder,
            dropped,
            death: OnceLock::new(),
            direct: DirectCalls::default(),
        }))
    }

    /// Of an engine with concurrency: no other such store runs inside of its poll.
    pub(crate) fn has_event_loop(&self) -> bool {
        self.waker.is_some()
    }

    pub fn alive(&self) -> bool {
        self.alive.load(Ordering::Acquire)
    }

    /// As of the last call's end.
    pub fn memory_bytes(&self) -> u64 {
        self.memory.load(Ordering::Relaxed)
    }

    /// Handles of its resources that others hold; as of the last call's end.
    pub fn lent_handles(&self) -> u64 {
        self.lent.load(Ordering::Relaxed)
    }

    /// What the numbers of its handles have in their upper half (but `handle_list::MOVED`), of no other instance of this
    /// process.
    pub fn holder(&self) -> u32 {
        self.holder
    }

    /// Others hold these no more: their resources go before the next call. True: somebody has to make one, or
    /// `call::begin_settling`. Numbers that it does not know are left out.
    #[must_use]
    pub fn drop_handles(&self, numbers: &[u64]) -> bool {
        self.alive() && self.dropped.add(numbers)
    }

    /// Calls made from now on, and those that wait, end at once.
    pub fn close(&self) {
        self.alive.store(false, Ordering::Release);
    }

    pub(crate) fn dead(&self) -> CallOutcome {
        let why = self.death.get().map_or("it was stopped", String::as_str);
        CallOutcome::failed(Outcome::Trapped, format!("the instance is dead: {why}"))
    }

    fn die(&self, why: &str) {
        let _ = self.death.set(why.to_owned());
        self.alive.store(false, Ordering::Release);
        self.memory.store(0, Ordering::Relaxed);
        self.lent.store(0, Ordering::Relaxed);
    }

    /// Puts a call into the frame. Err: the arguments do not fit, and the guest will not run.
    ///
    /// # Safety
    /// The caller has the turn, and no call is going on. `request` stays until the call has ended or was cut, or until
    /// `request_moved` tells of another place.
    pub(crate) unsafe fn submit(
        &self,
        function: &Arc<Function>,
        encoding: Encoding,
        request: &[u8],
        deadline: Deadline,
    ) -> Result<(), String> {
        let frame = unsafe { &mut *self.frame.get() };
        self.take_dropped(frame);
        let ours = self.linked.functions.get(function.index);
        if !ours.is_some_and(|ours| Arc::ptr_eq(ours, function)) {
            return Err(format!(
                "{} is another deployment's function",
                function.name
            ));
        }
        if let Some(why) = &function.not_carried
            && encoding != Encoding::Handles
        {
            let name = &function.name;
            return Err(format!(
                "{name} {why}, which cannot be passed from outside its store"
            ));
        }
        let mut request = request;
        let fits = match (encoding, &function.flat, &function.layout) {
            (Encoding::Handles, _, Some(layout)) if function.passes_arenas => {
                frame.args.set_layout(&layout.params);
                frame.take_handles(request, layout).map(|arena| {
                    request = arena;
                })
            }
            (Encoding::Handles, ..) => {
                Err("its handles cannot be passed (asynchronous, or of a core module)".to_owned())
            }
            (Encoding::Values, Some(shape), _) => shape.decode(request, &mut frame.args),
            (Encoding::Arena, _, Some(layout)) if function.passes_arenas => {
                frame.args.set_layout(&layout.params);
                arena::check(request, &layout.params)
            }
            (Encoding::Checked, _, Some(layout)) if function.passes_arenas => {
                frame.args.set_layout(&layout.params);
                Ok(())
            }
            (Encoding::Scalars, ..) if function.only_scalars => {
                frame.args.clear_layout();
                Ok(())
            }
            (Encoding::Checked | Encoding::Scalars, ..) => {
                Err("it is not called directly".to_owned())
            }
            // Looked at when they are taken apart.
            _ => Ok(()),
        };
        fits.map_err(|error| explain(&error, function))?;
        if !frame
            .function
            .as_ref()
            .is_some_and(|last| Arc::ptr_eq(last, function))
        {
            frame.function = Some(function.clone());
        }
        frame.encoding = encoding;
        frame.args.set_request(request);
        frame.deadline = deadline;
        frame.reply.clear();
        frame.begin(false);
        Ok(())
    }

    /// The call that was just submitted ends in one step, on the caller's stack.
    ///
    /// # Safety
    /// As for `submit`; the callee stays until the call has ended.
    pub(crate) unsafe fn submitted_inline(&self, inline: Inline) {
        unsafe { (*self.frame.get()).inline = inline };
    }

    /// Puts no call into the frame, only what goes before one.
    ///
    /// # Safety
    /// As for `submit`.
    pub(crate) unsafe fn submit_settling(&self, deadline: Deadline) {
        let frame = unsafe { &mut *self.frame.get() };
        self.take_dropped(frame);
        frame.args.set_request(&[]);
        frame.deadline = deadline;
        frame.reply.clear();
        frame.begin(true);
    }

    /// Before the call's own handles are looked at, which must not be among these.
    #[inline]
    fn take_dropped(&self, frame: &mut Frame) {
        if self.dropped.any() {
            let numbers = self.dropped.take();
            let gone = numbers
                .into_iter()
                .filter_map(|number| frame.lent.dropped(number));
            frame.ending.extend(gone);
        }
    }

    /// The same bytes are somewhere else now.
    ///
    /// # Safety
    /// The caller has the turn, and a call is going on.
    pub(crate) unsafe fn request_moved(&self, request: &[u8]) {
        let frame = unsafe { &mut *self.frame.get() };
        let arena_bytes = frame.args.request().len();
        frame.args.set_request(&request[..arena_bytes]);
    }

    /// Runs the guest until the call has ended, has to wait, or used up its slice. A result is shown to `returned`, which
    /// may take it.
    ///
    /// # Safety
    /// The caller has the turn and has submitted a call; after Ready there is none.
    pub(crate) unsafe fn step(
        &self,
        cx: &mut Context<'_>,
        returned: impl FnOnce(&mut Vec<u8>),
    ) -> Poll<Result<(), Box<CallOutcome>>> {
        let slot = unsafe { &mut *self.driver.get() };
        let Some(driver) = slot else {
            return Poll::Ready(Err(Box::new(self.dead())));
        };
        let polled = catch_unwind(AssertUnwindSafe(|| match &self.waker {
            None => driver.as_mut().poll(cx),
            Some(waker) => {
                let mut cx = Context::from_waker(waker.leading_to(cx.waker()));
                driver.as_mut().poll(&mut cx)
            }
        }));
        if let Err(panic) = polled {
            self.forget_waker();
            let outcome = CallOutcome::failed(Outcome::Trapped, panic_text(&*panic));
            self.die(&outcome.message);
            let _ = catch_unwind(AssertUnwindSafe(|| *slot = None));
            return Poll::Ready(Err(Box::new(outcome)));
        }
        // Only this field: the driver of a call that goes on has borrowed others.
        let Some(ended) = (unsafe { (*self.frame.get()).ended.take() }) else {
            return Poll::Pending;
        };
        self.forget_waker();
        let frame = unsafe { &mut *self.frame.get() };
        if polled.is_ok_and(|polled| polled.is_ready()) {
            if let Ended::Failed(outcome) = &ended {
                self.die(&outcome.message);
            }
            *slot = None;
        } else {
            self.memory.store(frame.memory, Ordering::Relaxed);
            self.lent
                .store(frame.lent.count() as u64, Ordering::Relaxed);
        }
        Poll::Ready(match ended {
            Ended::Returned => {
                returned(&mut frame.reply);
                Ok(())
            }
            Ended::Failed(outcome) => Err(outcome),
        })
    }

    #[inline]
    fn forget_waker(&self) {
        if let Some(waker) = &self.waker {
            waker.forget();
        }
    }

    /// Leaves the guest where it is: the end of its store.
    ///
    /// # Safety
    /// The caller has the turn.
    pub(crate) unsafe fn cut(&self) {
        self.die("a call was cut off inside the guest");
        self.forget_waker();
        let slot = unsafe { &mut *self.driver.get() };
        let _ = catch_unwind(AssertUnwindSafe(|| *slot = None));
    }
}

impl Frame {
    fn empty(lent: Lent) -> Self {
        Self {
            lent,
            resources: Vec::new(),
            ending: Vec::new(),
            settles_only: false,
            inline: Inline::NO,
            function: None,
            encoding: Encoding::Values,
            args: Args::none(),
            deadline: Deadline::after(std::time::Duration::ZERO),
            reply: Vec::new(),
            submitted: false,
            ended: None,
            memory: 0,
        }
    }

    fn begin(&mut self, settles_only: bool) {
        self.settles_only = settles_only;
        self.inline = Inline::NO;
        self.submitted = true;
        self.ended = None;
    }

    /// Of a request with handles: its arena. The resources are the call's from here on.
    fn take_handles<'a>(
        &mut self,
        request: &'a [u8],
        layout: &FunctionLayout,
    ) -> Result<&'a [u8], String> {
        let (arena, numbers) = handle_list::split(request)?;
        let wanted = arena::check_with_handles(arena, &layout.params)?;
        if layout.gives_handles() && self.lent.is_full() {
            let count = self.lent.count();
            return Err(format!("{count} handles of it are held, no more may be"));
        }
        self.lent
            .take(&numbers, &wanted, self.args.resources_mut())?;
        Ok(arena)
    }

    /// The result has handles: lists them behind its arena.
    fn give_handles(&mut self) -> wasmtime::Result<()> {
        let given = self.resources.drain(..);
        let numbers = given.map(|(handle, resource)| self.lent.give(handle, resource));
        let numbers = numbers.collect::<wasmtime::Result<Vec<u64>>>()?;
        handle_list::append(&mut self.reply, numbers.into_iter());
        Ok(())
    }
}

pub(crate) fn explain(error: &str, function: &Function) -> String {
    format!("{error}; expected {}", function.signature)
}

/// The store's owner. Ends after a call that killed the store.
async fn drive(mut live: Live, frame: FrameRef, limits: crate::store::Limits) {
    loop {
        // SAFETY, here and below: this runs only while the turn's holder polls, who then leaves the frame alone.
        poll_fn(
            |_| match std::mem::take(unsafe { &mut frame.get().submitted }) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            },
        )
        .await;
        let job = unsafe { frame.get() };
        let called = if let Err(error) = live.prepare(job, &limits) {
            Err(error)
        } else if !job.ending.is_empty()
            && let Err(error) = Box::pin(live.settle(frame)).await
        {
            Err(error)
        } else if job.settles_only {
            Ok(Ok(()))
        } else if let Some((function, store)) = live.fast(job) {
            // SAFETY: `submit` took the arguments apart for this function; only the place of the request changes.
            let params = unsafe { FlatParams::new(&raw const job.args) };
            function.call(store, params, &mut job.reply).await.map(Ok)
        } else if let Some((function, result, store)) = live.passage(job) {
            // SAFETY: `submit` has checked the arena for this function; only the place of the request changes.
            let params = unsafe { ArenaParams::new(&raw const job.args) };
            let returning = Returning {
                layout: result,
                bytes_max: store.hostcall_fuel(),
                scalar: job.encoding == Encoding::Scalars,
                reply: &raw mut job.reply,
                resources: &raw mut job.resources,
            };
            let called = match job.inline.is_no() {
                true => function.call(store, params, returning).await,
                false => function.call_inline(store, params, &returning),
            };
            match called {
                Ok(()) if job.encoding == Encoding::Handles => {
                    unsafe { frame.get() }.give_handles().map(Ok)
                }
                ended => ended.map(Ok),
            }
        } else {
            // Boxed, to keep the driver small.
            Box::pin(live.call_dynamic(frame)).await
        };
        let job = unsafe { frame.get() };
        job.memory = live.store.data().memory.used();
        match called {
            Ok(Ok(())) => job.ended = Some(Ended::Returned),
            Ok(Err(message)) => {
                let outcome = CallOutcome::failed(Outcome::BadArguments, message);
                job.ended = Some(Ended::Failed(Box::new(outcome)));
            }
            Err(error) => {
                let outcome = CallOutcome::from_error(&error, live.store.data().memory.denied);
                job.ended = Some(Ended::Failed(Box::new(outcome)));
                return;
            }
        }
    }
}

/// A preview 1 reactor sets itself up in `_initialize`, which has to run before anything else.
async fn initialize_reactor(
    store: &mut Store<StoreData>,
    instance: &wasmtime::Instance,
) -> Result<()> {
    let Ok(initialize) = instance.get_typed_func::<(), ()>(&mut *store, "_initialize") else {
        return Ok(());
    };
    initialize
        .call_async(&mut *store, ())
        .await
        .map_err(|error| {
            CallOutcome::from_error(&error, store.data().memory.denied).into_error("initializing")
        })
}
