// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Serves wasi:http on a listening descriptor. One task accepts and hands connections round robin to the engine's HTTP
//! threads; each connection then lives on its thread, its guests too (`http_request`).

use crate::engine::{Engine, HttpThreads};
use crate::error::{CallOutcome, Code, DoorError, Result};
use crate::http_request::{Handler, answer};
use crate::link::{Linked, LinkedKind};
use crate::lock::locked;
use crate::store::Stdio;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::future::poll_fn;
use std::net::{TcpListener, TcpStream};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use wasmtime_wasi_http::p2::bindings::ProxyPre;
use wasmtime_wasi_http::p3::bindings::ServicePre;

/// A refused `accept` (no descriptors left) is tried again after this; the connection waits in the backlog.
const ACCEPT_RETRY: Duration = Duration::from_millis(20);
/// After the deadline of `stop` connections are cut; their tasks get this long to see it.
const CUT_GRACE: Duration = Duration::from_secs(1);
/// The head of a request: more is answered 431 by hyper.
const HEAD_BYTES_MAX: usize = 64 << 10;

const SERVING: u8 = 0;
const DRAINING: u8 = 1;
const CUT: u8 = 2;

#[derive(Clone, Copy, Debug, Default)]
pub struct Statistics {
    pub requests: u64,
    pub failed: u64,
    pub connections: u64,
    pub in_flight: u64,
}

pub(crate) struct Server {
    pub(crate) linked: Arc<Linked>,
    pub(crate) handler: Handler,
    pub(crate) stdio: Stdio,
    header_timeout: Duration,
    admission: Admission,
    connection_slots: Arc<Semaphore>,
    /// SERVING, DRAINING, CUT, in this order; a connection looks at it each time it is polled, which costs nothing,
    /// and is woken when it changes.
    stage: AtomicU8,
    stage_changed: Notify,
    /// Until the accepting task has ended and its descriptor is closed.
    listening: AtomicBool,
    /// A connection, or the listener.
    socket_closed: Notify,
    requests: AtomicU64,
    failed: AtomicU64,
    connections: AtomicU64,
    in_flight: AtomicU64,
    last_failure: Mutex<String>,
}

/// Bounds the requests in guests; the bound may change while they run.
struct Admission {
    permits: Arc<Semaphore>,
    bound: Mutex<usize>,
    /// Permits to take away as soon as they come back.
    debt: AtomicUsize,
}

/// One request's place, given back on drop.
pub(crate) struct Admitted {
    server: Arc<Server>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.server.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.server.requests.fetch_add(1, Ordering::Relaxed);
        let debt = &self.server.admission.debt;
        let pays = debt.load(Ordering::Relaxed) > 0
            && debt
                .fetch_update(Ordering::AcqRel, Ordering::Acquire, |debt| {
                    debt.checked_sub(1)
                })
                .is_ok();
        if pays && let Some(permit) = self.permit.take() {
            permit.forget();
        }
    }
}

impl Server {
    pub(crate) async fn admit(self: &Arc<Self>) -> Admitted {
        let permit = self.admission.permits.clone().acquire_owned().await.ok();
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Admitted {
            server: self.clone(),
            permit,
        }
    }

    pub(crate) fn count_refused(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_failure(&self, failure: &CallOutcome) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        let text = match failure.backtrace.is_empty() {
            true => failure.message.clone(),
            false => format!("{}\n{}", failure.message, failure.backtrace),
        };
        self.note(text);
    }

    fn note(&self, text: String) {
        *locked(&self.last_failure) = text;
    }

    fn enter(&self, stage: u8) {
        self.stage.fetch_max(stage, Ordering::AcqRel);
        self.stage_changed.notify_waiters();
    }

    /// Waits until the stage is `stage` or later.
    async fn reached(&self, stage: u8) {
        loop {
            let mut changed = pin!(self.stage_changed.notified());
            changed.as_mut().enable();
            if self.stage.load(Ordering::Acquire) >= stage {
                return;
            }
            changed.await;
        }
    }

    async fn all_closed(&self) {
        loop {
            let mut closed = pin!(self.socket_closed.notified());
            closed.as_mut().enable();
            let listening = self.listening.load(Ordering::Acquire);
            if !listening && self.connections.load(Ordering::Acquire) == 0 {
                return;
            }
            closed.await;
        }
    }
}

