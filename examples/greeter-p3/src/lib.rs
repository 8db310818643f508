// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The `greeter-p3` example: the greeter as a wasi:http 0.3 handler. `GET /path` is answered like greeter's; a `POST` is
//! answered with its own body, passed on as it arrives, so that a request's body, a response's body and the guest's work
//! after the response's head are all seen at once.

use wasip3::exports::http::handler::Guest;
use wasip3::http::types::{ErrorCode, Fields, Method, Request, Response};
use wasip3::{wit_bindgen, wit_future, wit_stream};

wasip3::http::service::export!(Greeter);

struct Greeter;

impl Guest for Greeter {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        if matches!(request.get_method(), Method::Post) {
            return Ok(echo(request));
        }
        let path = request.get_path_with_query().unwrap_or_default();
        if path == "/refuse" {
            return Err(ErrorCode::InternalError(Some("as you asked".into())));
        }
        Ok(greet(&path))
    }
}

fn greet(path: &str) -> Response {
    let greeting = format!("Hello from Arcella: GET {path}\n");
    let (mut body, contents) = wit_stream::new();
    let (trailers_done, trailers) = wit_future::new(|| Ok(None));
    let (response, _sent) = Response::new(Fields::new(), Some(contents), trailers);
    wit_bindgen::spawn_local(async move {
        // A client that went away is its own affair: nothing is left to be done for it.
        body.write_all(greeting.into_bytes()).await;
        drop(body);
        drop(trailers_done);
    });
    response
}

fn echo(request: Request) -> Response {
    let (_, received) = wit_future::new(|| Ok(()));
    let (contents, trailers) = Request::consume_body(request, received);
    let (response, _sent) = Response::new(Fields::new(), Some(contents), trailers);
    response
}
