// SPDX-License-Identifier: Apache-2.0 OR MIT

mod common;

use arcella_engine::EngineSettings;
use arcella_engine::call::GuestTask;
use arcella_engine::error::{Code, Outcome};
use arcella_engine::instance::Encoding;
use arcella_engine::output::Stream;
use arcella_engine::store::{Limits, Policy, Stdio};
use common::{Output, bench, bench_with, example, finish, limits, wat};
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

/// Far above two epoch ticks, for a busy machine; far below "never".
const SLACK: Duration = Duration::from_secs(2);

#[test]
fn an_endless_loop_is_stopped_at_its_deadline() {
    let bench = bench();
    let spinner = bench.start(&example("spinner"), limits());
    let begun = Instant::now();
    let ended = spinner.wave_within("spin", "", Duration::from_millis(100));
    assert_eq!(ended.outcome, Outcome::TimedOut);
    assert_eq!(ended.message, "the deadline passed");
    assert!(begun.elapsed() >= Duration::from_millis(100));
    assert!(begun.elapsed() < SLACK);
    assert!(!spinner.instance.alive());
    assert_eq!(spinner.instance.memory_bytes(), 0);
    assert_eq!(spinner.wave("turn", "1").outcome, Outcome::Trapped);
}

#[test]
fn the_smaller_of_both_deadlines_holds() {
    let bench = bench();
    let short = Limits {
        call_timeout: Duration::from_millis(50),
        ..limits()
    };
    let spinner = bench.start(&example("spinner"), short);
    let ended = spinner.wave_within("spin", "", Duration::from_secs(60));
    assert_eq!(ended.outcome, Outcome::TimedOut);
}

#[test]
fn an_endless_loop_gives_its_thread_back_and_can_be_cancelled() {
    let bench = bench();
    let spinner = bench.start(&example("spinner"), limits());
    let mut task = spinner.task("spin", Encoding::Wave, b"", Duration::ZERO);
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..3 {
        assert!(!task.poll(&mut cx));
    }
    task.cancel();
    assert_eq!(task.take().outcome().outcome, Outcome::Cancelled);
    assert!(!spinner.instance.alive());
}

#[test]
fn a_call_that_waits_for_its_turn_does_no_harm_when_cancelled() {
    let bench = bench();
    let spinner = bench.start(&example("spinner"), limits());
    let mut cx = Context::from_waker(Waker::noop());
    let mut first = spinner.task("turn", Encoding::Wave, b"2000000000", Duration::ZERO);
    assert!(!first.poll(&mut cx), "takes longer than a tick");
    let mut second = spinner.task("turn", Encoding::Wave, b"1", Duration::ZERO);
    assert!(!second.poll(&mut cx));
    second.cancel();
    assert_eq!(second.take().outcome().outcome, Outcome::Cancelled);
    assert!(spinner.instance.alive());
    assert_eq!(finish(first).outcome().outcome, Outcome::Returned);
    assert_eq!(spinner.wave("turn", "5").outcome, Outcome::Returned);
}

#[test]
fn fuel_ends_a_call() {
    let bench = bench_with(EngineSettings {
        fuel: true,
        ..Default::default()
    });
    let little = Limits {
        fuel: Some(1_000_000),
        ..limits()
    };
    let spinner = bench.start(&example("spinner"), little);
    // Per call: many small ones do not add up.
    for _ in 0..20 {
        assert_eq!(spinner.wave("turn", "10000").outcome, Outcome::Returned);
    }
    assert_eq!(spinner.wave("spin", "").outcome, Outcome::OutOfFuel);
    assert!(!spinner.instance.alive());
}

#[test]
fn fuel_needs_an_engine_that_counts_it() {
    let bench = bench();
    let fuelled = Limits {
        fuel: Some(1),
        ..limits()
    };
    let refused = bench.link(&example("spinner"), Policy::default(), fuelled);
    assert_eq!(refused.err().unwrap().code, Code::Conflict);
}

#[test]
fn memory_beyond_the_limit_is_told_from_other_traps() {
    let bench = bench();
    let glutton = bench.start(&example("glutton"), limits());
    assert_eq!(glutton.text("eat", "8"), "8");
    assert!(glutton.instance.memory_bytes() >= 8 << 20);
    assert!(glutton.instance.memory_bytes() <= 64 << 20);
    let ended = glutton.wave("eat", "100");
    assert_eq!(ended.outcome, Outcome::MemoryLimit, "{}", ended.message);
    assert!(!glutton.instance.alive());
}

