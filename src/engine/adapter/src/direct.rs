// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Calls from one guest to another of this process with nobody in between. Who may be called, and by which import, is
//! decided elsewhere; here a call finds an idle replica of those, takes its turn and polls it inside of the caller's own
//! poll. One that cannot have to wait, as its component imports nothing, runs on the caller's stack, which saves it a fiber.
//! A call that finds no idle replica goes by the import's target (`import.rs`), as all others do.

use crate::call::{self, Begun, GuestTask, smaller_timeout};
use crate::error::{CallOutcome, Outcome};
use crate::function::Function;
use crate::instance::{Encoding, Instance};
use crate::layout::FunctionLayout;
use crate::link::Linked;
use crate::lock::locked;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// Who looks after a replica that is called directly. Thread: any. Dropped when the replica was removed and its last
/// direct call has ended.
pub trait Keeper: Send + Sync {
    /// A call did not return; the instance may be dead now.
    fn failed(&self, function: &str, outcome: &CallOutcome);
    /// A call holds this thread for longer than a tick and cannot yield; false: it has ended.
    fn holds_thread(&self, holds: bool);
}

/// The replicas of one deployment that guests of this process may call directly.
pub struct Callees {
    linked: Arc<Linked>,
    /// That these calls may take; zero: as long as any.
    call_timeout: Duration,
    /// Its component imports nothing, and no call has held its thread for long so far.
    inline: AtomicBool,
    members: Mutex<Vec<Arc<Callee>>>,
    /// How often `members` has changed.
    changes: AtomicU64,
}

pub struct Callee {
    instance: Arc<Instance>,
    keeper: Box<dyn Keeper>,
    callees: Weak<Callees>,
    /// Of the call that is in it, if that is inline.
    ticks: AtomicU64,
}

/// How many busy replicas a call looks at before it leaves the choice to the target.
const LOOKS_MAX: usize = 4;

impl Callees {
    /// None: what it imports from other deployments has to know who called, which a direct call does not tell; or it is a
    /// core module, or of an engine with concurrency, where a guest must not run inside of another's poll.
    pub fn of(linked: &Arc<Linked>, call_timeout: Duration) -> Option<Arc<Self>> {
        let passes = linked
            .functions()
            .iter()
            .any(|function| function.passes_arenas);
        if !passes || !linked.imported().is_empty() || linked.engine().settings.concurrency {
            return None;
        }
        Some(Arc::new(Self {
            inline: AtomicBool::new(linked.imports_nothing()),
            linked: linked.clone(),
            call_timeout,
            members: Mutex::default(),
            changes: AtomicU64::new(0),
        }))
    }

    pub fn add(self: &Arc<Self>, instance: &Arc<Instance>, keeper: Box<dyn Keeper>) {
        let member = Callee {
            instance: instance.clone(),
            keeper,
            callees: Arc::downgrade(self),
            ticks: AtomicU64::new(0),
        };
        locked(&self.members).push(Arc::new(member));
        self.changes.fetch_add(1, Ordering::Release);
    }

    /// No call looks for it from here on; one that has found it may be about to begin, and then has its keeper. No-op for
    /// what was not added.
    pub fn remove(&self, instance: &Arc<Instance>) {
        let mut members = locked(&self.members);
        let place = members
            .iter()
            .position(|member| Arc::ptr_eq(&member.instance, instance));
        let removed = place.map(|place| members.swap_remove(place));
        drop(members);
        self.changes.fetch_add(1, Ordering::Release);
        // Not under the lock: its keeper may be told.
        drop(removed);
    }
}

impl Callee {
    /// Inside of its guest, which runs on the stack of a caller. Err: it was stopped.
    pub(crate) fn ticked(&self) -> Result<(), Stopped> {
        if !self.instance.alive() {
            return Err(Stopped);
        }
        // The first tick may have come right after the call began.
        if self.ticks.fetch_add(1, Ordering::Relaxed) == 1 {
            if let Some(callees) = self.callees.upgrade() {
                callees.inline.store(false, Ordering::Relaxed);
            }
            self.keeper.holds_thread(true);
        }
        Ok(())
    }

    fn failed(&self, function: &Function, outcome: &CallOutcome) -> String {
        self.keeper.failed(&function.name, outcome);
        outcome.message.clone()
    }

    /// Before the turn is given on.
    pub(crate) fn inline_ended(&self) {
        self.instance.direct.inside.store(false, Ordering::Relaxed);
        if self.ticks.load(Ordering::Relaxed) > 0 && self.ticks.swap(0, Ordering::Relaxed) > 1 {
            self.keeper.holds_thread(false);
        }
    }
}

#[derive(Debug)]
pub(crate) struct Stopped;

impl std::fmt::Display for Stopped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("it was stopped")
    }
}

impl std::error::Error for Stopped {}