pub struct HttpServer {
    server: Arc<Server>,
    threads: Arc<HttpThreads>,
}

impl HttpServer {
    pub fn start(
        engine: &Engine,
        linked: Arc<Linked>,
        listener: TcpListener,
        stdio: Stdio,
        connections_max: usize,
        concurrent_max: usize,
    ) -> Result<Self> {
        let handler = handler_of(&linked)?;
        let threads = engine.http_threads()?;
        let io = |error: std::io::Error| DoorError::new(Code::Io, format!("the listener: {error}"));
        listener.set_nonblocking(true).map_err(io)?;
        listener.local_addr().map_err(io)?;
        let server = Arc::new(Server {
            header_timeout: linked.engine().settings.http_header_timeout,
            linked,
            handler,
            stdio,
            admission: Admission {
                permits: Arc::new(Semaphore::new(concurrent_max)),
                bound: Mutex::new(concurrent_max),
                debt: AtomicUsize::new(0),
            },
            connection_slots: Arc::new(Semaphore::new(connections_max)),
            stage: AtomicU8::new(SERVING),
            stage_changed: Notify::new(),
            listening: AtomicBool::new(true),
            socket_closed: Notify::new(),
            requests: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            in_flight: AtomicU64::new(0),
            last_failure: Mutex::new(String::new()),
        });
        let handles = threads.handles().to_vec();
        let first = handles[0].clone();
        let listening = Listening(server.clone());
        first.spawn(accept(listening, listener, handles));
        Ok(Self { server, threads })
    }

    /// Stops accepting, lets requests end until `deadline` has passed, then cuts them. `done` is called once, whatever
    /// happens, and then the listener is closed.
    pub fn stop(&self, deadline: Duration, done: impl FnOnce() + Send + 'static) {
        let done = CallOnDrop(Some(done));
        let server = self.server.clone();
        self.threads.handles()[0].spawn(async move {
            server.enter(DRAINING);
            let _ = tokio::time::timeout(deadline, server.all_closed()).await;
            server.enter(CUT);
            let _ = tokio::time::timeout(CUT_GRACE, server.all_closed()).await;
            drop(done);
        });
    }

    pub fn set_concurrent_max(&self, concurrent_max: usize) {
        let admission = &self.server.admission;
        let mut bound = locked(&admission.bound);
        if concurrent_max > *bound {
            let more = concurrent_max - *bound;
            // First what was still to be taken away, then new ones.
            let mut forgiven = 0;
            let _ = admission
                .debt
                .fetch_update(Ordering::AcqRel, Ordering::Acquire, |debt| {
                    forgiven = debt.min(more);
                    Some(debt - forgiven)
                });
            admission.permits.add_permits(more - forgiven);
        } else {
            let fewer = *bound - concurrent_max;
            let forgotten = admission.permits.forget_permits(fewer);
            admission
                .debt
                .fetch_add(fewer - forgotten, Ordering::AcqRel);
        }
        *bound = concurrent_max;
    }

    pub fn statistics(&self) -> Statistics {
        let server = &self.server;
        Statistics {
            requests: server.requests.load(Ordering::Relaxed),
            failed: server.failed.load(Ordering::Relaxed),
            connections: server.connections.load(Ordering::Relaxed),
            in_flight: server.in_flight.load(Ordering::Relaxed),
        }
    }

    pub fn last_failure(&self) -> String {
        locked(&self.server.last_failure).clone()
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.server.enter(CUT);
    }
}

struct CallOnDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Drop for CallOnDrop<F> {
    fn drop(&mut self) {
        if let Some(call) = self.0.take() {
            call();
        }
    }
}

fn handler_of(linked: &Linked) -> Result<Handler> {
    let LinkedKind::Component(pre) = &linked.kind else {
        return Err(DoorError::new(
            Code::InvalidComponent,
            "a core module cannot serve HTTP: it exports no wasi:http handler",
        ));
    };
    if linked.engine().settings.concurrency
        && let Ok(pre) = ServicePre::new(pre.clone())
    {
        return Ok(Handler::P3(pre));
    }
    match ProxyPre::new(pre.clone()) {
        Ok(pre) => Ok(Handler::P2(pre)),
        Err(_) => Err(DoorError::new(
            Code::InvalidComponent,
            "the component exports neither wasi:http/incoming-handler@0.2 nor wasi:http/handler@0.3",
        )),
    }
}

