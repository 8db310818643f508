// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Guest work as a future that somebody else polls: C++ through the door, or an HTTP connection's own task.

use crate::engine::EngineShared;
use crate::error::{CallOutcome, Code, DoorError, Outcome, Result, panic_text};
use crate::flat::Args;
use crate::function::Function;
use crate::instance::{Encoding, Instance};
use crate::link::Linked;
use crate::store::Stdio;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::time::Sleep;
use tokio_util::sync::ReusableBoxFuture;

/// How long work may take. The clock is read only when the work did not end at once (most calls do): at the first tick
/// of the epoch inside the guest, or when the guest first waits. So a deadline is late by at most a tick, and a short
/// call reads no clock and arms no timer, each of which costs more than the call.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    /// Zero: none.
    timeout: Duration,
    at: Option<Instant>,
}

impl Deadline {
    pub fn after(timeout: Duration) -> Self {
        Self { timeout, at: None }
    }

    /// None: never.
    pub(crate) fn at(&mut self) -> Option<Instant> {
        if self.at.is_none() && !self.timeout.is_zero() {
            self.at = Instant::now().checked_add(self.timeout);
        }
        self.at
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

    /// The timer keeps the waker, and that the task whose timer it is.
    pub(crate) fn disarm(&mut self) {
        self.timer = None;
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

/// Everything that one call is made of, at a place of its own that outlives the call's future: the future itself is then
/// little more than a pointer, and the buffers serve the next call too.
pub struct CallFrame {
    pub(crate) instance: Arc<Instance>,
    pub(crate) function: Arc<Function>,
    pub(crate) encoding: Encoding,
    pub(crate) request: Vec<u8>,
    pub(crate) args: Args,
    pub(crate) deadline: Deadline,
}

/// A call's future on its frame.
pub(crate) struct FrameRef(*const CallFrame);

// SAFETY: shared data that nobody writes while the future runs; `CallFrame` is Sync.
unsafe impl Send for FrameRef {}

impl FrameRef {
    pub(crate) fn frame(&self) -> &CallFrame {
        // SAFETY: `GuestTask` writes to a frame only while no work is running, and drops its work first.
        unsafe { &*self.0 }
    }
}

type Work = ReusableBoxFuture<'static, Finished>;

/// One call, command or instantiation, until it is finished. Can be used for another call then, with its memory.
pub struct GuestTask {
    // Dropped before the frame, which it points to.
    work: Work,
    frame: Option<Box<CallFrame>>,
    running: bool,
    watch: Watch,
    engine: Arc<EngineShared>,
    starts_instance: bool,
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
        let nothing = ReusableBoxFuture::new(std::future::pending());
        let none = Deadline::after(Duration::ZERO);
        let mut task = Self::new(nothing, none, instance.linked.engine().clone(), false);
        task.frame = Some(Box::new(CallFrame {
            instance: instance.clone(),
            function: function.clone(),
            encoding,
            request: Vec::new(),
            args: Args::none(),
            deadline: none,
        }));
        task.call_again(function, encoding, request, timeout);
        task
    }

    /// Makes a finished call another one of the same instance.
    pub fn call_again(
        &mut self,
        function: &Arc<Function>,
        encoding: Encoding,
        request: &[u8],
        timeout: Duration,
    ) {
        let reply = match self.finished.take() {
            Some(Finished::Call(mut last)) => {
                last.payload.clear();
                last.payload
            }
            _ => Vec::new(),
        };
        let frame = self.frame.as_mut().expect("only calls are made calls again");
        if !Arc::ptr_eq(&frame.function, function) {
            frame.function = function.clone();
        }
        frame.encoding = encoding;
        frame.request.clear();
        frame.request.extend_from_slice(request);
        let timeout = smaller_timeout(timeout, frame.instance.linked.stores.limits.call_timeout);
        frame.deadline = Deadline::after(timeout);
        self.watch = Watch::new(frame.deadline);
        let refused = crate::instance::decode_flat(frame).err();
        let frame = FrameRef(std::ptr::from_ref::<CallFrame>(frame));
        match refused {
            None => self.work.set(crate::instance::call(frame, reply)),
            Some(message) => {
                let outcome = CallOutcome::failed(Outcome::BadArguments, message);
                self.work.set(std::future::ready(Finished::Call(outcome)));
            }
        }
        self.running = true;
    }

    pub fn start_instance(linked: Arc<Linked>, stdio: Stdio) -> Self {
        let deadline = Deadline::after(linked.stores.limits.call_timeout);
        let engine = linked.engine().clone();
        let work = ReusableBoxFuture::new(async move {
            Finished::Instance(Instance::start(linked, stdio, deadline).await)
        });
        Self::new(work, deadline, engine, true)
    }

    pub fn run_command(linked: Arc<Linked>, stdio: Stdio, timeout: Duration) -> Self {
        let deadline = Deadline::after(timeout);
        let engine = linked.engine().clone();
        let work = ReusableBoxFuture::new(async move {
            Finished::Call(crate::command::run(linked, stdio, deadline).await)
        });
        Self::new(work, deadline, engine, false)
    }

    fn new(work: Work, deadline: Deadline, engine: Arc<EngineShared>, starts_instance: bool) -> Self {
        Self {
            work,
            frame: None,
            running: true,
            watch: Watch::new(deadline),
            engine,
            starts_instance,
            finished: None,
        }
    }

    /// Runs the guest until it is done, has to wait, or used up its slice. True: finished.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        if !self.running {
            return true;
        }
        self.engine.enter_tokio();
        let (work, watch) = (&mut self.work, &mut self.watch);
        let polled = catch_unwind(AssertUnwindSafe(|| match work.poll(cx) {
            Poll::Ready(finished) => Poll::Ready(Some(finished)),
            Poll::Pending if watch.poll_passed(cx) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }));
        match polled {
            Ok(Poll::Pending) => return false,
            Ok(Poll::Ready(Some(finished))) => {
                self.running = false;
                self.watch.disarm();
                self.finished = Some(finished);
            }
            Ok(Poll::Ready(None)) => self.cut(CallOutcome::timed_out()),
            Err(panic) => self.cut(CallOutcome::failed(Outcome::Trapped, panic_text(&*panic))),
        }
        true
    }

