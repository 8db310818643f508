// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Core modules made into components.

mod common;

use arcella_engine::describe;
use arcella_engine::error::Code;
use arcella_engine::wrap::wrap;
use common::wat;

const WORLD: &str = "package arcella:stated;
world module { import demo:log/log@1.0.0; export demo:math/ops@1.0.0; }
package demo:log@1.0.0 { interface log { put: func(value: s64); } }
package demo:math@1.0.0 { interface ops { twice: func(a: s32) -> s32; } }";

fn refusal(text: &str, world: &str) -> String {
    let error = wrap(&wat(text), world).unwrap_err();
    assert_eq!(error.code, Code::InvalidComponent);
    error.message
}

const FITS: &str = r#"(module
    (import "demo:log/log@1.0.0" "put" (func $put (param i64)))
    (func (export "demo:math/ops@1.0.0#twice") (param i32) (result i32)
        (call $put (i64.const 1))
        (i32.mul (local.get 0) (i32.const 2))))"#;

#[test]
fn what_is_stated_is_what_the_component_has() {
    let component = wrap(&wat(FITS), WORLD).unwrap();
    let found = describe::describe(&component).unwrap();
    let names = |items: &[arcella_engine::item::Item]| -> Vec<String> {
        items.iter().map(|item| item.name.clone()).collect()
    };
    assert_eq!(names(&found.imports), ["demo:log/log@1.0.0"]);
    assert_eq!(names(&found.exports), ["demo:math/ops@1.0.0"]);
}

#[test]
fn preview_1_becomes_wasi() {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
        (memory (export "memory") 1)
        (func (export "demo:math/ops@1.0.0#twice") (param i32) (result i32) (i32.const 0)))"#;
    let world = "package arcella:stated; world module { export demo:math/ops@1.0.0; }
        package demo:math@1.0.0 { interface ops { twice: func(a: s32) -> s32; } }";
    let component = wrap(&wat(text), world).unwrap();
    let found = describe::describe(&component).unwrap();
    assert!(
        found
            .imports
            .iter()
            .all(|item| item.name.starts_with("wasi:"))
    );
    assert!(!found.imports.is_empty());
}

#[test]
fn what_the_module_has_not_is_named() {
    let text = "(module)";
    assert!(refusal(text, WORLD).contains("demo:math/ops@1.0.0"));
    let other = FITS.replace("(param i32) (result i32)", "(param i64) (result i32)");
    let other = other.replace("(local.get 0)", "(i32.const 1)");
    assert!(refusal(&other, WORLD).contains("demo:math/ops@1.0.0#twice"));
    let unknown = FITS.replace("demo:log/log@1.0.0", "demo:log/other@1.0.0");
    assert!(refusal(&unknown, WORLD).contains("demo:log/other@1.0.0"));
    let no_wit = refusal(FITS, "world {");
    assert!(no_wit.starts_with("the stated interfaces do not fit the module: "));
}

#[test]
fn hostile_bytes_are_refused() {
    for bytes in [
        &b""[..],
        b"\0asm",
        b"\0asm\x01\0\0\0\xff\xff",
        b"\0asm\x0d\0\x01\0",
    ] {
        assert!(wrap(bytes, WORLD).is_err());
    }
}
