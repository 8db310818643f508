// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Calls from one guest to another with nobody in between.

mod common;

use arcella_engine::call::GuestTask;
use arcella_engine::direct::{Callees, Keeper};
use arcella_engine::error::{CallOutcome, Outcome};
use arcella_engine::import::{Cancel, ImportTarget, Reply};
use arcella_engine::settings::EngineSettings;
use arcella_engine::store::{Limits, Policy};
use common::{Bench, Replica, bench, bench_with, example, limits, replica_of, wat};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

const OPS: &str = "test:direct/ops@1.0.0";

/// One that cannot have to wait, unless it `imports` something.
fn provider(imports: &str) -> Vec<u8> {
    wat(&format!(
        r#"(component
            {imports}
            (core module $code
                (func (export "add") (param i32 i32) (result i32)
                    local.get 0 local.get 1 i32.add)
                (func (export "negate") (param i32) (result i32)
                    i32.const 0 local.get 0 i32.sub)
                (func (export "spin") (loop br 0))
                (func (export "crash") unreachable))
            (core instance $code (instantiate $code))
            (func $add (param "a" u32) (param "b" u32) (result u32)
                (canon lift (core func $code "add")))
            (func $negate (param "a" s8) (result s8) (canon lift (core func $code "negate")))
            (func $spin (canon lift (core func $code "spin")))
            (func $crash (canon lift (core func $code "crash")))
            (instance $ops
                (export "add" (func $add)) (export "negate" (func $negate))
                (export "spin" (func $spin)) (export "crash" (func $crash)))
            (export "{OPS}" (instance $ops)))"#
    ))
}

const CLOCK: &str = r#"(import "wasi:clocks/monotonic-clock@0.2.0"
    (instance (export "now" (func (result u64)))))"#;

/// Exports what it imports.
fn consumer() -> Vec<u8> {
    wat(&format!(
        r#"(component
            (import "{OPS}" (instance $ops
                (export "add" (func (param "a" u32) (param "b" u32) (result u32)))
                (export "negate" (func (param "a" s8) (result s8)))
                (export "spin" (func)) (export "crash" (func))))
            (core func $add (canon lower (func $ops "add")))
            (core func $negate (canon lower (func $ops "negate")))
            (core func $spin (canon lower (func $ops "spin")))
            (core func $crash (canon lower (func $ops "crash")))
            (core module $code
                (import "ops" "add" (func $add (param i32 i32) (result i32)))
                (import "ops" "negate" (func $negate (param i32) (result i32)))
                (import "ops" "spin" (func $spin))
                (import "ops" "crash" (func $crash))
                (func (export "add") (param i32 i32) (result i32)
                    local.get 0 local.get 1 call $add)
                ;; What is beyond 8 bits is not its value.
                (func (export "negate") (param i32) (result i32)
                    local.get 0 i32.const 0x7700 i32.add call $negate)
                (func (export "spin") call $spin)
                (func (export "crash") call $crash))
            (core instance $code (instantiate $code (with "ops" (instance
                (export "add" (func $add)) (export "negate" (func $negate))
                (export "spin" (func $spin)) (export "crash" (func $crash))))))
            (func (export "add") (param "a" u32) (param "b" u32) (result u32)
                (canon lift (core func $code "add")))
            (func (export "negate") (param "a" s8) (result s8)
                (canon lift (core func $code "negate")))
            (func (export "spin") (canon lift (core func $code "spin")))
            (func (export "crash") (canon lift (core func $code "crash"))))"#
    ))
}

/// Who is asked when there is no direct way.
#[derive(Default)]
struct Target {
    asked: AtomicUsize,
}

impl ImportTarget for Target {
    fn call(&self, _: u32, _: &[u8], _: Duration, reply: Reply) -> Option<Cancel> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        reply.end(Err("by the target".to_owned()));
        None
    }

    fn drop_handles(&self, _: &[u64]) {}
}

/// What a replica's keeper was told.
#[derive(Default)]
struct Told {
    lines: Mutex<Vec<String>>,
    more: Condvar,
}

impl Told {
    fn add(&self, line: String) {
        self.lines.lock().unwrap().push(line);
        self.more.notify_all();
    }

    fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    fn wait_for(&self, line: &str) {
        let lines = self.lines.lock().unwrap();
        let missing = |lines: &mut Vec<String>| !lines.iter().any(|told| told == line);
        let limit = Duration::from_secs(20);
        let waited = self.more.wait_timeout_while(lines, limit, missing);
        assert!(!waited.unwrap().1.timed_out(), "{line}");
    }
}

struct Teller(Arc<Told>);

impl Keeper for Teller {
    fn failed(&self, function: &str, outcome: &CallOutcome) {
        self.0.add(format!("{function}: {:?}", outcome.outcome));
    }

    fn holds_thread(&self, holds: bool) {
        self.0.add(format!("holds: {holds}"));
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.0.add("left".to_owned());
    }
}

/// A consumer, bound to one replica of a provider.
struct Pair {
    consumer: Replica,
    provider: Replica,
    callees: Arc<Callees>,
    target: Arc<Target>,
    told: Arc<Told>,
}

fn pair(bench: &Bench, consumer: &[u8], provider: &[u8], interface: &str) -> Pair {
    let timeout = Duration::ZERO;
    pair_with(bench, consumer, provider, interface, limits(), timeout)
}

fn pair_with(
    bench: &Bench,
    consumer: &[u8],
    provider: &[u8],
    interface: &str,
    limits: Limits,
    call_timeout: Duration,
) -> Pair {
    let target = Arc::new(Target::default());
    let imports: Arc<dyn ImportTarget> = target.clone();
    let consumer = bench.start_with(consumer, Policy::default(), limits, Some(imports));
    let provider = bench.start(provider, limits);
    let callees = Callees::of(&provider.linked, call_timeout).unwrap();
    let told = Arc::new(Told::default());
    callees.add(&provider.instance, Box::new(Teller(told.clone())));
    bind_all(&consumer, &callees, interface);
    Pair {
        consumer,
        provider,
        callees,
        target,
        told,
    }
}

fn bind_all(consumer: &Replica, callees: &Arc<Callees>, interface: &str) {
    let imported = consumer.linked.imported().iter();
    for (function, wire) in imported.zip(consumer.linked.wires().iter()) {
        let name = format!("{interface}#{}", function.name);
        assert!(wire.bind(callees, &name), "{name}");
    }
}

impl Pair {
    fn asked(&self) -> usize {
        self.target.asked.load(Ordering::Relaxed)
    }
}

#[test]
fn an_idle_replica_is_called_without_the_target() {
    let bench = bench();
    for imports in ["", CLOCK] {
        let pair = pair(&bench, &consumer(), &provider(imports), OPS);
        assert_eq!(pair.consumer.text("add", "20, 22"), "42");
        assert_eq!(pair.consumer.text("negate", "-128"), "-128");
        assert_eq!(pair.consumer.text("negate", "7"), "-7");
        assert_eq!(pair.asked(), 0);
        assert_eq!(pair.provider.instance.direct_calls(), 3);
        assert!(!pair.provider.instance.in_direct_call());
    }
}

#[test]
fn every_type_goes_the_same_way() {
    let bench = bench();
    let (relay, calc) = (example("relay"), example("calc"));
    let pair = pair(&bench, &relay, &calc, "examples:calc/ops@1.0.0");
    for (name, arguments) in [
        ("add-small", "-1, 2, -3, 4"),
        ("subtract", "-9223372036854775808, 0"),
        ("multiply", "1.5, 2"),
        ("is-even", "18446744073709551614"),
        ("next-char", "'a'"),
        ("echo-string", "\"grüße\""),
        ("echo-bytes", "[1, 2, 255]"),
        ("reverse", "[\"a\", \"b\"]"),
        ("translate", "{x: 1, y: 2}, {x: 0.5, y: 0.5}"),
        ("divide-with-remainder", "7, 0"),
        ("area", "rectangle({width: 2, height: 3})"),
        ("check", "true"),
        ("invert", "{read}"),
    ] {
        let ours = pair.provider.text(name, arguments);
        assert_eq!(pair.consumer.text(name, arguments), ours, "{name}");
    }
    assert_eq!(pair.asked(), 0);
}

