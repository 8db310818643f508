// SPDX-License-Identifier: Apache-2.0 OR MIT

mod common;

use arcella_engine::EngineSettings;
use arcella_engine::error::Outcome;
use arcella_engine::output::Stream;
use arcella_engine::settings::EngineUse;
use arcella_engine::store::{Mount, Policy};
use common::{bench, bench_with, example, wat};
use std::time::Duration;

fn command(args: &[&str]) -> Policy {
    Policy {
        program: "command".into(),
        args: args.iter().map(|s| (*s).to_owned()).collect(),
        ..Policy::default()
    }
}

fn run_once() -> EngineSettings {
    EngineSettings {
        engine_use: EngineUse::RunOnce,
        ..Default::default()
    }
}

#[test]
fn a_core_module_prints_and_keeps_its_exit_status() {
    let bench = bench();
    let mut policy = command(&["--exit", "7"]);
    policy.env.push(("NAME".into(), "arcella".into()));
    let (ended, output) = bench.run(&example("hello-core"), policy, Duration::ZERO);
    assert_eq!((ended.outcome, ended.exit_status), (Outcome::Exited, 7));
    let text = output.of(Stream::Stdout);
    assert!(text.starts_with("Hello from a core module\n"), "{text}");
    assert!(text.ends_with("NAME=arcella\n"), "{text}");
}

#[test]
fn nothing_of_the_hosts_environment_is_seen() {
    let bench = bench_with(run_once());
    let (ended, output) = bench.run(&example("hello-core"), command(&[]), Duration::ZERO);
    assert_eq!((ended.outcome, ended.exit_status), (Outcome::Exited, 0));
    assert_eq!(output.of(Stream::Stdout), "Hello from a core module\n");
}

#[test]
fn a_command_reads_a_mounted_folder() {
    let bench = bench_with(run_once());
    let root = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../examples/word-count/data"
    );
    let mut policy = command(&["/data"]);
    policy.mounts.push(Mount {
        host: root.into(),
        guest: "/data".into(),
        writable: false,
    });
    let (ended, output) = bench.run(&example("word-count"), policy, Duration::ZERO);
    let text = output.of(Stream::Stdout) + &output.of(Stream::Stderr);
    assert_eq!(
        (ended.outcome, ended.exit_status),
        (Outcome::Exited, 0),
        "{text}"
    );
    assert!(text.contains("short.txt"), "{text}");
    let (ended, _) = bench.run(&example("word-count"), command(&["/data"]), Duration::ZERO);
    assert_eq!(ended.outcome, Outcome::Exited);
    assert_ne!(ended.exit_status, 0);
}

/// The status of `wasi:cli/run`, or an exit through `wasi:cli/exit`.
fn cli_component(version: &str, run: &str) -> Vec<u8> {
    wat(&format!(
        r#"(component
          (core module $m (func (export "run") (result i32) {run}))
          (core instance $i (instantiate $m))
          (type $run (func (result (result))))
          (func $run (type $run) (canon lift (core func $i "run")))
          (instance $command (export "run" (func $run)))
          (export "wasi:cli/run@{version}" (instance $command)))"#
    ))
}

#[test]
fn the_result_of_run_is_the_exit_status() {
    let bench = bench();
    for (body, status) in [("(i32.const 0)", 0), ("(i32.const 1)", 1)] {
        let wasm = cli_component("0.2.0", body);
        let (ended, _) = bench.run(&wasm, command(&[]), Duration::ZERO);
        assert_eq!(
            (ended.outcome, ended.exit_status),
            (Outcome::Exited, status)
        );
    }
}

#[test]
fn exit_ends_a_component_with_its_status() {
    let bench = bench();
    for (argument, status) in [(0, 0), (1, 1)] {
        let wasm = wat(&format!(
            r#"(component
              (import "wasi:cli/exit@0.2.0" (instance $exit
                (export "exit" (func (param "status" (result))))))
              (core func $exit (canon lower (func $exit "exit")))
              (core module $m
                (import "host" "exit" (func $exit (param i32)))
                (func (export "run") (result i32) (call $exit (i32.const {argument})) (unreachable)))
              (core instance $i (instantiate $m (with "host" (instance (export "exit" (func $exit))))))
              (func $run (result (result)) (canon lift (core func $i "run")))
              (instance $command (export "run" (func $run)))
              (export "wasi:cli/run@0.2.3" (instance $command)))"#
        ));
        let (ended, _) = bench.run(&wasm, command(&[]), Duration::ZERO);
        assert_eq!(
            (ended.outcome, ended.exit_status),
            (Outcome::Exited, status),
            "{}",
            ended.message
        );
    }
}

#[test]
fn a_wasi_0_3_command_runs_on_a_concurrent_engine() {
    let bench = bench_with(EngineSettings {
        concurrency: true,
        ..Default::default()
    });
    let wasm = wat(r#"(component
          (core module $m (func (export "run") (result i32) (i32.const 0)))
          (core instance $i (instantiate $m))
          (type $run (func async (result (result))))
          (func $run (type $run) (canon lift (core func $i "run")))
          (instance $command (export "run" (func $run)))
          (export "wasi:cli/run@0.3.0" (instance $command)))"#);
    let (ended, _) = bench.run(&wasm, command(&[]), Duration::ZERO);
    assert_eq!(
        (ended.outcome, ended.exit_status),
        (Outcome::Exited, 0),
        "{}",
        ended.message
    );
    let (ended, _) = bench.run(
        &cli_component("0.2.0", "(i32.const 1)"),
        command(&[]),
        Duration::ZERO,
    );
    assert_eq!(
        (ended.outcome, ended.exit_status),
        (Outcome::Exited, 1),
        "{}",
        ended.message
    );
}

#[test]
fn a_command_is_stopped_at_its_deadline() {
    let bench = bench_with(run_once());
    let wasm =
        wat(r#"(module (memory (export "memory") 1) (func (export "_start") (loop (br 0))))"#);
    let (ended, _) = bench.run(&wasm, command(&[]), Duration::from_millis(50));
    assert_eq!(ended.outcome, Outcome::TimedOut);
}

#[test]
fn what_is_no_command_is_not_run() {
    let bench = bench();
    let (ended, _) = bench.run(&example("calc"), command(&[]), Duration::ZERO);
    assert_eq!(ended.outcome, Outcome::BadArguments);
    assert!(ended.message.contains("not a command"), "{}", ended.message);
}

#[test]
fn a_mount_that_is_not_there_is_named() {
    let bench = bench();
    let mut policy = command(&[]);
    policy.mounts.push(Mount {
        host: "/no/such/folder".into(),
        guest: "/data".into(),
        writable: false,
    });
    let (ended, _) = bench.run(&example("hello-core"), policy, Duration::ZERO);
    assert_eq!(ended.outcome, Outcome::Trapped);
    assert!(
        ended.message.contains("/no/such/folder"),
        "{}",
        ended.message
    );
}