/// The listener's place among what `stop` waits for, given back on drop.
struct Listening(Arc<Server>);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.listening.store(false, Ordering::Release);
        self.0.socket_closed.notify_waiters();
    }
}

/// `listening` outlives the listener, which is a local.
async fn accept(listening: Listening, listener: TcpListener, threads: Vec<tokio::runtime::Handle>) {
    let server = &listening.0;
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return server.note(format!("the listener cannot be used: {error}")),
    };
    let mut next = 0;
    loop {
        // A place first: without one the connection waits in the backlog.
        // In order: once it is to stop, a connection that has come meanwhile is the next server's, which waits at a
        // duplicate of this socket. This one would cut it.
        let slot = tokio::select! {
            biased;
            () = server.reached(DRAINING) => return,
            slot = server.connection_slots.clone().acquire_owned() => slot,
        };
        let Ok(slot) = slot else { return };
        let accepted = tokio::select! {
            biased;
            () = server.reached(DRAINING) => return,
            accepted = listener.accept() => accepted,
        };
        match accepted.and_then(|(stream, _)| stream.into_std()) {
            Ok(stream) => {
                let open = OpenConnection::new(server.clone(), slot);
                threads[next].spawn(serve_connection(server.clone(), stream, open));
                next = (next + 1) % threads.len();
            }
            Err(error) if is_fatal(&error) => {
                return server.note(format!("the listener stopped: {error}"));
            }
            Err(_) => tokio::time::sleep(ACCEPT_RETRY).await,
        }
    }
}

/// The listener itself is gone (closed or shut down), as opposed to one connection or a full table.
fn is_fatal(error: &std::io::Error) -> bool {
    const EBADF: i32 = 9;
    const EINVAL: i32 = 22;
    const ENOTSOCK: i32 = 88;
    matches!(error.raw_os_error(), Some(EBADF | EINVAL | ENOTSOCK))
}

struct OpenConnection {
    server: Arc<Server>,
    _slot: OwnedSemaphorePermit,
}

impl OpenConnection {
    fn new(server: Arc<Server>, slot: OwnedSemaphorePermit) -> Self {
        server.connections.fetch_add(1, Ordering::AcqRel);
        Self {
            server,
            _slot: slot,
        }
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.server.connections.fetch_sub(1, Ordering::AcqRel);
        self.server.socket_closed.notify_waiters();
    }
}

async fn serve_connection(server: Arc<Server>, stream: TcpStream, open: OpenConnection) {
    let Ok(stream) = tokio::net::TcpStream::from_std(stream) else {
        return;
    };
    let _ = stream.set_nodelay(true);
    let for_requests = server.clone();
    let service = service_fn(move |request| {
        let server = for_requests.clone();
        async move { Ok::<_, Infallible>(answer(server, request).await) }
    });
    let mut connection = pin!(
        http1::Builder::new()
            // Without a timer hyper drops its time-outs silently (slow-loris).
            .timer(TokioTimer::new())
            .header_read_timeout(server.header_timeout)
            .max_header_size(HEAD_BYTES_MAX)
            .serve_connection(TokioIo::new(stream), service)
    );
    let mut changed = pin!(server.stage_changed.notified());
    let mut registered = false;
    let mut seen = SERVING;
    poll_fn(|cx| {
        if connection.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        loop {
            if !registered {
                // Registered once, with the task's waker; the stage is read after that, so no change is missed.
                registered = changed.as_mut().poll(cx).is_pending();
            }
            let stage = server.stage.load(Ordering::Acquire);
            if stage == CUT {
                return Poll::Ready(());
            }
            if stage == seen {
                return Poll::Pending;
            }
            seen = stage;
            connection.as_mut().graceful_shutdown();
            if connection.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            changed.set(server.stage_changed.notified());
            registered = false;
        }
    })
    .await;
    drop(open);
}