/// Whose stack a call is on; null: its own fiber's.
#[derive(Clone, Copy)]
pub(crate) struct Inline(*const Callee);

// SAFETY: used by the thread that runs the guest.
unsafe impl Send for Inline {}
unsafe impl Sync for Inline {}

impl Inline {
    pub(crate) const NO: Self = Self(std::ptr::null());

    pub(crate) fn is_no(self) -> bool {
        self.0.is_null()
    }

    /// # Safety
    /// The call that this was made for has not ended.
    pub(crate) unsafe fn callee(&self) -> Option<&Callee> {
        unsafe { self.0.as_ref() }
    }
}

/// What an instance knows of the direct calls into it.
#[derive(Default)]
pub(crate) struct DirectCalls {
    /// Written by who has the turn.
    count: AtomicU64,
    /// For show.
    inside: AtomicBool,
    /// Of one that waits.
    waker: Mutex<Option<Waker>>,
}

impl Instance {
    /// Direct calls so far.
    pub fn direct_calls(&self) -> u64 {
        self.direct.count.load(Ordering::Relaxed)
    }

    /// Whether one is under way.
    pub fn in_direct_call(&self) -> bool {
        self.direct.inside.load(Ordering::Relaxed)
    }

    /// Ends the direct call that is under way, if there is one, and with it the store.
    pub fn cut_direct_call(&self) {
        self.close();
        let waker = locked(&self.direct.waker).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Where one imported function leads to directly, if it does.
pub struct Wire {
    /// `ns:pkg/iface@1.0.0#add`
    import: Arc<str>,
    layout: Arc<FunctionLayout>,
    bound: Mutex<Option<Arc<Bound>>>,
    /// How often `bound` has changed.
    changes: AtomicU64,
}

struct Bound {
    import: Arc<str>,
    callees: Arc<Callees>,
    function: Arc<Function>,
}

impl Wire {
    pub(crate) fn new(import: &str, layout: Arc<FunctionLayout>) -> Self {
        Self {
            import: import.into(),
            layout,
            bound: Mutex::default(),
            changes: AtomicU64::new(0),
        }
    }

    /// False: `function`, which is the full name of one of its exports, is not called directly with these values.
    pub fn bind(&self, callees: &Arc<Callees>, function: &str) -> bool {
        let all = callees.linked.functions();
        let found = all.iter().find(|candidate| candidate.name == function);
        let layout = Some(&*self.layout).filter(|layout| !layout.handles());
        let fits = found.filter(|found| {
            found.passes_arenas && layout.is_some() && found.layout.as_ref() == layout
        });
        self.set(fits.map(|function| {
            Arc::new(Bound {
                import: self.import.clone(),
                callees: callees.clone(),
                function: function.clone(),
            })
        }));
        fits.is_some()
    }

    pub fn unbind(&self) {
        self.set(None);
    }

    fn set(&self, bound: Option<Arc<Bound>>) {
        let before = std::mem::replace(&mut *locked(&self.bound), bound);
        self.changes.fetch_add(1, Ordering::Release);
        drop(before);
    }
}

/// What a store has last seen of its wires, so that a call takes no lock. It keeps nobody alive but the provider's code.
#[derive(Default)]
pub(crate) struct Known {
    /// Whether calls may hold the thread that runs this store until they have ended.
    pub(crate) calls_inline: bool,
    /// By number.
    wires: Vec<KnownWire>,
}

#[derive(Default)]
struct KnownWire {
    /// As of the wire, and 1 more: 0 is never.
    changes: u64,
    bound: Option<Arc<Bound>>,
    callee_changes: u64,
    callees: Vec<Weak<Callee>>,
}

impl KnownWire {
    #[cold]
    fn refresh(&mut self, wire: &Wire) {
        self.changes = wire.changes.load(Ordering::Acquire) + 1;
        let bound = locked(&wire.bound).clone();
        self.bound = bound;
        self.callees.clear();
        let Some(bound) = &self.bound else {
            return;
        };
        self.callee_changes = bound.callees.changes.load(Ordering::Acquire);
        let members = locked(&bound.callees.members);
        self.callees.extend(members.iter().map(Arc::downgrade));
    }

    fn stale(&self, wire: &Wire) -> bool {
        let changed = |bound: &Arc<Bound>| {
            bound.callees.changes.load(Ordering::Acquire) != self.callee_changes
        };
        self.changes != wire.changes.load(Ordering::Acquire) + 1
            || self.bound.as_ref().is_some_and(changed)
    }
}

impl Known {
    /// An idle replica of those that the wire with this number leads to, with its turn.
    pub(crate) fn idle(&mut self, number: u32, wire: &Wire) -> Option<Idle<'_>> {
        let calls_inline = self.calls_inline;
        let known = self.fresh(number, wire);
        let bound = known.bound.as_ref()?;
        let callee = take_idle(&known.callees)?;
        Some(Idle {
            inline: calls_inline && bound.callees.inline.load(Ordering::Relaxed),
            callee,
            bound,
        })
    }

    fn fresh(&mut self, number: u32, wire: &Wire) -> &KnownWire {
        let number = number as usize;
        if self.wires.len() <= number {
            self.wires.resize_with(number + 1, KnownWire::default);
        }
        let known = &mut self.wires[number];
        if known.stale(wire) {
            known.refresh(wire);
        }
        known
    }
}

fn take_idle(callees: &[Weak<Callee>]) -> Option<Arc<Callee>> {
    let mut looks = callees.iter().take(LOOKS_MAX).filter_map(Weak::upgrade);
    let callee = looks.find(|callee| callee.instance.turn.try_take())?;
    let calls = &callee.instance.direct;
    // Others only read it.
    let before = calls.count.load(Ordering::Relaxed);
    calls.count.store(before + 1, Ordering::Relaxed);
    calls.inside.store(true, Ordering::Relaxed);
    Some(callee)
}

/// A replica whose turn is the caller's: one of these follows.
#[must_use]
pub(crate) struct Idle<'a> {
    callee: Arc<Callee>,
    bound: &'a Arc<Bound>,
    inline: bool,
}

