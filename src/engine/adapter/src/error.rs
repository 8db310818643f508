// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Engine errors and traps in our words, in one place: `DoorError` for an operation that failed, `Failure` for a guest
//! that did.

use std::fmt;
use wasmtime::{PoolConcurrencyLimitError, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

/// The codes of `src/base/error.h` that the adapter uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    InvalidComponent,
    InvalidParams,
    NotFound,
    Conflict,
    Unresolved,
    LimitExceeded,
    DeadlineExceeded,
    GuestTrapped,
    Cancelled,
    Io,
    Internal,
}

#[derive(Clone, Debug)]
pub struct DoorError {
    pub code: Code,
    pub message: String,
    pub detail: String,
}

pub type Result<T, E = DoorError> = std::result::Result<T, E>;

impl DoorError {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: one_line(&message.into()),
            detail: String::new(),
        }
    }

    pub fn engine(context: &str, error: &wasmtime::Error) -> Self {
        Self::new(Code::Internal, format!("{context}: {error:#}"))
    }
}

impl fmt::Display for DoorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Why a guest stopped. The order is that of `engine::Outcome` in `instance.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Returned,
    BadArguments,
    Trapped,
    TimedOut,
    OutOfFuel,
    MemoryLimit,
    Cancelled,
    Exited,
}

#[derive(Clone, Debug)]
pub struct CallOutcome {
    pub outcome: Outcome,
    pub payload: Vec<u8>,
    pub exit_status: i32,
    pub message: String,
    pub backtrace: String,
}

impl CallOutcome {
    pub fn returned(payload: Vec<u8>) -> Self {
        Self {
            outcome: Outcome::Returned,
            payload,
            exit_status: 0,
            message: String::new(),
            backtrace: String::new(),
        }
    }

    pub fn exited(exit_status: i32) -> Self {
        let mut outcome =
            Self::failed(Outcome::Exited, format!("exited with status {exit_status}"));
        outcome.exit_status = exit_status;
        outcome
    }

    pub fn failed(outcome: Outcome, message: impl Into<String>) -> Self {
        Self {
            outcome,
            payload: Vec::new(),
            exit_status: 0,
            message: one_line(&message.into()),
            backtrace: String::new(),
        }
    }

    /// Classifies what Wasmtime gave back. `memory_denied`: the store's memory was refused to grow before.
    pub fn from_error(error: &wasmtime::Error, memory_denied: bool) -> Self {
        if let Some(exit) = error.downcast_ref::<I32Exit>() {
            return Self::exited(exit.0);
        }
        let outcome = if error.downcast_ref::<DeadlinePassed>().is_some() {
            Outcome::TimedOut
        } else if matches!(error.downcast_ref::<Trap>(), Some(Trap::OutOfFuel)) {
            Outcome::OutOfFuel
        } else if memory_denied {
            Outcome::MemoryLimit
        } else {
            Outcome::Trapped
        };
        let mut message = root_cause(error);
        if outcome == Outcome::MemoryLimit {
            message = format!("the memory limit was reached, then: {message}");
        }
        let mut failed = Self::failed(outcome, message);
        if let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() {
            failed.backtrace = backtrace.to_string();
        }
        failed
    }

    pub fn timed_out() -> Self {
        Self::failed(Outcome::TimedOut, DeadlinePassed.to_string())
    }

    pub fn cancelled() -> Self {
        Self::failed(Outcome::Cancelled, "the call was cancelled")
    }

    /// For operations that have no outcome to report, such as instantiation.
    pub fn into_error(self, context: &str) -> DoorError {
        let code = match self.outcome {
            Outcome::TimedOut => Code::DeadlineExceeded,
            Outcome::MemoryLimit => Code::LimitExceeded,
            Outcome::Cancelled => Code::Cancelled,
            Outcome::BadArguments => Code::InvalidParams,
            _ => Code::GuestTrapped,
        };
        let mut error = DoorError::new(code, format!("{context}: {}", self.message));
        error.detail = self.backtrace;
        error
    }
}

/// Raised inside the guest by the epoch callback.
#[derive(Debug)]
pub struct DeadlinePassed;

impl fmt::Display for DeadlinePassed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the deadline passed")
    }
}

impl std::error::Error for DeadlinePassed {}

pub fn is_pool_exhausted(error: &wasmtime::Error) -> bool {
    error.downcast_ref::<PoolConcurrencyLimitError>().is_some()
}

/// The innermost cause, which for a trap is the reason; the outer ones are the backtrace and the engine's context.
pub fn root_cause(error: &wasmtime::Error) -> String {
    one_line(&error.root_cause().to_string())
}

pub fn one_line(text: &str) -> String {
    if !text.contains(['\n', '\r']) {
        return text.to_owned();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a panic said, for the error that it becomes.
pub fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned());
    one_line(&format!("panic in the engine adapter: {text}"))
}
