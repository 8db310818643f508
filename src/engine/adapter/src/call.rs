// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Guest work as a future that somebody else polls: C++ through the door, or an HTTP connection's own task.

use crate::direct::Inline;
use crate::engine::EngineShared;
use crate::error::{CallOutcome, Code, DoorError, Outcome, Result, panic_text};
use crate::function::Function;
use crate::instance::{Encoding, Instance};
use crate::link::Linked;
use crate::store::Stdio;
use crate::turn::Ticket;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};
use tokio::time::Sleep;

/// How long work may take. The clock is read only when the work did not end at once (most calls do): at the first tick
/// of the epoch inside the guest, or when the guest first waits. So a deadline is late by at most a tick, and a short
/// call reads no clock and arms no timer, each of which costs more than the call.
///
/// In nanoseconds, in one word because every call hands it on twice: zero is none; without `FIXED` they count from the
/// moment when the clock is first read, with it from `origin()`.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(u64);

const FIXED: u64 = 1 << 63;

/// Of this process, before any deadline.
fn origin() -> Instant {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    *ORIGIN.get_or_init(Instant::now)
}

impl Deadline {
    /// Zero: none. More than centuries are as many centuries.
    pub fn after(timeout: Duration) -> Self {
        let seconds = timeout.as_secs().saturating_mul(1_000_000_000);
        let nanoseconds = seconds.saturating_add(timeout.subsec_nanos().into());
        Self(nanoseconds.min(FIXED / 4))
    }

    /// None: never.
    pub(crate) fn at(&mut self) -> Option<Instant> {
        if self.0 == 0 {
            return None;
        }
        if self.0 & FIXED == 0 {
            let so_far = origin().elapsed().as_nanos() as u64;
            self.0 = FIXED | so_far.saturating_add(self.0).min(FIXED / 2);
        }
        Some(origin() + Duration::from_nanos(self.0 & !FIXED))
    }

    pub(crate) fn passed(&mut self) -> bool {
        self.at().is_some_and(|at| Instant::now() >= at)
    }
}

/// The smaller of two time-outs, of which zero is none.
pub fn smaller_timeout(a: Duration, b: Duration) -> Duration {
    match (a.is_zero(), b.is_zero()) {
        (true, _) => b,
        (_, true) => a,
        _ => a.min(b),
    }
}

/// The lazily armed timer of one piece of work.
pub(crate) struct Watch {
    deadline: Deadline,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Watch {
    pub(crate) fn new(deadline: Deadline) -> Self {
        Self {
            deadline,
            timer: None,
        }
    }

    /// To be polled when the work itself is pending, inside a tokio context; true: the deadline passed.
    pub(crate) fn poll_passed(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(at) = self.deadline.at() else {
            return false;
        };
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at.into())));
        timer.as_mut().poll(cx).is_ready()
    }
}

/// What work ends with.
pub enum Finished {
    Call(CallOutcome),
    Instance(Result<Arc<Instance>>),
}

/// A call that did not end at once.
struct Call {
    instance: Arc<Instance>,
    stage: Stage,
    watch: Watch,
}

enum Stage {
    Waiting(Box<Waiting>),
    /// Has the turn, and its job is in the frame, which borrows the request.
    Inside {
        _request: Vec<u8>,
    },
    Ended,
}

/// What a call needs once it gets its turn.
struct Waiting {
    ticket: Ticket,
    /// None: only what others have dropped.
    function: Option<Arc<Function>>,
    encoding: Encoding,
    request: Vec<u8>,
}

/// How the beginning of a call went.
pub enum Begun {
    /// The result was shown to `returned`.
    Returned,
    Failed(Box<CallOutcome>),
    Pending(GuestTask),
}

/// Calls at once if the instance is idle. Most calls end in here, and their result is shown to `returned`, which may take
/// it.
pub fn begin_call(
    instance: &Arc<Instance>,
    function: &Arc<Function>,
    encoding: Encoding,
    request: &[u8],
    timeout: Duration,
    cx: &mut Context<'_>,
    returned: impl FnOnce(&mut Vec<u8>),
) -> Begun {
    begin(
        instance,
        Some(function),
        encoding,
        request,
        timeout,
        cx,
        returned,
    )
}

