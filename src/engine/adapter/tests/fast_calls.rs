// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The fast path of calls (`flat.rs`): every kind there and back, what a guest may get wrong, and arguments that move while
//! the guest is still taking them in.

mod common;

use arcella_engine::call::{Begun, begin_call};
use arcella_engine::error::Outcome;
use arcella_engine::function;
use arcella_engine::instance::Encoding;
use arcella_engine::values;
use common::{bench, finish, limits, wat};
use std::task::{Context, Waker};
use std::time::Duration;

/// Functions that give back what they get, or a number of their own.
const SCALARS: &str = r#"(component
    (core module $m
      (func (export "one") (param i32) (result i32) (local.get 0))
      (func (export "wide") (param i64) (result i64) (local.get 0))
      (func (export "f32") (param f32) (result f32) (local.get 0))
      (func (export "f64") (param f64) (result f64) (local.get 0))
      (func (export "two") (result i32) (i32.const 2))
      (func (export "surrogate") (result i32) (i32.const 0xd800)))
    (core instance $i (instantiate $m))
    (func (export "bool") (param "a" bool) (result bool) (canon lift (core func $i "one")))
    (func (export "s32") (param "a" s32) (result s32) (canon lift (core func $i "one")))
    (func (export "u32") (param "a" u32) (result u32) (canon lift (core func $i "one")))
    (func (export "char") (param "a" char) (result char) (canon lift (core func $i "one")))
    (func (export "s64") (param "a" s64) (result s64) (canon lift (core func $i "wide")))
    (func (export "u64") (param "a" u64) (result u64) (canon lift (core func $i "wide")))
    (func (export "f32") (param "a" f32) (result f32) (canon lift (core func $i "f32")))
    (func (export "f64") (param "a" f64) (result f64) (canon lift (core func $i "f64")))
    (func (export "odd-bool") (result bool) (canon lift (core func $i "two")))
    (func (export "no-char") (result char) (canon lift (core func $i "surrogate"))))"#;

#[test]
fn scalars_go_there_and_back() {
    let bench = bench();
    let scalars = bench.start(&wat(SCALARS), limits());
    for (name, value) in [
        ("bool", &[0xc3][..]),
        ("bool", &[0xc2]),
        ("s32", &[0xe0]),
        ("s32", &[0xd2, 0x80, 0, 0, 0]),
        ("u32", &[0x7f]),
        ("u32", &[0xce, 0xff, 0xff, 0xff, 0xff]),
        ("char", b"\xa4\xf0\x9f\xa6\x80"),
        ("s64", &[0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0]),
        ("u64", &[0xcf, 0xff, 0, 0, 0, 0, 0, 0, 1]),
        ("f32", &[0xca, 0xbf, 0xc0, 0, 0]),
        ("f64", &[0xcb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0]),
    ] {
        let ended = scalars.values(name, &[&[0x91], value].concat());
        assert_eq!(ended.message, "", "{name}");
        assert_eq!(ended.payload, value, "{name}");
    }
    assert_eq!(scalars.values("odd-bool", &[0x90]).payload, [0xc3]);
}

#[test]
fn integers_of_any_width_are_taken_if_they_fit() {
    let bench = bench();
    let scalars = bench.start(&wat(SCALARS), limits());
    for (name, argument, expected) in [
        ("s32", &[0xcc, 5][..], Some(&[5][..])),
        ("s32", &[0xcf, 0, 0, 0, 0, 0, 0, 0, 5], Some(&[5])),
        ("s32", &[0xd0, 0xff], Some(&[0xff])),
        ("s32", &[0xd1, 0xff, 0xfe], Some(&[0xfe])),
        ("s32", &[0xce, 0x80, 0, 0, 0], None),
        ("u32", &[0xd3, 0, 0, 0, 0, 0, 0, 1, 0], Some(&[0xcd, 1, 0])),
        ("u32", &[0xff], None),
        ("u32", &[0xcf, 0, 0, 0, 1, 0, 0, 0, 0], None),
        ("u32", &[0xcd, 1], None),
        ("u32", &[0xc0], None),
        ("u64", &[0xd0, 0xff], None),
    ] {
        let ended = scalars.values(name, &[&[0x91], argument].concat());
        match expected {
            Some(expected) => assert_eq!(ended.payload, expected, "{name} {argument:x?}"),
            None => assert_eq!(ended.outcome, Outcome::BadArguments, "{name} {argument:x?}"),
        }
    }
}

