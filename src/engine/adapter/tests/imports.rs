// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What becomes of imports that the host has no interface for.

mod common;

use arcella_engine::error::{Code, Outcome};
use arcella_engine::import::{Cancel, ImportTarget, Reply};
use arcella_engine::store::{Limits, Policy};
use common::{Bench, Replica, bench, example, limits};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Answers as the closure says, and keeps what it was asked.
struct Target<F> {
    answer: F,
    asked: Mutex<Vec<(u32, Vec<u8>)>>,
    cancelled: Arc<AtomicUsize>,
}

impl<F: Fn(Reply) + Send + Sync> ImportTarget for Target<F> {
    fn call(
        &self,
        function: u32,
        request: &[u8],
        timeout: Duration,
        reply: Reply,
    ) -> Option<Cancel> {
        assert!(!timeout.is_zero(), "the deadline goes down the chain");
        self.asked
            .lock()
            .unwrap()
            .push((function, request.to_vec()));
        (self.answer)(reply);
        let cancelled = self.cancelled.clone();
        Some(Box::new(move || {
            cancelled.fetch_add(1, Ordering::Relaxed);
        }))
    }

    fn drop_handles(&self, _: &[u64]) {}
}

fn target<F: Fn(Reply) + Send + Sync>(answer: F) -> Arc<Target<F>> {
    Arc::new(Target {
        answer,
        asked: Mutex::default(),
        cancelled: Arc::default(),
    })
}

fn relay(bench: &Bench, target: Arc<dyn ImportTarget>, limits: Limits) -> Replica {
    bench.start_with(&example("relay"), Policy::default(), limits, Some(target))
}

#[test]
fn without_a_target_they_are_unresolved() {
    let bench = bench();
    let error = bench
        .link(&example("relay"), Policy::default(), limits())
        .err()
        .unwrap();
    assert_eq!(error.code, Code::Unresolved);
    assert!(error.message.contains("examples:calc/ops@1.0.0"));
}

#[test]
fn their_functions_are_numbered_and_called_with_arenas() {
    let bench = bench();
    let target = target(|reply| reply.end(Ok(&[42, 0, 0, 0])));
    let relay = relay(&bench, target.clone(), limits());
    assert_eq!(relay.text("add", "20, 22"), "42");
    let (function, request) = target.asked.lock().unwrap().pop().unwrap();
    let imported = &relay.linked.imported()[function as usize];
    assert_eq!(imported.interface, "examples:calc/ops@1.0.0");
    assert_eq!(imported.name, "add");
    assert_eq!(request, [20, 0, 0, 0, 22, 0, 0, 0]);
    assert_eq!(target.cancelled.load(Ordering::Relaxed), 0);
}

#[test]
fn a_reply_may_come_later_from_another_thread() {
    let bench = bench();
    let target = target(|reply| {
        std::thread::spawn(move || reply.end(Ok(&[7, 0, 0, 0])));
    });
    let relay = relay(&bench, target, limits());
    assert_eq!(relay.text("add", "3, 4"), "7");
}

#[test]
fn a_failure_is_told_as_the_function_can_tell_it() {
    let bench = bench();
    let target = target(|reply| reply.end(Err("nobody is there".into())));
    let relay = relay(&bench, target, limits());
    let told = relay.text("divide-with-remainder", "1, 2");
    assert_eq!(
        told,
        r#"err("examples:calc/ops@1.0.0#divide-with-remainder: nobody is there")"#
    );
    assert_eq!(relay.text("check", "true"), "err");
    assert!(relay.instance.alive());
    // No place for an error in its result.
    let ended = relay.wave("add", "1, 2");
    assert_eq!(ended.outcome, Outcome::Trapped);
    assert_eq!(
        ended.message,
        "examples:calc/ops@1.0.0#add: nobody is there"
    );
}

#[test]
fn a_reply_that_is_dropped_or_nonsense_is_a_failure() {
    let bench = bench();
    let forgetful = relay(&bench, target(drop), limits());
    let ended = forgetful.wave("add", "1, 2");
    assert!(
        ended.message.ends_with("nobody answered"),
        "{}",
        ended.message
    );
    let liar = relay(&bench, target(|reply| reply.end(Ok(&[0xa1]))), limits());
    let ended = liar.wave("add", "1, 2");
    assert_eq!(ended.outcome, Outcome::Trapped);
    assert!(ended.message.contains("its result"), "{}", ended.message);
}

#[test]
fn a_caller_at_its_deadline_cancels_the_call() {
    let bench = bench();
    let kept = Arc::new(Mutex::new(Vec::new()));
    let keep = kept.clone();
    let target = target(move |reply| keep.lock().unwrap().push(reply));
    let short = Limits {
        call_timeout: Duration::from_millis(50),
        ..limits()
    };
    let relay = relay(&bench, target.clone(), short);
    let ended = relay.wave("add", "1, 2");
    assert_eq!(ended.outcome, Outcome::TimedOut);
    assert_eq!(target.cancelled.load(Ordering::Relaxed), 1);
    // Too late: nobody listens, nothing happens.
    kept.lock().unwrap().pop().unwrap().end(Ok(&[3, 0, 0, 0]));
}
