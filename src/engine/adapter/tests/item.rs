// SPDX-License-Identifier: Apache-2.0 OR MIT

mod common;

use arcella_engine::describe::describe;
use arcella_engine::item::{Item, NamedType, items, keep_types_short};
use common::wat;
use wit_parser::Resolve;

/// What a world `w` of package `t:t` imports, with further packages.
fn imports(text: &str, packages: &[&str]) -> Vec<Item> {
    let mut resolve = Resolve::default();
    for package in packages {
        resolve.push_str("other.wit", package).unwrap();
    }
    let main = resolve.push_str("main.wit", text).unwrap();
    let world = resolve.select_world(&[main], Some("w")).unwrap();
    items(&resolve, &resolve.worlds[world].imports)
}

/// The interface `i` with such a text.
fn interface(text: &str) -> Item {
    let text = format!("package t:t@1.0.0; interface i {{ {text} }} world w {{ import i; }}");
    imports(&text, &[]).pop().unwrap()
}

/// Of the only function.
fn shape(text: &str) -> String {
    let shapes = interface(text).shapes;
    assert_eq!(shapes.len(), 1);
    shapes.into_iter().next().unwrap()
}

#[test]
fn a_shape_is_wit_without_names() {
    for (text, expected) in [
        ("f: func();", "func()"),
        (
            "f: func(a: u32, b: string) -> u32;",
            "func(a: u32, b: string) -> u32",
        ),
        (
            "f: async func(a: stream<u8>) -> future;",
            "async func(a: stream<u8>) -> future",
        ),
        (
            "record point { x: u32, y: u32 } f: func(a: point) -> list<point>;",
            "func(a: record { x: u32, y: u32 }) -> list<record { x: u32, y: u32 }>",
        ),
        (
            "variant v { none, some(c) } enum c { red, green } flags p { r, w } f: func(v: v, p: p);",
            "func(v: variant { none, some(enum { red, green }) }, p: flags { r, w })",
        ),
        (
            "f: func(a: result, b: result<u8>, c: result<_, u8>, d: result<s8, tuple<char, f64>>) -> option<bool>;",
            "func(a: result, b: result<u8>, c: result<_, u8>, d: result<s8, tuple<char, f64>>) -> option<bool>",
        ),
        (
            "resource r; f: func(a: r, b: borrow<r>);",
            "func(a: resource r, b: borrow<resource r>)",
        ),
    ] {
        assert_eq!(shape(text), expected);
    }
}

#[test]
fn names_and_aliases_of_types_mean_nothing() {
    assert_eq!(
        shape("record point { x: u32 } type points = list<point>; f: func(a: points);"),
        shape("type number = u32; record pixel { x: number } f: func(a: list<pixel>);")
    );
}

#[test]
fn names_of_parts_and_their_order_mean_something() {
    let one = "record p { x: u32, y: u32 } f: func(a: p);";
    for other in [
        "record p { x: u32, z: u32 } f: func(a: p);",
        "record p { y: u32, x: u32 } f: func(a: p);",
        "record p { x: u32 } f: func(a: p);",
        "record p { x: u32, y: s32 } f: func(a: p);",
        "record p { x: u32, y: u32 } f: func(b: p);",
        "record p { x: u32, y: u32 } f: async func(a: p);",
        "record p { x: u32, y: u32 } f: func(a: p) -> p;",
        "f: func(a: tuple<u32, u32>);",
    ] {
        assert_ne!(shape(one), shape(other), "{other}");
    }
    let flags = shape("flags s { a, b } f: func(s: s);");
    assert_ne!(flags, shape("enum s { a, b } f: func(s: s);"));
    assert_ne!(flags, shape("flags s { b, a } f: func(s: s);"));
    let variant = shape("variant v { a(u8), b } f: func(v: v);");
    assert_ne!(variant, shape("variant v { a, b(u8) } f: func(v: v);"));
}

