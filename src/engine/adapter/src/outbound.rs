// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Outbound HTTP of guests: only to the origins that the deployment allows, none by default.

use crate::error::{Code, DoorError, Result};
use http::Uri;
use std::sync::Arc;
use wasmtime_wasi_http::{Error as HttpError, RequestOptions, WasiBody, WasiHttpHooks};

/// `scheme://host[:port]`, with the scheme's port if none is written.
#[derive(Debug, PartialEq, Eq)]
struct Origin {
    https: bool,
    host: String,
    port: u16,
}

impl Origin {
    fn of(uri: &Uri) -> Option<Self> {
        let https = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let port = uri.port_u16().unwrap_or(if https { 443 } else { 80 });
        Some(Self {
            https,
            host: uri.host()?.to_ascii_lowercase(),
            port,
        })
    }
}

#[derive(Clone)]
pub struct OutboundHooks {
    allowed: Arc<[Origin]>,
}

impl OutboundHooks {
    pub fn new(allowed_hosts: &[String]) -> Result<Self> {
        let allowed = allowed_hosts
            .iter()
            .map(|text| {
                let uri: Option<Uri> = text.parse().ok();
                let plain = |uri: &Uri| matches!(uri.path(), "" | "/") && uri.query().is_none();
                uri.filter(plain)
                    .and_then(|uri| Origin::of(&uri))
                    .ok_or_else(|| {
                        let text = format!("allowed host '{text}': expected `https://host[:port]`");
                        DoorError::new(Code::InvalidParams, text)
                    })
            })
            .collect::<Result<Arc<[_]>>>()?;
        Ok(Self { allowed })
    }

    pub fn allows(&self, uri: &Uri) -> bool {
        Origin::of(uri).is_some_and(|origin| self.allowed.contains(&origin))
    }
}

type Exchange = (
    http::Response<WasiBody>,
    Box<dyn Future<Output = Result<(), HttpError>> + Send>,
);

impl WasiHttpHooks for OutboundHooks {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _finished: Box<dyn Future<Output = Result<(), HttpError>> + Send>,
    ) -> Box<dyn Future<Output = Result<Exchange, HttpError>> + Send> {
        let allowed = self.allows(request.uri());
        Box::new(async move {
            if !allowed {
                return Err(HttpError::HttpRequestDenied);
            }
            let (response, io) = wasmtime_wasi_http::default_send_request(request, options).await?;
            let io: Box<dyn Future<Output = Result<(), HttpError>> + Send> = Box::new(io);
            Ok((response.map(http_body_util::BodyExt::boxed_unsync), io))
        })
    }
}