#[test]
fn a_limit_below_the_first_page_refuses_the_instance() {
    let bench = bench();
    let tiny = Limits {
        memory_bytes: 1 << 10,
        ..limits()
    };
    let linked = bench
        .link(&example("calc"), Policy::default(), tiny)
        .unwrap();
    let task = GuestTask::start_instance(linked, Stdio::Sink(Arc::new(Output::default())));
    let error = finish(task).instance().err().unwrap();
    assert_eq!(error.code, Code::LimitExceeded, "{error}");
}

#[test]
fn a_trap_tells_its_cause_and_where() {
    let bench = bench();
    let crasher = bench.start(&example("crasher"), limits());
    let ended = crasher.wave("crash", "");
    assert_eq!(ended.outcome, Outcome::Trapped);
    assert!(ended.message.contains("unreachable"), "{}", ended.message);
    assert!(!ended.message.contains('\n'));
    assert!(
        ended.backtrace.contains("wasm backtrace"),
        "{}",
        ended.backtrace
    );
    let after = crasher.wave("divide", "4, 2");
    assert_eq!(after.outcome, Outcome::Trapped);
    assert!(after.message.contains("unreachable"), "{}", after.message);
}

#[test]
fn deep_recursion_is_a_trap() {
    let bench = bench();
    let crasher = bench.start(&example("crasher"), limits());
    let ended = crasher.wave("overflow-stack", "");
    assert_eq!(ended.outcome, Outcome::Trapped);
    assert!(
        ended.message.contains("stack exhausted"),
        "{}",
        ended.message
    );
}

#[test]
fn what_a_guest_printed_before_its_trap_is_there() {
    let bench = bench();
    let crasher = bench.start(&example("crasher"), limits());
    assert_eq!(crasher.wave("divide", "1, 0").outcome, Outcome::Trapped);
    assert!(crasher.output.of(Stream::Stderr).ends_with('\n'));
}

/// Waits on a timer of the host, which is no use of the CPU: the epoch never looks at it.
const SLEEPER: &str = r#"(component
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $p (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $p))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (alias outer 1 $pollable (type $outer))
    (export "pollable" (type $p (eq $outer)))
    (export "subscribe-duration" (func (param "when" u64) (result (own $p))))))
  (core func $block (canon lower (func $poll "[method]pollable.block")))
  (core func $after (canon lower (func $clock "subscribe-duration")))
  (core module $m
    (import "host" "block" (func $block (param i32)))
    (import "host" "after" (func $after (param i64) (result i32)))
    (func (export "sleep") (param i64) (call $block (call $after (local.get 0)))))
  (core instance $i (instantiate $m (with "host" (instance
    (export "block" (func $block)) (export "after" (func $after))))))
  (func (export "sleep") (param "nanoseconds" u64) (canon lift (core func $i "sleep"))))"#;

#[test]
fn the_deadline_holds_while_a_host_call_waits() {
    let bench = bench();
    let sleeper = bench.start(&wat(SLEEPER), limits());
    assert_eq!(sleeper.wave("sleep", "10000000").outcome, Outcome::Returned);
    let begun = Instant::now();
    let ended = sleeper.wave_within("sleep", "60000000000", Duration::from_millis(100));
    assert_eq!(ended.outcome, Outcome::TimedOut);
    assert!(begun.elapsed() < SLACK);
    assert!(!sleeper.instance.alive());
}

#[test]
fn a_closed_instance_takes_no_calls() {
    let bench = bench();
    let calc = bench.start(&example("calc"), limits());
    calc.instance.close();
    let ended = calc.wave("add", "1, 2");
    assert_eq!(ended.outcome, Outcome::Trapped);
    assert!(
        ended.message.contains("it was stopped"),
        "{}",
        ended.message
    );
}

#[test]
fn instances_beyond_the_pool_are_refused() {
    let bench = bench();
    let linked = bench
        .link(&example("calc"), Policy::default(), limits())
        .unwrap();
    let mut alive = Vec::new();
    let refused = loop {
        let stdio = Stdio::Sink(Arc::new(Output::default()));
        match finish(GuestTask::start_instance(linked.clone(), stdio)).instance() {
            Ok(instance) => alive.push(instance),
            Err(error) => break error,
        }
        assert!(alive.len() <= 64);
    };
    assert_eq!(refused.code, Code::LimitExceeded, "{refused}");
    assert!(alive.len() >= 32, "{}", alive.len());
}
