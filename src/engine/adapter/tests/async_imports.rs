// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Imported functions that are asynchronous (WASI 0.3): a guest goes on while they are under way.

mod common;

use arcella_engine::call::{Begun, begin_call};
use arcella_engine::error::{Code, Outcome};
use arcella_engine::function;
use arcella_engine::import::{Cancel, ImportTarget, Reply};
use arcella_engine::instance::Encoding;
use arcella_engine::settings::EngineSettings;
use arcella_engine::store::{Limits, Policy};
use common::{Bench, Replica, bench_with, example, finish, limits, wat};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

fn concurrent() -> Bench {
    bench_with(EngineSettings {
        concurrency: true,
        ..Default::default()
    })
}

/// `twice` adds (a, b) and (b, a) at once and gives both sums together; `echo` waits for its import as for a plain one.
fn caller() -> Vec<u8> {
    wat(r#"(component
      (type $add (func async (param "a" u32) (param "b" u32) (result u32)))
      (type $echo (func async (param "text" string) (result (result string (error string)))))
      (import "test:ops/ops@1.0.0" (instance $ops
        (export "add" (func (type $add)))
        (export "echo" (func (type $echo)))))
      (core module $memory
        (memory (export "memory") 1)
        (global $end (mut i32) (i32.const 1024))
        (func (export "realloc") (param i32 i32 i32 i32) (result i32)
          (global.get $end)
          (global.set $end (i32.add (global.get $end) (local.get 3)))))
      (core instance $memory (instantiate $memory))
      (core func $add (canon lower (func $ops "add") async (memory $memory "memory")))
      (core func $echo (canon lower (func $ops "echo")
        (memory $memory "memory") (realloc (func $memory "realloc"))))
      (core func $new (canon waitable-set.new))
      (core func $join (canon waitable.join))
      (core func $wait (canon waitable-set.wait (memory $memory "memory")))
      (core func $drop (canon subtask.drop))
      (core func $drop-set (canon waitable-set.drop))
      (core module $guest
        (import "host" "memory" (memory 1))
        (import "host" "add" (func $add (param i32 i32 i32) (result i32)))
        (import "host" "echo" (func $echo (param i32 i32 i32)))
        (import "host" "new" (func $new (result i32)))
        (import "host" "join" (func $join (param i32 i32)))
        (import "host" "wait" (func $wait (param i32 i32) (result i32)))
        (import "host" "drop" (func $drop (param i32)))
        (import "host" "drop-set" (func $drop-set (param i32)))
        ;; Until the subtask has returned (2), if it has not at once.
        (func $finish (param $set i32) (param $begun i32)
          (local $subtask i32)
          (if (i32.eq (i32.and (local.get $begun) (i32.const 15)) (i32.const 2)) (then (return)))
          (local.set $subtask (i32.shr_u (local.get $begun) (i32.const 4)))
          (call $join (local.get $subtask) (local.get $set))
          (drop (call $wait (local.get $set) (i32.const 0)))
          (if (i32.ne (i32.load (i32.const 4)) (i32.const 2)) (then (unreachable)))
          (call $drop (local.get $subtask)))
        (func (export "twice") (param $a i32) (param $b i32) (result i32)
          (local $set i32) (local $one i32) (local $two i32)
          (local.set $one (call $add (local.get $a) (local.get $b) (i32.const 16)))
          (local.set $two (call $add (local.get $b) (local.get $a) (i32.const 20)))
          (local.set $set (call $new))
          (call $finish (local.get $set) (local.get $one))
          (call $finish (local.get $set) (local.get $two))
          (call $drop-set (local.get $set))
          (i32.add (i32.load (i32.const 16)) (i32.load (i32.const 20))))
        (func (export "echo") (param $text i32) (param $length i32) (result i32)
          (call $echo (local.get $text) (local.get $length) (i32.const 32))
          (i32.const 32)))
      (core instance $guest (instantiate $guest (with "host" (instance
        (export "memory" (memory $memory "memory"))
        (export "add" (func $add)) (export "echo" (func $echo))
        (export "new" (func $new)) (export "join" (func $join)) (export "wait" (func $wait))
        (export "drop" (func $drop)) (export "drop-set" (func $drop-set))))))
      (func (export "twice") (type $add) (canon lift (core func $guest "twice")))
      (func (export "echo") (type $echo) (canon lift (core func $guest "echo")
        (memory $memory "memory") (realloc (func $memory "realloc")))))"#)
}

