// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Components made into one: what they answer then, and what is refused.

mod common;

use arcella_engine::compose::{Plug, compose};
use arcella_engine::describe::describe;
use arcella_engine::error::Code;
use common::{bench, example, limits, wat};
use wasmparser::{Parser, Payload};

const MANY: usize = 64 << 20;
const OPS: &str = "examples:calc/ops@1.0.0";

fn plug(into: usize, import: &str, from: usize, exported: &str) -> Plug {
    Plug {
        into,
        import: import.to_owned(),
        from,
        exported: exported.to_owned(),
    }
}

fn relay_with_calc() -> Vec<u8> {
    compose(
        &[example("relay"), example("calc")],
        &[plug(0, OPS, 1, OPS)],
        MANY,
    )
    .unwrap()
}

/// The message of what cannot be composed.
fn refused(members: &[Vec<u8>], plugs: &[Plug]) -> String {
    let error = compose(members, plugs, MANY).unwrap_err();
    assert_eq!(error.code, Code::InvalidComponent, "{}", error.message);
    assert!(!error.message.contains('\n'), "{}", error.message);
    error.message
}

/// The imports and exports of the whole; wit-parser cannot read what is not of its own making.
fn outside(wasm: &[u8]) -> (Vec<String>, Vec<String>) {
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.unwrap() {
            Payload::ComponentSection { .. } | Payload::ModuleSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 0 => {
                imports.extend(
                    section
                        .into_iter()
                        .map(|one| one.unwrap().name.name.to_owned()),
                );
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                exports.extend(
                    section
                        .into_iter()
                        .map(|one| one.unwrap().name.name.to_owned()),
                );
            }
            _ => {}
        }
    }
    (imports, exports)
}

#[test]
fn the_whole_exports_what_the_first_does_and_imports_what_is_not_joined() {
    let (mut imports, exports) = outside(&relay_with_calc());
    assert_eq!(
        exports,
        ["fused-types-x0", "examples:relay/ops@1.0.0"],
        "the types of what is joined, so that they have a name, and the first one's own"
    );
    let mut wanted: Vec<String> = [example("relay"), example("calc")]
        .iter()
        .flat_map(|wasm| describe(wasm).unwrap().imports)
        .map(|item| item.name)
        .filter(|name| name != OPS)
        .collect();
    imports.sort_unstable();
    wanted.sort_unstable();
    wanted.dedup();
    assert_eq!(imports, wanted);
}

#[test]
fn the_whole_answers_calls_of_every_type() {
    let bench = bench();
    let whole = bench.start(&relay_with_calc(), limits());
    assert_eq!(whole.text("add", "20, 22"), "42");
    assert_eq!(whole.text("add-often", "1000"), "1000");
    assert_eq!(whole.text("reverse", r#"["a", "b"]"#), r#"["b", "a"]"#);
    assert_eq!(
        whole.text("divide-with-remainder", "7, 0"),
        r#"err("7 cannot be divided by 0")"#
    );
    assert_eq!(
        whole.text("translate", "{x: 1, y: 2}, {x: 3, y: 4}"),
        "{x: 4, y: 6}"
    );
}

#[test]
fn a_later_version_of_the_interface_serves_too() {
    let consumer = wat(r#"(component
          (import "a:b/c@1.0.0" (instance $i (export "f" (func (result u32)))))
          (alias export $i "f" (func $f))
          (core func $lowered (canon lower (func $f)))
          (core module $m
            (import "" "f" (func $f (result i32)))
            (func (export "g") (result i32) (i32.add (call $f) (i32.const 1))))
          (core instance $j (instantiate $m (with "" (instance (export "f" (func $lowered))))))
          (func $g (result u32) (canon lift (core func $j "g")))
          (instance $out (export "g" (func $g)))
          (export "a:b/d@1.0.0" (instance $out)))"#);
    let provider = provider("a:b/c@1.2.0", "u32");
    let whole = compose(
        &[consumer, provider],
        &[plug(0, "a:b/c@1.0.0", 1, "a:b/c@1.2.0")],
        MANY,
    )
    .unwrap();
    let bench = bench();
    assert_eq!(
        bench.start(&whole, limits()).text("a:b/d@1.0.0#g", ""),
        "42"
    );
}

/// Exports `f`, whose result is 41, of a type that a core i32 stands for.
fn provider(interface: &str, result: &str) -> Vec<u8> {
    wat(&format!(
        r#"(component
          (core module $m (func (export "f") (result i32) (i32.const 41)))
          (core instance $i (instantiate $m))
          (func $f (result {result}) (canon lift (core func $i "f")))
          (instance $out (export "f" (func $f)))
          (export "{interface}" (instance $out)))"#
    ))
}

#[test]
fn members_may_serve_each_other_down_the_line() {
    let middle = |import: &str, export: &str| {
        wat(&format!(
            r#"(component
          (import "{import}" (instance $i (export "f" (func (result u32)))))
          (export "{export}" (instance $i)))"#
        ))
    };
    let members = [
        middle("a:b/one", "a:b/zero"),
        middle("a:b/two", "a:b/one"),
        provider("a:b/two", "u32"),
    ];
    let whole = compose(
        &members,
        &[
            plug(0, "a:b/one", 1, "a:b/one"),
            plug(1, "a:b/two", 2, "a:b/two"),
        ],
        MANY,
    )
    .unwrap();
    assert_eq!(outside(&whole).0, Vec::<String>::new());
    let bench = bench();
    assert_eq!(bench.start(&whole, limits()).text("a:b/zero#f", ""), "41");
}