#[test]
fn a_long_type_is_its_kind_and_a_hash() {
    let of = |last: &str| {
        let fields: Vec<String> = (0..40).map(|i| format!("field{i}: u32")).collect();
        shape(&format!(
            "record r {{ {}, last: {last} }} f: func(a: list<r>);",
            fields.join(", ")
        ))
    };
    let shape = of("u32");
    assert!(shape.starts_with("func(a: list<record#"), "{shape}");
    assert_eq!(shape.len(), "func(a: list<record#>)".len() + 64);
    assert_eq!(shape, of("u32"));
    assert_ne!(shape, of("u64"));
}

#[test]
fn a_long_function_is_a_hash() {
    let of = |last: &str| {
        let params: Vec<String> = (0..300).map(|i| format!("parameter{i}: u32")).collect();
        shape(&format!("f: func({}, last: {last});", params.join(", ")))
    };
    assert!(of("u32").starts_with("func#"));
    assert_eq!(of("u32").len(), "func#".len() + 64);
    assert_ne!(of("u32"), of("u64"));
}

#[test]
fn types_that_double_stay_short() {
    let mut text = String::from("type t0 = u32;");
    for i in 1..=18 {
        text += &format!("type t{i} = tuple<t{}, t{}>;", i - 1, i - 1);
    }
    let item = interface(&format!("{text} f: func(a: t18);"));
    assert!(item.shapes[0].len() < 100, "{}", item.shapes[0]);
    assert_eq!(item.types.len(), 19);
    assert!(item.types.iter().all(|named| named.shape.len() <= 120));
    assert_eq!(item.types[18].definition, "tuple<t17, t17>");
}

const STREAMS: &str = "interface streams { resource input { read: func() -> u8; } }";

fn reader(version: &str, streams: &str) -> Item {
    let packages = [format!("package x:io@{streams}; {STREAMS}")];
    let text = format!(
        "package t:t@{version}; interface i {{
            use x:io/streams@{streams}.{{input as source}};
            resource cursor {{ next: func(on: borrow<source>) -> source; }}
         }} world w {{ import i; }}"
    );
    let mut items = imports(&text, &packages.each_ref().map(String::as_str));
    items.pop().unwrap()
}

#[test]
fn a_resource_is_of_its_interface_whatever_compatible_version_that_has() {
    let item = reader("1.0.0", "0.2.3");
    assert_eq!(item.name, "t:t/i@1.0.0");
    assert_eq!(
        item.shapes,
        [
            "func(self: borrow<resource cursor>, on: borrow<resource input of x:io/streams@0.2>) \
          -> resource input of x:io/streams@0.2"
        ]
    );
    assert_eq!(item.shapes, reader("1.2.0", "0.2.9").shapes);
    assert_ne!(item.shapes, reader("1.0.0", "0.3.0").shapes);
    assert_ne!(item.shapes, reader("1.0.0", "0.2.3-rc").shapes);
}

/// An import without a version takes an export with any; the whole package is of that version.
#[test]
fn within_a_package_a_version_means_nothing() {
    let of = |version: &str| {
        let text = format!(
            "package t:t{version}; {STREAMS}
             interface i {{ use streams.{{input}}; take: func(all: list<input>); }}
             world w {{ import i; }}"
        );
        imports(&text, &[]).pop().unwrap().shapes
    };
    assert_eq!(of(""), ["func(all: list<resource input of t:t/streams>)"]);
    assert_eq!(of(""), of("@1.0.0"));
}

#[test]
fn resources_of_one_name_and_several_interfaces_differ() {
    let text = format!(
        "package t:t@1.0.0; {STREAMS}
         interface others {{ resource input; }}
         interface i {{ use streams.{{input}}; f: func(a: input); }}
         interface j {{ use others.{{input}}; f: func(a: input); }}
         world w {{ import i; import j; }}"
    );
    let items = imports(&text, &[]);
    let of = |name: &str| &items.iter().find(|item| item.name == name).unwrap().shapes;
    assert_ne!(of("t:t/i@1.0.0"), of("t:t/j@1.0.0"));
}

fn definitions(item: &Item) -> Vec<(&str, &str)> {
    let types = item.types.iter();
    types
        .map(|named| (named.name.as_str(), named.definition.as_str()))
        .collect()
}