/// The same without a call: ends the resources that `Instance::drop_handles` was told of. Nothing is returned.
pub fn begin_settling(instance: &Arc<Instance>, cx: &mut Context<'_>) -> Begun {
    let timeout = Duration::ZERO;
    begin(instance, None, Encoding::Handles, &[], timeout, cx, |_| ())
}

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// What a guest of a store with concurrency calls here must not run another such store on this thread: Wasmtime panics,
/// as the first one's event loop is on the stack. Calls that begin meanwhile are left for their next poll.
pub(crate) fn inside_event_loop<R>(call: impl FnOnce() -> R) -> R {
    struct Leave(bool);
    impl Drop for Leave {
        fn drop(&mut self) {
            INSIDE.set(self.0);
        }
    }
    let _leave = Leave(INSIDE.replace(true));
    call()
}

fn begin(
    instance: &Arc<Instance>,
    function: Option<&Arc<Function>>,
    encoding: Encoding,
    request: &[u8],
    timeout: Duration,
    cx: &mut Context<'_>,
    returned: impl FnOnce(&mut Vec<u8>),
) -> Begun {
    if instance.has_event_loop() && INSIDE.get() {
        let task = GuestTask::waiting(instance, function, encoding, request, timeout);
        cx.waker().wake_by_ref();
        return Begun::Pending(task);
    }
    if !instance.turn.try_take() {
        let mut task = GuestTask::waiting(instance, function, encoding, request, timeout);
        if !task.poll(cx) {
            return Begun::Pending(task);
        }
        let mut outcome = task.take().outcome();
        if outcome.outcome == Outcome::Returned {
            returned(&mut outcome.payload);
            return Begun::Returned;
        }
        return Begun::Failed(Box::new(outcome));
    }
    begin_with_turn(instance, function, encoding, request, timeout, cx, returned)
}

/// Calls a guest that cannot have to wait, whose turn the caller has, on this stack and to its end.
pub(crate) fn call_inline(
    instance: &Arc<Instance>,
    function: &Arc<Function>,
    encoding: Encoding,
    request: &[u8],
    timeout: Duration,
    inline: Inline,
    returned: impl FnOnce(&mut Vec<u8>),
) -> Result<(), Box<CallOutcome>> {
    let timeout = smaller_timeout(timeout, instance.linked.stores.limits.call_timeout);
    let mut cx = Context::from_waker(Waker::noop());
    let deadline = Deadline::after(timeout);
    // SAFETY: the turn is ours, and the request the caller's while this runs.
    let ended = unsafe {
        match enter(instance, Some(function), encoding, request, deadline) {
            Err(outcome) => Err(outcome),
            Ok(()) => {
                instance.submitted_inline(inline);
                match instance.step(&mut cx, returned) {
                    Poll::Ready(ended) => ended,
                    Poll::Pending => {
                        instance.cut();
                        let text = "a call that cannot wait has to";
                        Err(Box::new(CallOutcome::failed(Outcome::Trapped, text)))
                    }
                }
            }
        }
    };
    // SAFETY: the caller keeps it until this is over.
    if let Some(callee) = unsafe { inline.callee() } {
        callee.inline_ended();
    }
    instance.turn.give();
    ended
}

/// Calls an instance whose turn the caller has; it is the call's from here on.
pub(crate) fn begin_with_turn(
    instance: &Arc<Instance>,
    function: Option<&Arc<Function>>,
    encoding: Encoding,
    request: &[u8],
    timeout: Duration,
    cx: &mut Context<'_>,
    returned: impl FnOnce(&mut Vec<u8>),
) -> Begun {
    let timeout = smaller_timeout(timeout, instance.linked.stores.limits.call_timeout);
    let mut watch = Watch::new(Deadline::after(timeout));
    let _visit = instance.linked.engine().enter_tokio();
    // SAFETY: the turn is ours. The request is the caller's while this runs, and a copy of it in a call that goes on.
    let ended = unsafe {
        match enter(instance, function, encoding, request, watch.deadline) {
            Err(outcome) => Err(outcome),
            Ok(()) => match instance.step(cx, returned) {
                Poll::Ready(ended) => ended,
                Poll::Pending if watch.poll_passed(cx) => {
                    instance.cut();
                    Err(Box::new(CallOutcome::timed_out()))
                }
                Poll::Pending => {
                    let request = request.to_vec();
                    instance.request_moved(&request);
                    return Begun::Pending(GuestTask::new(Work::Call(Call {
                        instance: instance.clone(),
                        stage: Stage::Inside { _request: request },
                        watch,
                    })));
                }
            },
        }
    };
    instance.turn.give();
    match ended {
        Ok(()) => Begun::Returned,
        Err(outcome) => Begun::Failed(outcome),
    }
}