#[test]
fn a_failure_is_told_to_the_caller_and_the_keeper() {
    let bench = bench();
    for imports in ["", CLOCK] {
        let pair = pair(&bench, &consumer(), &provider(imports), OPS);
        let ended = pair.consumer.wave("crash", "");
        assert_eq!(ended.outcome, Outcome::Trapped);
        assert!(
            ended.message.starts_with("test:direct/ops@1.0.0#crash: "),
            "{}",
            ended.message
        );
        assert!(ended.message.contains("unreachable"), "{}", ended.message);
        assert!(!pair.provider.instance.alive());
        assert_eq!(pair.told.lines(), ["test:direct/ops@1.0.0#crash: Trapped"]);
    }
}

#[test]
fn a_busy_replica_and_one_that_was_taken_back_are_left_to_the_target() {
    let bench = bench();
    let pair = pair(&bench, &consumer(), &provider(CLOCK), OPS);
    let mut spins = spinning(&pair.provider);
    assert!(
        pair.consumer
            .wave("add", "1, 2")
            .message
            .ends_with("by the target")
    );
    spins.cancel();
    assert_eq!(pair.asked(), 1);

    let pair = self::pair(&bench, &consumer(), &provider(""), OPS);
    assert_eq!(pair.consumer.text("add", "1, 2"), "3");
    assert_eq!(pair.told.lines(), Vec::<String>::new());
    pair.callees.remove(&pair.provider.instance);
    assert_eq!(
        pair.told.lines(),
        ["left"],
        "though the consumer has called it"
    );
    assert!(
        pair.consumer
            .wave("add", "1, 2")
            .message
            .ends_with("by the target")
    );
}

/// A call that has been polled once, and yields at each tick.
fn spinning(replica: &Replica) -> GuestTask {
    let spin = format!("{OPS}#spin");
    let encoding = arcella_engine::instance::Encoding::Wave;
    let mut task = replica.task(&spin, encoding, b"", Duration::ZERO);
    assert!(!task.poll(&mut Context::from_waker(Waker::noop())));
    task
}

#[test]
fn a_wire_leads_elsewhere_once_it_is_bound_anew() {
    let bench = bench();
    let pair = pair(&bench, &consumer(), &provider(""), OPS);
    let other = bench.start(&provider(""), limits());
    let callees = Callees::of(&other.linked, Duration::ZERO).unwrap();
    callees.add(&other.instance, Box::new(Teller(Arc::default())));
    assert_eq!(pair.consumer.text("add", "1, 2"), "3");
    let wire = &pair.consumer.linked.wires()[0];
    assert!(
        !wire.bind(&callees, "test:direct/ops@1.0.0#spin"),
        "it is another type"
    );
    assert!(
        pair.consumer
            .wave("crash", "")
            .message
            .contains("unreachable"),
        "only that one"
    );
    let pair = self::pair(&bench, &consumer(), &provider(""), OPS);
    for wire in pair.consumer.linked.wires().iter() {
        wire.unbind();
    }
    let wire = &pair.consumer.linked.wires()[0];
    assert!(wire.bind(&callees, "test:direct/ops@1.0.0#add"));
    assert_eq!(pair.consumer.text("add", "3, 4"), "7");
    assert_eq!(other.instance.direct_calls(), 1);
    assert_eq!(pair.provider.instance.direct_calls(), 0);
}

#[test]
fn the_callers_deadline_ends_it() {
    let bench = bench();
    for (imports, told) in [("", vec!["holds: true", "holds: false"]), (CLOCK, vec![])] {
        let pair = pair(&bench, &consumer(), &provider(imports), OPS);
        let ended = pair
            .consumer
            .wave_within("spin", "", Duration::from_millis(50));
        assert_eq!(ended.outcome, Outcome::TimedOut, "{}", ended.message);
        assert!(!pair.provider.instance.alive());
        let lines = pair.told.lines();
        assert_eq!(lines[..told.len()], told, "{lines:?}");
    }
}

