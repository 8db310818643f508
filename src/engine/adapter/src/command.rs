// SPDX-License-Identifier: Apache-2.0 OR MIT

//! A command (`wasi:cli/run`, or `_start` of a core module), run once in a store of its own.

use crate::call::Deadline;
use crate::direct::Inline;
use crate::error::{CallOutcome, Outcome};
use crate::instance::not_instantiated;
use crate::link::{Linked, LinkedKind};
use crate::store::{Stdio, StoreData, arm};
use std::io::Write;
use std::sync::Arc;
use wasmtime::{Store, component};
use wasmtime_wasi::{p2, p3};

pub(crate) async fn run(linked: Arc<Linked>, stdio: Stdio, deadline: Deadline) -> CallOutcome {
    let inherits = matches!(stdio, Stdio::Inherit);
    let mut store = match linked.stores.make(&stdio, inherits) {
        Ok(store) => store,
        Err(error) => return CallOutcome::failed(Outcome::Trapped, error.message),
    };
    let outcome = match run_in(&linked, &mut store, deadline).await {
        Ok(Ok(())) => CallOutcome::exited(0),
        Ok(Err(())) => CallOutcome::exited(1),
        Err(Stopped::Outcome(outcome)) => outcome,
        Err(Stopped::Guest(error)) => CallOutcome::from_error(&error, store.data().memory.denied),
    };
    if inherits {
        // The guest's last line may lack its newline; nothing else flushes Rust's stdout in a C++ process.
        let _ = std::io::stdout().flush();
    }
    outcome
}

enum Stopped {
    Outcome(CallOutcome),
    Guest(wasmtime::Error),
}

impl From<wasmtime::Error> for Stopped {
    fn from(error: wasmtime::Error) -> Self {
        Self::Guest(error)
    }
}

fn not_started(error: &wasmtime::Error, store: &Store<StoreData>) -> Stopped {
    let outcome = CallOutcome::from_error(error, store.data().memory.denied);
    if outcome.outcome != Outcome::Trapped {
        return Stopped::Outcome(outcome);
    }
    let error = not_instantiated(error, store);
    let mut outcome = CallOutcome::failed(Outcome::Trapped, error.message);
    outcome.backtrace = error.detail;
    Stopped::Outcome(outcome)
}

fn no_command(what: &str) -> Stopped {
    Stopped::Outcome(CallOutcome::failed(
        Outcome::BadArguments,
        format!("not a command: it exports no {what}"),
    ))
}

async fn run_in(
    linked: &Linked,
    store: &mut Store<StoreData>,
    deadline: Deadline,
) -> Result<Result<(), ()>, Stopped> {
    arm(store, deadline, Inline::NO, &linked.stores.limits)?;
    match &linked.kind {
        LinkedKind::Module(pre) => {
            let instance = match pre.instantiate_async(&mut *store).await {
                Ok(instance) => instance,
                Err(error) => return Err(not_started(&error, store)),
            };
            let start = instance
                .get_typed_func::<(), ()>(&mut *store, "_start")
                .map_err(|_| no_command("function `_start` without parameters"))?;
            start.call_async(store, ()).await?;
            Ok(Ok(()))
        }
        LinkedKind::Component(pre) => run_component(linked, pre, store).await,
    }
}

async fn run_component(
    linked: &Linked,
    pre: &component::InstancePre<StoreData>,
    store: &mut Store<StoreData>,
) -> Result<Result<(), ()>, Stopped> {
    if linked.engine().settings.concurrency
        && let Ok(command) = p3::bindings::CommandPre::new(pre.clone())
    {
        let command = match command.instantiate_async(&mut *store).await {
            Ok(command) => command,
            Err(error) => return Err(not_started(&error, store)),
        };
        let status = store
            .run_concurrent(async |store| command.wasi_cli_run().call_run(store).await)
            .await??;
        return Ok(status);
    }
    let command =
        p2::bindings::CommandPre::new(pre.clone()).map_err(|_| no_command("`wasi:cli/run`"))?;
    let command = match command.instantiate_async(&mut *store).await {
        Ok(command) => command,
        Err(error) => return Err(not_started(&error, store)),
    };
    Ok(command.wasi_cli_run().call_run(store).await?)
}
