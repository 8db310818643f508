// SPDX-License-Identifier: Apache-2.0 OR MIT

//! One HTTP request in a fresh instance. The guest is a future inside the connection's own task: it is polled there until
//! the response's head is known, then by the response's body for as long as that is sent, and dropped with it, so a
//! client that goes away takes its guest along.

use crate::call::{Deadline, Watch};
use crate::direct::Inline;
use crate::error::{CallOutcome, Outcome, one_line, panic_text};
use crate::http_server::{Admitted, Server};
use crate::instance::not_instantiated;
use crate::store::{StoreData, arm};
use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri, header};
use http_body_util::Full;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::oneshot;
use wasmtime::{AsContextMut, Store};
use wasmtime_wasi_http::p2::bindings::ProxyPre;
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;
use wasmtime_wasi_http::p3::bindings::ServicePre;
use wasmtime_wasi_http::{Error as HttpError, WasiHttpView, p3};

/// The version of wasi:http that a component exports.
pub(crate) enum Handler {
    P2(ProxyPre<StoreData>),
    P3(ServicePre<StoreData>),
}

type GuestBody = UnsyncBoxBody<Bytes, HttpError>;
/// The response's head as the guest sets it; Err: the guest answered with an error code.
type Head = Result<Response<GuestBody>, String>;

pub(crate) async fn answer(
    server: Arc<Server>,
    request: Request<Incoming>,
) -> Response<ResponseBody> {
    let Some(request) = with_authority(request, &server.handler) else {
        server.count_refused();
        return text_response(StatusCode::BAD_REQUEST, "the request names no valid host");
    };
    let admitted = server.admit().await;
    let deadline = Deadline::after(server.linked.stores.limits.call_timeout);
    let (head_sender, mut head_receiver) = oneshot::channel();
    let work = run_guest(server.clone(), request, head_sender, deadline);
    let mut guest = GuestRun {
        work: Some(Box::pin(work)),
        watch: Watch::new(deadline),
    };
    let (ended, head) = poll_fn(|cx| {
        if let Poll::Ready(ended) = guest.poll(cx) {
            return Poll::Ready((Some(ended), head_receiver.try_recv().ok()));
        }
        // Looked at only after the guest ran: most are done by then.
        match Pin::new(&mut head_receiver).poll(cx) {
            Poll::Ready(head) => Poll::Ready((None, head.ok())),
            Poll::Pending => Poll::Pending,
        }
    })
    .await;
    let failure = match (head, ended) {
        (Some(Ok(response)), Some(Ok(())) | None) => {
            return guest_response(server, response, guest, admitted);
        }
        (_, Some(Err(failure))) => failure,
        (Some(Err(code)), _) => CallOutcome::failed(
            Outcome::Trapped,
            format!("the guest answered with an error: {code}"),
        ),
        (None, _) => CallOutcome::failed(Outcome::Trapped, "the guest ended without a response"),
    };
    let (status, text) = match failure.outcome {
        Outcome::TimedOut => (
            StatusCode::GATEWAY_TIMEOUT,
            "the component did not answer in time",
        ),
        Outcome::Cancelled => (
            StatusCode::SERVICE_UNAVAILABLE,
            "no room for another instance",
        ),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "the component failed"),
    };
    server.count_failure(&failure);
    text_response(status, text)
}

/// HTTP/1 has the authority in its `Host` field; guests get it as part of the URI. For 0.2 the library sees to that.
fn with_authority(mut request: Request<Incoming>, handler: &Handler) -> Option<Request<Incoming>> {
    if request.uri().authority().is_some() {
        return Some(request);
    }
    let host = request.headers().get(header::HOST)?;
    if matches!(handler, Handler::P2(_)) {
        return host.to_str().is_ok().then_some(request);
    }
    let host = host.as_bytes();
    let path = request.uri().path_and_query()?.clone();
    let uri = Uri::builder()
        .scheme(http::uri::Scheme::HTTP)
        .authority(host)
        .path_and_query(path)
        .build()
        .ok()?;
    *request.uri_mut() = uri;
    Some(request)
}

/// The guest's whole life: a fresh store, the request, and what the guest still does after its response.
async fn run_guest(
    server: Arc<Server>,
    request: Request<Incoming>,
    head: oneshot::Sender<Head>,
    deadline: Deadline,
) -> Result<(), CallOutcome> {
    let stores = &server.linked.stores;
    let mut store = stores
        .make(&server.stdio, false)
        .map_err(|error| CallOutcome::failed(Outcome::Trapped, error.message))?;
    let ran = match arm(&mut store, deadline, Inline::NO, &stores.limits) {
        Err(error) => Err(error),
        Ok(()) => match &server.handler {
            Handler::P2(pre) => handle_p2(pre, &mut store, request, head).await,
            Handler::P3(pre) => handle_p3(pre, &mut store, request, head).await,
        },
    };
    ran.map_err(|error| {
        if crate::error::is_pool_exhausted(&error) {
            // Cancelled stands for "did not run": the answer is 503, not 500.
            let refused = not_instantiated(&error, &store);
            return CallOutcome::failed(Outcome::Cancelled, refused.message);
        }
        CallOutcome::from_error(&error, store.data().memory.denied)
    })
}

