// SPDX-License-Identifier: Apache-2.0 OR MIT

mod common;

use arcella_engine::error::{Code, Outcome};
use arcella_engine::function;
use arcella_engine::store::Policy;
use common::{bench, bench_with, example, limits, wat};

#[test]
fn every_kind_of_value_travels_as_wave_text() {
    let bench = bench();
    let calc = bench.start(&example("calc"), limits());
    assert_eq!(calc.text("add", "20, 22"), "42");
    assert_eq!(calc.text("examples:calc/ops@1.0.0#add", "20, 22"), "42");
    assert_eq!(calc.text("examples:calc/ops#add", "20, 22"), "42");
    assert_eq!(calc.text("ops#add", "20, 22"), "42");
    assert_eq!(calc.text("add-small", "-1, 2, -3, 4"), "2");
    assert_eq!(calc.text("multiply", "1.5, 2"), "3");
    assert_eq!(calc.text("next-char", "'a'"), "some('b')");
    assert_eq!(calc.text("echo-string", r#""grüße""#), r#""grüße""#);
    assert_eq!(calc.text("echo-bytes", "[1, 2, 255]"), "[1, 2, 255]");
    assert_eq!(calc.text("reverse", r#"["a", "b"]"#), r#"["b", "a"]"#);
    let moved = calc.text("translate", "{x: 1, y: 2}, {x: 0.5, y: 0.5}");
    assert_eq!(moved, "{x: 1.5, y: 2.5}");
    assert_eq!(calc.text("divide-with-remainder", "7, 2"), "ok((3, 1))");
    assert_eq!(calc.text("area", "rectangle({width: 2, height: 3})"), "6");
    assert_eq!(calc.text("divide", "1, 0"), "err(division-by-zero)");
    assert_eq!(calc.text("largest", "[]"), "none");
    assert_eq!(calc.text("check", "true"), "ok");
    assert_eq!(calc.text("invert", "{read}"), "{write, execute}");
    assert!(calc.instance.alive());
    assert!(calc.instance.memory_bytes() > 0);
}

#[test]
fn arguments_that_do_not_fit_leave_the_guest_alone() {
    let bench = bench();
    let calc = bench.start(&example("calc"), limits());
    let refused = |arguments: &str| {
        let ended = calc.wave("add", arguments);
        assert_eq!(ended.outcome, Outcome::BadArguments, "{arguments}");
        let expected = "expected add: func(a: u32, b: u32) -> u32";
        assert!(ended.message.ends_with(expected), "{}", ended.message);
        ended.message
    };
    refused("1");
    refused("1, 2, 3");
    refused("1, \"two\"");
    refused("1, -2");
    refused("1, 2) (3");
    refused("");
    assert!(refused(&format!("{}1", "[".repeat(100_000))).contains("nested deeper"));
    assert!(
        refused("1, x").starts_with("column 4"),
        "{}",
        refused("1, x")
    );
    assert_eq!(calc.text("add", "1, 2"), "3");
}

#[test]
fn resources_are_refused_before_the_guest_runs() {
    let bench = bench();
    let calc = bench.start(&example("calc"), limits());
    let ended = calc.wave("[constructor]accumulator", "1");
    assert_eq!(ended.outcome, Outcome::BadArguments);
    assert!(
        ended.message.contains("returns a resource"),
        "{}",
        ended.message
    );
    assert!(calc.instance.alive());
}

#[test]
fn an_unknown_function_names_those_there_are() {
    let bench = bench();
    let calc = bench.start(&example("calc"), limits());
    let error = function::resolve(calc.linked.functions(), "subtrakt")
        .err()
        .unwrap();
    assert_eq!(error.code, Code::NotFound);
    assert!(
        error.message.contains("examples:calc/ops@1.0.0#subtract"),
        "{error}"
    );
}

/// MessagePack by hand, so that the mapping is tested and not only its inverse.
#[test]
fn values_are_type_directed_messagepack() {
    let bench = bench();
    let calc = bench.start(&example("calc"), limits());
    let returns = |name: &str, request: &[u8], expected: &[u8]| {
        let ended = calc.values(name, request);
        assert_eq!(ended.message, "", "{name}");
        assert_eq!(ended.payload, expected, "{name}");
    };
    returns("add", &[0x92, 20, 22], &[42]);
    returns("add", &[0x92, 0xcd, 1, 0, 0xce, 0, 0, 0, 1], &[0xcd, 1, 1]);
    returns("subtract", &[0x92, 1, 2], &[0xff]);
    returns("is-even", &[0x91, 4], &[0xc3]);
    returns("next-char", b"\x91\xa1a", b"\x91\xa1b");
    returns("echo-string", b"\x91\xa5hello", b"\xa5hello");
    returns(
        "echo-bytes",
        b"\x91\xc4\x03\x01\x02\x03",
        b"\xc4\x03\x01\x02\x03",
    );
    returns("reverse", b"\x91\x92\xa1a\xa1b", b"\x92\xa1b\xa1a");
    returns(
        "divide-with-remainder",
        &[0x92, 7, 2],
        &[0x92, 0, 0x92, 3, 1],
    );
    returns("divide", &[0x92, 1, 0], &[0x92, 1, 0]);
    returns("largest", &[0x91, 0x90], &[0xc0]);
    returns("largest", &[0x91, 0x92, 3, 5], &[0x91, 5]);
    returns("check", &[0x91, 0xc3], &[0x92, 0, 0xc0]);
    returns("invert", &[0x91, 0x91, 0], &[0x92, 1, 2]);
    // area(circle(0.0)), area(empty)
    let nothing = [0xcb, 0, 0, 0, 0, 0, 0, 0, 0];
    returns("area", &[&[0x91, 0x92, 1][..], &nothing].concat(), &nothing);
    returns("area", &[0x91, 0x92, 0, 0xc0], &nothing);
}

#[test]
fn a_large_payload_goes_there_and_back() {
    let bench = bench();
    let calc = bench.start(&example("calc"), limits());
    let bytes: Vec<u8> = (0..1_000_000_u32).map(|n| n as u8).collect();
    let mut request = vec![0x91];
    arcella_engine::values::write_bin(&mut request, &bytes);
    let ended = calc.values("echo-bytes", &request);
    assert_eq!(ended.message, "");
    assert!(ended.payload == request[1..]);
}

#[test]
fn malformed_values_are_refused() {
    let bench = bench();
    let calc = bench.start(&example("calc"), limits());
    for (name, request) in [
        ("add", &b""[..]),
        ("add", b"\x92\x01"),
        ("add", b"\x93\x01\x02\x03"),
        ("add", b"\x92\x01\x02\x03"),
        ("add", b"\x92\x01\xff"),
        ("add", b"\x92\x01\xa1a"),
        ("echo-string", b"\x91\xa2\xff\xff"),
        ("echo-string", b"\x91\xdb\xff\xff\xff\xff"),
        ("echo-bytes", b"\x91\xc6\xff\xff\xff\xff"),
        ("reverse", b"\x91\xdd\xff\xff\xff\xff"),
        ("area", b"\x91\x92\x09\xc0"),
        ("invert", b"\x91\x91\x07"),
        ("check", b"\x91\x01"),
    ] {
        let ended = calc.values(name, request);
        assert_eq!(
            ended.outcome,
            Outcome::BadArguments,
            "{name} {request:?}: {}",
            ended.message
        );
    }
    assert_eq!(calc.text("add", "1, 2"), "3");
}

#[test]
fn exports_of_core_modules_take_and_return_numbers() {
    let bench = bench();
    let module = wat(r#"(module
          (memory (export "memory") 1)
          (global $ready (mut i32) (i32.const 0))
          (func (export "_initialize") (global.set $ready (i32.const 1)))
          (func (export "ready") (result i32) (global.get $ready))
          (func (export "mul") (param i64 f64) (result f64)
            (f64.mul (f64.convert_i64_s (local.get 0)) (local.get 1)))
          (func (export "two") (result i32 i32) (i32.const 1) (i32.const 2)))"#);
    let replica = bench.start(&module, limits());
    assert_eq!(replica.text("ready", ""), "1");
    assert_eq!(replica.text("mul", "6, 7"), "42");
    assert_eq!(replica.wave("mul", "6").outcome, Outcome::BadArguments);
    assert_eq!(replica.wave("two", "").outcome, Outcome::BadArguments);
}

#[test]
fn imports_that_nobody_offers_are_all_named() {
    let bench = bench();
    let component = wat(r#"(component
          (import "wasi:io/poll@0.2.0" (instance))
          (import "acme:store/kv@1.0.0" (instance (export "get" (func))))
          (import "log" (func)))"#);
    let error = bench
        .link(&component, Policy::default(), limits())
        .err()
        .unwrap();
    assert_eq!(error.code, Code::Unresolved);
    assert_eq!(
        error.message,
        "nobody offers the imports acme:store/kv@1.0.0, log"
    );

    let module = wat(r#"(module
          (import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))
          (import "env" "a" (func)) (import "env" "b" (func)))"#);
    let error = bench
        .link(&module, Policy::default(), limits())
        .err()
        .unwrap();
    assert_eq!(error.message, "nobody offers the imports env.a, env.b");
}

#[test]
fn a_second_engine_is_refused_while_the_first_lives() {
    let first = bench();
    let settings = arcella_engine::EngineSettings::default();
    let second = arcella_engine::engine::Engine::new(settings).err().unwrap();
    assert_eq!(second.code, Code::Conflict);
    drop(first);
    bench();
}

#[test]
fn what_is_no_artifact_is_not_loaded() {
    let bench = bench();
    let settings = arcella_engine::EngineSettings::default();
    let other = arcella_engine::EngineSettings {
        fuel: true,
        ..settings
    };
    for bytes in [
        Vec::new(),
        b"hello".to_vec(),
        example("calc"),
        common::compile(&other, &example("calc")),
    ] {
        let loaded = unsafe { bench.engine.load(common::file_with(&bytes)) };
        assert!(loaded.is_err());
    }
}

#[test]
fn a_concurrent_engine_calls_the_same_functions() {
    let bench = bench_with(arcella_engine::EngineSettings {
        concurrency: true,
        ..Default::default()
    });
    let calc = bench.start(&example("calc"), limits());
    assert_eq!(calc.text("add", "20, 22"), "42");
    assert_eq!(
        calc.values("echo-string", b"\x91\xa5hello").payload,
        b"\xa5hello"
    );
}