/// # Safety
/// The caller has the turn, and what is said of `request` at `Instance::submit`.
unsafe fn enter(
    instance: &Instance,
    function: Option<&Arc<Function>>,
    encoding: Encoding,
    request: &[u8],
    deadline: Deadline,
) -> Result<(), Box<CallOutcome>> {
    if !instance.alive() {
        return Err(Box::new(instance.dead()));
    }
    let Some(function) = function else {
        unsafe { instance.submit_settling(deadline) };
        return Ok(());
    };
    unsafe { instance.submit(function, encoding, request, deadline) }
        .map_err(|message| Box::new(CallOutcome::failed(Outcome::BadArguments, message)))
}

impl Call {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<CallOutcome> {
        let _visit = self.instance.linked.engine().enter_tokio();
        if let Stage::Waiting(waiting) = &mut self.stage {
            if waiting.ticket.poll(&self.instance.turn, cx).is_pending() {
                if !self.watch.poll_passed(cx) {
                    return Poll::Pending;
                }
                self.leave();
                return Poll::Ready(CallOutcome::timed_out());
            }
            let request = std::mem::take(&mut waiting.request);
            // SAFETY: the turn is ours now, and the request stays with the call. The deadline knows how long that took.
            let entered = unsafe {
                enter(
                    &self.instance,
                    waiting.function.as_ref(),
                    waiting.encoding,
                    &request,
                    self.watch.deadline,
                )
            };
            if let Err(outcome) = entered {
                self.stage = Stage::Ended;
                self.instance.turn.give();
                return Poll::Ready(*outcome);
            }
            self.stage = Stage::Inside { _request: request };
        }
        let mut payload = Vec::new();
        // SAFETY: the turn is ours, and our job is in the frame.
        let stepped = unsafe {
            self.instance
                .step(cx, |reply| payload = std::mem::take(reply))
        };
        match stepped {
            Poll::Ready(ended) => {
                self.stage = Stage::Ended;
                self.instance.turn.give();
                Poll::Ready(match ended {
                    Ok(()) => CallOutcome::returned(payload),
                    Err(outcome) => *outcome,
                })
            }
            Poll::Pending if self.watch.poll_passed(cx) => {
                self.leave();
                Poll::Ready(CallOutcome::timed_out())
            }
            Poll::Pending => Poll::Pending,
        }
    }