#[test]
fn names_are_explained_one_level_deep() {
    let item = interface(
        "type number = u32; record point { x: number, y: option<number> } enum unused { a }
         resource sum { add: func(a: list<point>) -> result<u32, u32>; }",
    );
    assert_eq!(
        item.functions,
        ["[method]sum.add: func(self: borrow<sum>, a: list<point>) -> result<u32, u32>"]
    );
    assert_eq!(
        definitions(&item),
        [
            ("sum", "resource sum"),
            ("number", "u32"),
            ("point", "record { x: number, y: option<number> }"),
        ]
    );
    assert_eq!(item.types[2].shape, "record { x: u32, y: option<u32> }");
}

#[test]
fn names_that_come_from_elsewhere_are_explained_too() {
    let items = imports(
        "package t:t; interface geometry { record point { x: u32 } record line { start: point, end: point } }
         interface i { use geometry.{line}; variant point { none } f: func(l: line, p: point); }
         world w { use geometry.{point}; import i; import f: func(a: point); }",
        &[],
    );
    let of = |name: &str| items.iter().find(|item| item.name == name).unwrap();
    assert_eq!(definitions(of("f")), [("point", "record { x: u32 }")]);
    assert_eq!(of("f").shapes, ["func(a: record { x: u32 })"]);
    // Of two types of one name it is the interface's own that its functions mention.
    assert_eq!(
        definitions(of("t:t/i")),
        [
            ("point", "variant { none }"),
            ("line", "record { start: point, end: point }"),
        ]
    );
    assert_eq!(
        of("t:t/i").shapes,
        [
            "func(l: record { start: record { x: u32 }, end: record { x: u32 } }, p: variant { none })"
        ]
    );
}

/// A binary has no `use`: its types are exported again, equal to those of the other instance.
#[test]
fn a_binary_has_the_shapes_of_its_wit() {
    let described = describe(&wat(r#"(component
          (import "x:io/streams@0.2.3" (instance $streams
            (type $mode' (enum "text" "bytes"))
            (export "mode" (type $mode (eq $mode')))
            (export "input" (type (sub resource)))))
          (alias export $streams "input" (type $input))
          (alias export $streams "mode" (type $mode))
          (import "t:t/i@1.0.0" (instance
            (export "input" (type $used (eq $input)))
            (export "mode" (type $same (eq $mode)))
            (type $point' (record (field "x" u32) (field "mode" $same)))
            (export "point" (type $point (eq $point')))
            (export "f" (func (param "a" (own $used)) (param "b" (list $point)))))))"#))
    .unwrap();
    let item = &described.imports[1];
    assert_eq!(item.name, "t:t/i@1.0.0");
    assert_eq!(item.functions, ["f: func(a: input, b: list<point>)"]);
    assert_eq!(
        item.shapes,
        [
            "func(a: resource input of x:io/streams@0.2, b: list<record { x: u32, mode: enum { text, bytes } }>)"
        ]
    );
    assert_eq!(
        definitions(item),
        [
            ("input", "resource input of x:io/streams@0.2"),
            ("mode", "enum { text, bytes }"),
            ("point", "record { x: u32, mode: mode }"),
        ]
    );
}

#[test]
fn too_many_types_are_left_out() {
    let item = |definition_bytes: usize| Item {
        name: "i".into(),
        functions: vec!["f: func()".into()],
        shapes: vec!["func()".into()],
        types: vec![NamedType {
            name: "t".into(),
            definition: "d".repeat(definition_bytes),
            shape: "s".into(),
        }],
    };
    let mut all = [item(200 << 10), item(100 << 10), item(10 << 10)];
    let before = all.clone();
    keep_types_short(&mut all);
    assert_eq!(all[0], before[0]);
    assert!(all[1].types.is_empty());
    assert_eq!(all[1].shapes, before[1].shapes);
    assert_eq!(all[2], before[2]);
}

#[test]
fn a_core_module_has_no_shapes() {
    let described = describe(&wat(r#"(module (func (export "go")))"#)).unwrap();
    assert_eq!(described.exports[0].functions, ["go: core func"]);
    assert!(described.exports[0].shapes.is_empty());
}