#[test]
fn a_result_that_is_no_character_kills_the_store() {
    let bench = bench();
    let scalars = bench.start(&wat(SCALARS), limits());
    assert_eq!(scalars.values("no-char", &[0x90]).outcome, Outcome::Trapped);
    assert!(!scalars.instance.alive());
}

/// A component with `echo: func(text: string) -> string` over one page of memory, in this encoding of strings. Its
/// allocator always gives 1024 and first does `before`.
fn echo(encoding: &str, before: &str) -> Vec<u8> {
    wat(&format!(
        r#"(component
          (core module $m
            (memory (export "memory") 1)
            (global $left (mut i32) (i32.const 0))
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) {before} (i32.const 1024))
            (func (export "echo") (param i32 i32) (result i32)
              (i32.store (i32.const 0) (local.get 0))
              (i32.store (i32.const 4) (local.get 1))
              (i32.const 0))
            (func (export "beyond") (result i32)
              (i32.store (i32.const 0) (i32.const 65530))
              (i32.store (i32.const 4) (i32.const 7))
              (i32.const 0))
            (func (export "garbage") (result i32)
              (i32.store (i32.const 8) (i32.const 0xffff))
              (i32.store (i32.const 0) (i32.const 8))
              (i32.store (i32.const 4) (i32.const 2))
              (i32.const 0)))
          (core instance $i (instantiate $m))
          (func (export "echo") (param "text" string) (result string)
            (canon lift (core func $i "echo") (memory (core memory $i "memory"))
              (realloc (core func $i "realloc")) string-encoding={encoding}))
          (func (export "beyond") (result string)
            (canon lift (core func $i "beyond") (memory (core memory $i "memory"))))
          (func (export "garbage") (result string)
            (canon lift (core func $i "garbage") (memory (core memory $i "memory")))))"#
    ))
}

fn one_text(text: &str) -> Vec<u8> {
    let mut request = vec![0x91];
    values::write_str(&mut request, text);
    request
}

#[test]
fn texts_go_there_and_back_in_every_encoding_of_guests() {
    let bench = bench();
    for encoding in ["utf8", "utf16", "latin1+utf16"] {
        let guest = bench.start(&echo(encoding, ""), limits());
        for text in ["", "plain", "grüße", "a 🦀"] {
            let request = one_text(text);
            let ended = guest.values("echo", &request);
            assert_eq!(ended.message, "", "{encoding} {text}");
            assert_eq!(ended.payload, request[1..], "{encoding} {text}");
        }
    }
}

#[test]
fn a_result_is_checked_before_it_is_read() {
    let bench = bench();
    for name in ["beyond", "garbage"] {
        let guest = bench.start(&echo("utf8", ""), limits());
        assert_eq!(
            guest.values(name, &[0x90]).outcome,
            Outcome::Trapped,
            "{name}"
        );
    }
}

#[test]
fn arguments_are_kept_when_the_guest_is_interrupted_while_it_takes_them_in() {
    let bench = bench();
    let spin = "(global.set $left (i32.const 200000000))
        (loop (global.set $left (i32.sub (global.get $left) (i32.const 1)))
          (br_if 0 (global.get $left)))";
    for encoding in ["utf8", "utf16"] {
        let guest = bench.start(&echo(encoding, spin), limits());
        let function = function::resolve(guest.linked.functions(), "echo").unwrap();
        let expected = one_text("borrowed only while the call begins");
        let mut request = expected.clone();
        let begun = begin_call(
            &guest.instance,
            &function,
            Encoding::Values,
            &request,
            Duration::ZERO,
            &mut Context::from_waker(Waker::noop()),
            |_| panic!("the allocator outlasts its slice"),
        );
        request.fill(0);
        let Begun::Pending(task) = begun else {
            panic!("the call goes on");
        };
        assert_eq!(finish(task).outcome().payload, expected[1..], "{encoding}");
    }
}
