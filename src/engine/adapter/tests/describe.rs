// SPDX-License-Identifier: Apache-2.0 OR MIT

mod common;

use arcella_engine::describe::{Kind, describe};
use arcella_engine::error::Code;
use common::{example, wat};

#[test]
fn kinds_follow_from_the_exports() {
    for (name, kind, component) in [
        ("calc", Kind::Service, true),
        ("greeter", Kind::Http, true),
        ("hello-core", Kind::Command, false),
        ("spinner", Kind::Service, true),
    ] {
        let described = describe(&example(name)).unwrap();
        assert_eq!(described.kind, kind, "{name}");
        assert_eq!(described.is_component, component, "{name}");
        assert!(described.runnable, "{name}");
        assert!(!described.needs_concurrency, "{name}");
    }
}

#[test]
fn a_service_shows_its_functions_as_wit() {
    let described = describe(&example("calc")).unwrap();
    let ops = described
        .exports
        .iter()
        .find(|item| item.name == "examples:calc/ops@1.0.0")
        .unwrap();
    for signature in [
        "add: func(a: u32, b: u32) -> u32",
        "divide-with-remainder: func(a: u32, b: u32) -> result<tuple<u32, u32>, string>",
        "check: func(condition: bool) -> result",
        "describe: func(entries: list<entry>) -> list<string>",
    ] {
        assert!(
            ops.functions.iter().any(|f| f == signature),
            "{signature} in {:#?}",
            ops.functions
        );
    }
    assert!(described.wit.contains("interface ops"), "{}", described.wit);
}

#[test]
fn a_component_without_functions_is_not_runnable() {
    let described = describe(&wat("(component)")).unwrap();
    assert_eq!(described.kind, Kind::Service);
    assert!(!described.runnable);
    assert!(!describe(&wat("(module)")).unwrap().runnable);
}

#[test]
fn async_functions_and_wasi_0_3_need_concurrency() {
    let asynchronous = wat(r#"(component
          (core module $m (func (export "f")))
          (core instance $i (instantiate $m))
          (type $f (func async))
          (func (export "f") (type $f) (canon lift (core func $i "f"))))"#);
    assert!(describe(&asynchronous).unwrap().needs_concurrency);
    let newer = wat(r#"(component (import "wasi:random/insecure@0.3.0" (instance)))"#);
    assert!(describe(&newer).unwrap().needs_concurrency);
}

#[test]
fn the_imports_of_a_module_are_listed() {
    let module = wat(r#"(module (import "env" "log" (func)) (func (export "go")))"#);
    let described = describe(&module).unwrap();
    assert_eq!(described.imports[0].name, "env.log");
    assert_eq!(described.exports[0].name, "go");
}

fn refused(wasm: &[u8]) -> String {
    let error = describe(wasm).err().unwrap();
    assert_eq!(error.code, Code::InvalidComponent);
    assert!(!error.message.contains('\n'), "{}", error.message);
    error.message
}

#[test]
fn what_is_no_wasm_is_named_plainly() {
    assert_eq!(refused(b""), "not a WebAssembly binary: it is empty");
    assert_eq!(
        refused(b"hello, world"),
        "not a WebAssembly binary: it starts with `hell`"
    );
    assert_eq!(
        refused(b"\x7fELF"),
        "not a WebAssembly binary: it starts with `\\x7fELF`"
    );
    assert!(refused(b"\0as").contains("ends after 3 bytes"));
    assert!(refused(b"\0asm\x09\0\0\0").contains("offset 0x4"));
}

#[test]
fn a_truncated_binary_tells_the_offset() {
    let wasm = example("calc");
    for length in [9, 100, wasm.len() / 2, wasm.len() - 1] {
        let message = refused(&wasm[..length]);
        assert!(message.contains("offset 0x"), "{message}");
    }
}

#[test]
fn a_wit_package_has_no_code() {
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve
        .push_str("a.wit", "package a:b; interface i { f: func(); }")
        .unwrap();
    let wasm = wit_component::encode(&resolve, package).unwrap();
    assert!(refused(&wasm).contains("no code to run"));
}