type Kept = (u32, Vec<u8>, Reply);

/// Keeps what it is asked until `wanted` calls are under way, and answers them then from another thread, the last first.
struct Gathering {
    wanted: usize,
    kept: Mutex<Vec<Kept>>,
    answer: fn(&[u8], Reply),
    cancelled: Arc<AtomicUsize>,
}

impl ImportTarget for Gathering {
    fn call(&self, number: u32, request: &[u8], timeout: Duration, reply: Reply) -> Option<Cancel> {
        assert!(!timeout.is_zero(), "the deadline goes down the chain");
        let mut kept = self.kept.lock().unwrap();
        kept.push((number, request.to_vec(), reply));
        if kept.len() == self.wanted {
            let all = std::mem::take(&mut *kept);
            let answer = self.answer;
            std::thread::spawn(move || {
                for (_, request, reply) in all.into_iter().rev() {
                    answer(&request, reply);
                }
            });
        }
        let cancelled = self.cancelled.clone();
        Some(Box::new(move || {
            cancelled.fetch_add(1, Ordering::Relaxed);
        }))
    }

    fn drop_handles(&self, _: &[u64]) {}
}

fn gathering(wanted: usize, answer: fn(&[u8], Reply)) -> Arc<Gathering> {
    Arc::new(Gathering {
        wanted,
        kept: Mutex::default(),
        answer,
        cancelled: Arc::default(),
    })
}

fn start(bench: &Bench, wasm: &[u8], target: &Arc<Gathering>, limits: Limits) -> Replica {
    bench.start_with(wasm, Policy::default(), limits, Some(target.clone()))
}

/// 10 a + b, so that the order of the parameters is seen.
fn weighed(request: &[u8], reply: Reply) {
    let word = |at: usize| u32::from_le_bytes(request[at..at + 4].try_into().unwrap());
    reply.end(Ok(&(10 * word(0) + word(4)).to_le_bytes()));
}

#[test]
fn several_calls_of_one_guest_are_under_way_at_once() {
    let bench = concurrent();
    let target = gathering(2, weighed);
    let guest = start(&bench, &caller(), &target, limits());
    assert_eq!(guest.text("twice", "2, 3"), "55");
    assert_eq!(guest.text("twice", "0, 1"), "11");
    assert_eq!(target.cancelled.load(Ordering::Relaxed), 0);
}

