// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The `greeter` example: a wasi:http 0.2 handler that answers `Hello from Arcella: GET /path`.
//! One write and no headers of its own, because it also measures what a request costs the host.

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{
    Fields, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

wasip2::http::proxy::export!(Greeter);

struct Greeter;

impl Guest for Greeter {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let path = request.path_with_query().unwrap_or_default();
        let greeting = format!(
            "Hello from Arcella: {} {path}\n",
            method_name(&request.method())
        );

        let response = OutgoingResponse::new(Fields::new());
        let body = response.body().expect("a new response has its body");
        ResponseOutparam::set(out, Ok(response));

        let stream = body.write().expect("a new body has its stream");
        // A client that went away is its own affair: nothing is left to be done for it. A chunk of this call may have
        // 4096 bytes at most.
        let written = greeting
            .as_bytes()
            .chunks(4096)
            .try_for_each(|chunk| stream.blocking_write_and_flush(chunk));
        drop(stream);
        if written.is_ok() {
            let _ = OutgoingBody::finish(body, None);
        }
    }
}

fn method_name(method: &Method) -> &str {
    match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
        Method::Connect => "CONNECT",
        Method::Options => "OPTIONS",
        Method::Trace => "TRACE",
        Method::Patch => "PATCH",
        Method::Other(name) => name,
    }
}