async fn handle_p2(
    pre: &ProxyPre<StoreData>,
    store: &mut Store<StoreData>,
    request: Request<Incoming>,
    head: oneshot::Sender<Head>,
) -> wasmtime::Result<()> {
    let request = store
        .data_mut()
        .http()
        .new_incoming_request(Scheme::Http, request)?;
    let out = store
        .data_mut()
        .http()
        .new_response_outparam_from_callback(move |response| {
            let _ = head.send(response.map_err(|code| one_line(&code.to_string())));
        })?;
    let proxy = pre.instantiate_async(&mut *store).await?;
    proxy
        .wasi_http_incoming_handler()
        .call_handle(store, request, out)
        .await
}

async fn handle_p3(
    pre: &ServicePre<StoreData>,
    store: &mut Store<StoreData>,
    request: Request<Incoming>,
    head: oneshot::Sender<Head>,
) -> wasmtime::Result<()> {
    let service = pre.instantiate_async(&mut *store).await?;
    let (request, finished) = p3::Request::from_http(store.data_mut().http().hooks, request);
    store
        .run_concurrent(async move |store| {
            let answered = match service.handle(store, request).await? {
                Ok(response) => Ok(store
                    .with(|mut access| response.into_http(access.as_context_mut(), finished))?),
                Err(code) => Err(one_line(&code.to_string())),
            };
            let _ = head.send(answered);
            // The body, and what the guest does after it, need the store.
            poll_fn(|cx| store.poll_no_interesting_tasks(cx)).await;
            wasmtime::Result::Ok(())
        })
        .await?
}

type Work = Pin<Box<dyn Future<Output = Result<(), CallOutcome>> + Send>>;

/// A guest under its deadline; a panic in it is its failure.
struct GuestRun {
    work: Option<Work>,
    watch: Watch,
}

impl GuestRun {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), CallOutcome>> {
        let Some(work) = self.work.as_mut() else {
            return Poll::Ready(Ok(()));
        };
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx)));
        let ended = match polled {
            Ok(Poll::Ready(ended)) => ended,
            Ok(Poll::Pending) if self.watch.poll_passed(cx) => Err(CallOutcome::timed_out()),
            Ok(Poll::Pending) => return Poll::Pending,
            Err(panic) => Err(CallOutcome::failed(Outcome::Trapped, panic_text(&*panic))),
        };
        self.work = None;
        Poll::Ready(ended)
    }
}

fn guest_response(
    server: Arc<Server>,
    response: Response<GuestBody>,
    guest: GuestRun,
    admitted: Admitted,
) -> Response<ResponseBody> {
    let length = response
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    response.map(|body| {
        ResponseBody::Guest(Box::new(Streamed {
            body,
            left: length,
            ended: false,
            guest: guest.work.is_some().then_some(guest),
            server,
            admitted: Some(admitted),
        }))
    })
}

fn text_response(status: StatusCode, text: &'static str) -> Response<ResponseBody> {
    let body = ResponseBody::Text(Full::new(Bytes::from_static(text.as_bytes())));
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let plain = http::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response
}

pub(crate) enum ResponseBody {
    Text(Full<Bytes>),
    Guest(Box<Streamed>),
}

/// The guest's body together with the guest that is still writing it.
pub(crate) struct Streamed {
    body: GuestBody,
    /// Bytes still to come, if the head told how many.
    left: Option<u64>,
    ended: bool,
    guest: Option<GuestRun>,
    server: Arc<Server>,
    admitted: Option<Admitted>,
}

impl Streamed {
    fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        if let Some(guest) = &mut self.guest
            && let Poll::Ready(ended) = guest.poll(cx)
        {
            self.guest = None;
            if let Err(failure) = ended {
                self.server.count_failure(&failure);
                // The head is out: cutting the connection is the only way left to tell the client.
                return Poll::Ready(Some(Err(HttpError::InternalError(Some(failure.message)))));
            }
        }
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let (Some(left), Some(data)) = (&mut self.left, frame.data_ref()) {
                    *left = left.saturating_sub(data.len() as u64);
                }
            }
            Poll::Ready(None) => self.ended = true,
            _ => {}
        }
        polled
    }
}

impl Drop for Streamed {
    fn drop(&mut self) {
        let complete = self.ended || self.left == Some(0) || self.body.is_end_stream();
        let Some(mut guest) = self.guest.take() else {
            return;
        };
        if !complete {
            // The client went away: the guest goes too.
            return;
        }
        // The response is out, what the guest does after it may go on until its deadline.
        let server = self.server.clone();
        let admitted = self.admitted.take();
        if let Ok(tokio) = tokio::runtime::Handle::try_current() {
            tokio.spawn(async move {
                if let Err(failure) = poll_fn(|cx| guest.poll(cx)).await {
                    server.count_failure(&failure);
                }
                drop(admitted);
            });
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        match self.get_mut() {
            Self::Text(text) => Pin::new(text)
                .poll_frame(cx)
                .map(|frame| frame.map(|result| result.map_err(|never| match never {}))),
            Self::Guest(streamed) => streamed.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Text(text) => text.is_end_stream(),
            Self::Guest(streamed) => streamed.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Text(text) => text.size_hint(),
            Self::Guest(streamed) => streamed.body.size_hint(),
        }
    }
}