    /// Drops the work where it is; a guest that was inside loses its store.
    pub fn cancel(&mut self) {
        if self.running {
            self.engine.enter_tokio();
            self.cut(CallOutcome::cancelled());
        }
    }

    /// How a call or command ended; a failure for anything else.
    pub fn outcome(&self) -> Option<&CallOutcome> {
        match &self.finished {
            Some(Finished::Call(outcome)) => Some(outcome),
            _ => None,
        }
    }

    /// The buffers it holds on to.
    pub fn memory_bytes(&self) -> usize {
        self.frame.as_ref().map_or(0, |frame| frame.request.capacity())
            + self.outcome().map_or(0, |ended| ended.payload.capacity())
    }

    pub fn take(&mut self) -> Finished {
        self.finished.take().unwrap_or_else(|| {
            let outcome = CallOutcome::failed(Outcome::Cancelled, "the result was taken before");
            Finished::Call(outcome)
        })
    }

    fn cut(&mut self, outcome: CallOutcome) {
        self.running = false;
        self.watch.disarm();
        let work = &mut self.work;
        let dropped = catch_unwind(AssertUnwindSafe(|| work.set(std::future::pending())));
        let outcome = match dropped {
            Ok(()) => outcome,
            Err(panic) => CallOutcome::failed(Outcome::Trapped, panic_text(&*panic)),
        };
        self.finished = Some(if self.starts_instance {
            Finished::Instance(Err(outcome.into_error("instantiating")))
        } else {
            Finished::Call(outcome)
        });
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