    /// Gives up, wherever it is; a guest that was inside loses its store.
    fn leave(&mut self) {
        match std::mem::replace(&mut self.stage, Stage::Ended) {
            Stage::Waiting(mut waiting) => waiting.ticket.leave(&self.instance.turn),
            Stage::Inside { _request } => {
                // SAFETY: the turn is ours.
                unsafe { self.instance.cut() };
                self.instance.turn.give();
            }
            Stage::Ended => {}
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Anything else than a call.
struct Other {
    future: Pin<Box<dyn Future<Output = Finished> + Send>>,
    watch: Watch,
    engine: Arc<EngineShared>,
    starts_instance: bool,
}

enum Work {
    Call(Call),
    Other(Other),
    Done,
}

/// One call, command or instantiation, until it is finished.
pub struct GuestTask {
    work: Work,
    finished: Option<Finished>,
}

impl GuestTask {
    pub fn call(
        instance: &Arc<Instance>,
        function: &Arc<Function>,
        encoding: Encoding,
        request: &[u8],
        timeout: Duration,
    ) -> Self {
        Self::waiting(instance, Some(function), encoding, request, timeout)
    }

    fn waiting(
        instance: &Arc<Instance>,
        function: Option<&Arc<Function>>,
        encoding: Encoding,
        request: &[u8],
        timeout: Duration,
    ) -> Self {
        let timeout = smaller_timeout(timeout, instance.linked.stores.limits.call_timeout);
        Self::new(Work::Call(Call {
            instance: instance.clone(),
            watch: Watch::new(Deadline::after(timeout)),
            stage: Stage::Waiting(Box::new(Waiting {
                ticket: Ticket::new(),
                function: function.cloned(),
                encoding,
                request: request.to_vec(),
            })),
        }))
    }

    pub fn start_instance(linked: Arc<Linked>, stdio: Stdio) -> Self {
        let deadline = Deadline::after(linked.stores.limits.call_timeout);
        Self::new(Work::Other(Other {
            watch: Watch::new(deadline),
            engine: linked.engine().clone(),
            starts_instance: true,
            future: Box::pin(async move {
                Finished::Instance(Instance::start(linked, stdio, deadline).await)
            }),
        }))
    }

    pub fn run_command(linked: Arc<Linked>, stdio: Stdio, timeout: Duration) -> Self {
        let deadline = Deadline::after(timeout);
        Self::new(Work::Other(Other {
            watch: Watch::new(deadline),
            engine: linked.engine().clone(),
            starts_instance: false,
            future: Box::pin(async move {
                Finished::Call(crate::command::run(linked, stdio, deadline).await)
            }),
        }))
    }

    fn new(work: Work) -> Self {
        Self {
            work,
            finished: None,
        }
    }

    /// Runs the guest until it is done, has to wait, or used up its slice. True: finished.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        let finished = match &mut self.work {
            Work::Done => return true,
            Work::Call(call) => call.poll(cx).map(Finished::Call),
            Work::Other(other) => other.poll(cx),
        };
        let Poll::Ready(finished) = finished else {
            return false;
        };
        self.finish(finished);
        true
    }

    /// Drops the work where it is; a guest that was inside loses its store.
    pub fn cancel(&mut self) {
        // Until the guest is gone.
        let (_visit, cancelled) = match &self.work {
            Work::Done => return,
            Work::Call(call) => (
                call.instance.linked.engine().enter_tokio(),
                Finished::Call(CallOutcome::cancelled()),
            ),
            Work::Other(other) => (
                other.engine.enter_tokio(),
                other.stopped(CallOutcome::cancelled()),
            ),
        };
        self.finish(cancelled);
    }

    /// How a call or command ended.
    pub fn outcome(&self) -> Option<&CallOutcome> {
        match &self.finished {
            Some(Finished::Call(outcome)) => Some(outcome),
            _ => None,
        }
    }

    pub fn take(&mut self) -> Finished {
        self.finished.take().unwrap_or_else(|| {
            let outcome = CallOutcome::failed(Outcome::Cancelled, "the result was taken before");
            Finished::Call(outcome)
        })
    }

    /// Also drops the timer, which keeps the waker, which keeps whoever owns this.
    fn finish(&mut self, finished: Finished) {
        let work = std::mem::replace(&mut self.work, Work::Done);
        let _ = catch_unwind(AssertUnwindSafe(|| drop(work)));
        self.finished = Some(finished);
    }
}

impl Other {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Finished> {
        let _visit = self.engine.enter_tokio();
        let future = &mut self.future;
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(Poll::Ready(finished)) => Poll::Ready(finished),
            Ok(Poll::Pending) if self.watch.poll_passed(cx) => {
                Poll::Ready(self.stopped(CallOutcome::timed_out()))
            }
            Ok(Poll::Pending) => Poll::Pending,
            Err(panic) => {
                let outcome = CallOutcome::failed(Outcome::Trapped, panic_text(&*panic));
                Poll::Ready(self.stopped(outcome))
            }
        }
    }

    fn stopped(&self, outcome: CallOutcome) -> Finished {
        if self.starts_instance {
            Finished::Instance(Err(outcome.into_error("instantiating")))
        } else {
            Finished::Call(outcome)
        }
    }
}

impl Finished {
    pub fn outcome(self) -> CallOutcome {
        match self {
            Self::Call(outcome) => outcome,
            Self::Instance(_) => CallOutcome::failed(Outcome::Trapped, "an instance, not a call"),
        }
    }

    pub fn instance(self) -> Result<Arc<Instance>> {
        match self {
            Self::Instance(instance) => instance,
            Self::Call(outcome) => Err(DoorError::new(Code::Internal, outcome.message)),
        }
    }
}