#[test]
fn the_callees_own_time_ends_it() {
    let bench = bench();
    for imports in ["", CLOCK] {
        let timeout = Duration::from_millis(50);
        let provider = provider(imports);
        let pair = pair_with(&bench, &consumer(), &provider, OPS, limits(), timeout);
        let ended = pair.consumer.wave("spin", "");
        assert_eq!(ended.outcome, Outcome::Trapped, "{}", ended.message);
        assert!(
            ended.message.contains("the deadline passed"),
            "{}",
            ended.message
        );
        assert!(pair.told.lines().contains(&format!("{OPS}#spin: TimedOut")));
    }
}

#[test]
fn a_replica_is_cut_in_the_middle_of_a_call() {
    let bench = bench();
    for imports in ["", CLOCK] {
        let pair = pair(&bench, &consumer(), &provider(imports), OPS);
        let ended = std::thread::scope(|scope| {
            let call = scope.spawn(|| pair.consumer.wave("spin", ""));
            while !pair.provider.instance.in_direct_call() {
                std::thread::yield_now();
            }
            if imports.is_empty() {
                pair.told.wait_for("holds: true");
            }
            pair.provider.instance.cut_direct_call();
            call.join().unwrap()
        });
        assert_eq!(ended.outcome, Outcome::Trapped);
        assert!(
            ended.message.contains("it was stopped"),
            "{}",
            ended.message
        );
    }
}

#[test]
fn who_has_held_a_thread_once_does_not_again() {
    let bench = bench();
    let pair = pair(&bench, &consumer(), &provider(""), OPS);
    let ended = pair
        .consumer
        .wave_within("spin", "", Duration::from_millis(50));
    assert_eq!(ended.outcome, Outcome::TimedOut);
    // Another replica of the same deployment, and another caller.
    pair.callees.remove(&pair.provider.instance);
    let sibling = replica_of(pair.provider.linked.clone());
    let told = Arc::new(Told::default());
    pair.callees
        .add(&sibling.instance, Box::new(Teller(told.clone())));
    let caller = self::pair(&bench, &consumer(), &provider(""), OPS).consumer;
    bind_all(&caller, &pair.callees, OPS);
    assert_eq!(caller.text("add", "1, 2"), "3");
    let ended = caller.wave_within("spin", "", Duration::from_millis(50));
    assert_eq!(ended.outcome, Outcome::TimedOut);
    assert!(!told.lines().iter().any(|line| line.starts_with("holds")));
}

#[test]
fn a_caller_that_is_cancelled_takes_the_callee_along() {
    let bench = bench();
    let pair = pair(&bench, &consumer(), &provider(CLOCK), OPS);
    let encoding = arcella_engine::instance::Encoding::Wave;
    let mut task = pair.consumer.task("spin", encoding, b"", Duration::ZERO);
    assert!(!task.poll(&mut Context::from_waker(Waker::noop())));
    assert!(pair.provider.instance.in_direct_call());
    task.cancel();
    assert!(!pair.provider.instance.alive());
    assert!(!pair.provider.instance.in_direct_call());
}

#[test]
fn an_engine_with_concurrency_calls_nobody_directly() {
    let bench = bench_with(EngineSettings {
        concurrency: true,
        ..EngineSettings::default()
    });
    let provider = bench.start(&provider(""), limits());
    assert!(Callees::of(&provider.linked, Duration::ZERO).is_none());
}

#[test]
fn who_imports_from_others_is_not_called_directly() {
    let bench = bench();
    let target: Arc<dyn ImportTarget> = Arc::new(Target::default());
    let relay = bench.start_with(&example("relay"), Policy::default(), limits(), Some(target));
    assert!(Callees::of(&relay.linked, Duration::ZERO).is_none());
}

#[test]
fn fuel_bounds_a_call_that_has_no_fiber() {
    let bench = bench_with(EngineSettings {
        fuel: true,
        ..EngineSettings::default()
    });
    let limits = Limits {
        fuel: Some(100_000),
        ..limits()
    };
    let pair = pair_with(
        &bench,
        &consumer(),
        &provider(""),
        OPS,
        limits,
        Duration::ZERO,
    );
    assert_eq!(pair.consumer.text("add", "1, 2"), "3");
    let ended = pair.consumer.wave("spin", "");
    assert!(ended.message.contains("fuel"), "{}", ended.message);
    assert_eq!(pair.told.lines(), ["test:direct/ops@1.0.0#spin: OutOfFuel"]);
}