#[test]
fn a_guest_may_wait_for_one_as_for_a_plain_function() {
    let bench = concurrent();
    let target = gathering(1, |request, reply| {
        // The string as it lies in the parameters, behind the result's case.
        let text = &request[8..];
        let mut arena = vec![0, 0, 0, 0, 12, 0, 0, 0];
        arena.extend((text.len() as u32).to_le_bytes());
        arena.extend(text);
        reply.end(Ok(&arena));
    });
    let guest = start(&bench, &caller(), &target, limits());
    assert_eq!(guest.text("echo", r#""grüße""#), r#"ok("grüße")"#);
}

#[test]
fn a_failure_is_told_as_the_function_can_tell_it() {
    let bench = concurrent();
    let target = gathering(1, |_, reply| reply.end(Err("nobody is there".into())));
    let guest = start(&bench, &caller(), &target, limits());
    let told = guest.text("echo", r#""x""#);
    assert_eq!(told, r#"err("test:ops/ops@1.0.0#echo: nobody is there")"#);
    // No place for an error in its result.
    let ended = guest.wave("twice", "1, 2");
    assert_eq!(ended.outcome, Outcome::Trapped);
    assert_eq!(ended.message, "test:ops/ops@1.0.0#add: nobody is there");
}

#[test]
fn nonsense_from_the_provider_is_a_failure() {
    let bench = concurrent();
    let target = gathering(2, |_, reply| reply.end(Ok(&[1, 2, 3])));
    let guest = start(&bench, &caller(), &target, limits());
    let ended = guest.wave("twice", "1, 2");
    assert_eq!(ended.outcome, Outcome::Trapped);
    assert!(ended.message.contains("its result"), "{}", ended.message);
}

#[test]
fn a_caller_at_its_deadline_cancels_all_of_its_calls() {
    let bench = concurrent();
    let target = gathering(3, weighed);
    let short = Limits {
        call_timeout: Duration::from_millis(50),
        ..limits()
    };
    let guest = start(&bench, &caller(), &target, short);
    assert_eq!(guest.wave("twice", "1, 2").outcome, Outcome::TimedOut);
    assert_eq!(target.cancelled.load(Ordering::Relaxed), 2);
}

/// It may keep the caller, who keeps the instance.
#[test]
fn no_waker_is_kept_when_a_call_has_ended() {
    struct Caller(Thread);
    impl Wake for Caller {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let bench = concurrent();
    let guest = start(&bench, &caller(), &gathering(2, weighed), limits());
    let caller = Arc::new(Caller(std::thread::current()));
    let waker = Waker::from(caller.clone());
    let mut task = guest.task("twice", Encoding::Wave, b"2, 3", Duration::ZERO);
    while !task.poll(&mut Context::from_waker(&waker)) {
        std::thread::park();
    }
    drop((task, waker));
    assert!(guest.instance.alive());
    // The thread that has woken us may still be about to let go of it.
    let until = Instant::now() + Duration::from_secs(10);
    while Arc::strong_count(&caller) > 1 {
        assert!(Instant::now() < until, "the store keeps its last caller");
        std::thread::yield_now();
    }
}

#[test]
fn plain_imports_are_called_in_the_same_engine() {
    let bench = concurrent();
    let target = gathering(1, weighed);
    let relay = start(&bench, &example("relay"), &target, limits());
    assert_eq!(relay.text("add", "4, 2"), "42");
}

/// Calls a replica of the same engine.
struct Local(Replica);

impl ImportTarget for Local {
    fn call(&self, _: u32, request: &[u8], timeout: Duration, reply: Reply) -> Option<Cancel> {
        let function = function::resolve(self.0.linked.functions(), "add").unwrap();
        let begun = begin_call(
            &self.0.instance,
            &function,
            Encoding::Arena,
            request,
            timeout,
            &mut Context::from_waker(Waker::noop()),
            |_| (),
        );
        let Begun::Pending(task) = begun else {
            panic!("it was polled inside of its caller");
        };
        std::thread::spawn(move || reply.end(Ok(&finish(task).outcome().payload)));
        None
    }

    fn drop_handles(&self, _: &[u64]) {}
}

#[test]
fn a_provider_of_the_same_engine_does_not_run_inside_of_its_caller() {
    let bench = concurrent();
    for (wasm, function, sum) in [(caller(), "twice", "10"), (example("relay"), "add", "5")] {
        let calc = bench.start(&example("calc"), limits());
        let target: Arc<dyn ImportTarget> = Arc::new(Local(calc));
        let guest = bench.start_with(&wasm, Policy::default(), limits(), Some(target));
        assert_eq!(guest.text(function, "2, 3"), sum);
    }
}

#[test]
fn handles_of_one_are_refused_by_name() {
    let bench = concurrent();
    let wasm = wat(r#"(component
      (import "test:ops/files@1.0.0" (instance
        (export "file" (type $file (sub resource)))
        (export "open" (func async (result (own $file)))))))"#);
    let target: Arc<dyn ImportTarget> = gathering(1, weighed);
    let code = bench.load(&wasm);
    let linked =
        arcella_engine::link::Linked::new(&code, Policy::default(), limits(), Some(target));
    let error = linked.err().unwrap();
    assert_eq!(error.code, Code::Unresolved);
    assert!(
        error
            .message
            .contains("test:ops/files@1.0.0#open is asynchronous and has handles"),
        "{}",
        error.message
    );
}