impl Idle<'_> {
    pub(crate) fn is_inline(&self) -> bool {
        self.inline
    }

    /// On this stack, to its end. `request` was taken out of the caller by the function's layout.
    pub(crate) fn call_inline(
        self,
        encoding: Encoding,
        request: &[u8],
        timeout: Duration,
        returned: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), String> {
        let Self { callee, bound, .. } = &self;
        let function = &bound.function;
        let timeout = smaller_timeout(timeout, bound.callees.call_timeout);
        let inline = Inline(Arc::as_ptr(callee));
        let ended = call::call_inline(
            &callee.instance,
            function,
            encoding,
            request,
            timeout,
            inline,
            returned,
        );
        ended.map_err(|outcome| callee.failed(function, &outcome))
    }

    /// To be polled.
    pub(crate) fn take(self) -> Taken {
        Taken {
            bound: self.bound.clone(),
            callee: self.callee,
            task: None,
            begun: false,
        }
    }
}

/// The same for a call with a fiber of its own.
pub(crate) struct Taken {
    callee: Arc<Callee>,
    bound: Arc<Bound>,
    /// Of a call that did not end at once.
    task: Option<Box<GuestTask>>,
    /// The turn is the call's.
    begun: bool,
}

impl Taken {
    /// The function that the caller has called.
    pub(crate) fn import(&self) -> &str {
        &self.bound.import
    }

    /// The request as in `call_inline`, and the same until this has ended.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        encoding: Encoding,
        request: &[u8],
        timeout: Duration,
        returned: impl FnOnce(&mut Vec<u8>),
    ) -> Poll<Result<(), String>> {
        let instance = &self.callee.instance;
        let Some(task) = &mut self.task else {
            self.begun = true;
            let timeout = smaller_timeout(timeout, self.bound.callees.call_timeout);
            let begun = call::begin_with_turn(
                instance,
                Some(&self.bound.function),
                encoding,
                request,
                timeout,
                cx,
                returned,
            );
            return match begun {
                Begun::Returned => Poll::Ready(Ok(())),
                Begun::Failed(outcome) => Poll::Ready(Err(self.failed(&outcome))),
                Begun::Pending(task) => {
                    self.task = Some(Box::new(task));
                    self.watch(cx)
                }
            };
        };
        if !task.poll(cx) {
            return self.watch(cx);
        }
        let mut outcome = task.take().outcome();
        if outcome.outcome == Outcome::Returned {
            returned(&mut outcome.payload);
            return Poll::Ready(Ok(()));
        }
        Poll::Ready(Err(self.failed(&outcome)))
    }

    /// It waits: whoever stops the replica has to know whom to wake.
    fn watch(&mut self, cx: &Context<'_>) -> Poll<Result<(), String>> {
        let instance = &self.callee.instance;
        *locked(&instance.direct.waker) = Some(cx.waker().clone());
        if instance.alive() {
            return Poll::Pending;
        }
        let outcome = instance.dead();
        if let Some(task) = &mut self.task {
            task.cancel();
        }
        Poll::Ready(Err(self.failed(&outcome)))
    }

    fn failed(&self, outcome: &CallOutcome) -> String {
        self.callee.failed(&self.bound.function, outcome)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let instance = &self.callee.instance;
        instance.direct.inside.store(false, Ordering::Relaxed);
        match &mut self.task {
            Some(task) => {
                task.cancel();
                let waker = locked(&instance.direct.waker).take();
                drop(waker);
            }
            None if !self.begun => instance.turn.give(),
            None => {}
        }
    }
}