#[test]
fn handles_pass_within_the_whole() {
    let consumer = wat(r#"(component
          (import "a:b/c" (instance $c
            (export "r" (type $r (sub resource)))
            (export "make" (func (result (own $r))))
            (export "[method]r.value" (func (param "self" (borrow $r)) (result u32)))))
          (alias export $c "r" (type $r))
          (alias export $c "make" (func $make))
          (alias export $c "[method]r.value" (func $value))
          (core func $make' (canon lower (func $make)))
          (core func $value' (canon lower (func $value)))
          (core func $drop (canon resource.drop $r))
          (core module $m
            (import "" "make" (func $make (result i32)))
            (import "" "value" (func $value (param i32) (result i32)))
            (import "" "drop" (func $drop (param i32)))
            (func (export "g") (result i32) (local $handle i32)
              (local.set $handle (call $make))
              (call $value (local.get $handle))
              (call $drop (local.get $handle))))
          (core instance $j (instantiate $m (with "" (instance
            (export "make" (func $make')) (export "value" (func $value')) (export "drop" (func $drop))))))
          (func $g (result u32) (canon lift (core func $j "g")))
          (instance $out (export "g" (func $g)))
          (export "a:b/d" (instance $out)))"#);
    let provider = wat(r#"(component
          (type $r (resource (rep i32)))
          (core func $new (canon resource.new $r))
          (core module $m
            (import "" "new" (func $new (param i32) (result i32)))
            (func (export "make") (result i32) (call $new (i32.const 5)))
            (func (export "value") (param i32) (result i32) (local.get 0)))
          (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
          (func $make (result (own $r)) (canon lift (core func $i "make")))
          (func $value (param "self" (borrow $r)) (result u32) (canon lift (core func $i "value")))
          (component $named
            (import "r" (type $r (sub resource)))
            (import "make" (func $make (result (own $r))))
            (import "value" (func $value (param "self" (borrow $r)) (result u32)))
            (export $out "r" (type $r))
            (export "make" (func $make) (func (result (own $out))))
            (export "[method]r.value" (func $value)
              (func (param "self" (borrow $out)) (result u32))))
          (instance $out (instantiate $named
            (with "r" (type $r)) (with "make" (func $make)) (with "value" (func $value))))
          (export "a:b/c" (instance $out)))"#);
    let whole = compose(&[consumer, provider], &[plug(0, "a:b/c", 1, "a:b/c")], MANY).unwrap();
    let bench = bench();
    let replica = bench.start(&whole, limits());
    for _ in 0..3 {
        assert_eq!(replica.text("a:b/d#g", ""), "5");
    }
}

#[test]
fn other_types_are_refused_by_name() {
    let consumer = wat(r#"(component
          (import "a:b/c" (instance $i (export "f" (func (result u32))))))"#);
    let said = refused(
        &[consumer, provider("a:b/c", "s32")],
        &[plug(0, "a:b/c", 1, "a:b/c")],
    );
    assert!(
        said.contains("a:b/c") && said.contains("not compatible"),
        "{said}"
    );
}

#[test]
fn what_is_not_there_cannot_be_joined() {
    let members = [example("relay"), example("calc")];
    let said = refused(&members, &[plug(0, "a:b/c", 1, OPS)]);
    assert!(said.contains("member 0 does not import a:b/c"), "{said}");
    let said = refused(&members, &[plug(0, OPS, 1, "a:b/c")]);
    assert!(said.contains("member 1 does not export a:b/c"), "{said}");
    let said = refused(&members, &[plug(0, OPS, 7, OPS)]);
    assert!(said.contains("there is no member 7"), "{said}");
    assert!(refused(&[], &[]).contains("nothing to compose"));
}

#[test]
fn what_is_no_component_is_refused() {
    let good = example("relay");
    for (bytes, why) in [
        (Vec::new(), "it is empty"),
        (b"(component)".to_vec(), "not a WebAssembly binary"),
        (wat("(module)"), "a core module"),
        (good[..good.len() / 2].to_vec(), "truncated"),
    ] {
        let said = refused(&[good.clone(), bytes], &[]);
        assert!(said.contains("member 1") && said.contains(why), "{said}");
    }
}

#[test]
fn damaged_bytes_are_an_error_and_never_a_panic() {
    let relay = wat(r#"(component
          (import "a:b/c" (instance $i (export "f" (func (result u32)))))
          (export "a:b/d" (instance $i)))"#);
    let calc = provider("a:b/c", "u32");
    let plugs = [plug(0, "a:b/c", 1, "a:b/c")];
    for position in 0..calc.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut damaged = calc.clone();
            damaged[position] ^= flip;
            // Some are still fit: a constant may have changed.
            if let Err(error) = compose(&[relay.clone(), damaged], &plugs, MANY) {
                assert_eq!(error.code, Code::InvalidComponent, "{}", error.message);
            }
        }
    }
}

#[test]
fn the_whole_has_a_bound_and_is_not_read_beyond_it() {
    let members = [example("relay"), example("calc")];
    let total = members[0].len() + members[1].len();
    let error = compose(&members, &[plug(0, OPS, 1, OPS)], total - 1).unwrap_err();
    assert_eq!(error.code, Code::LimitExceeded);
    let garbage = [vec![0; 10], vec![0; 10]];
    let error = compose(&garbage, &[], 19).unwrap_err();
    assert_eq!(error.code, Code::LimitExceeded, "before it is looked at");
}
