// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Values between components as arenas: random values of random types, through the slow way over `Val`s, through a guest's
//! exports and imports by the fast way, and by what Wasmtime itself makes of them; and what a hostile peer may send.

mod common;

use arcella_engine::arena;
use arcella_engine::call::{Begun, begin_call};
use arcella_engine::error::Outcome;
use arcella_engine::function;
use arcella_engine::import::{Cancel, ImportTarget, Reply};
use arcella_engine::instance::Encoding;
use arcella_engine::layout::FunctionLayout;
use arcella_engine::settings::EngineSettings;
use arcella_engine::store::Policy;
use arcella_engine::values;
use common::random::{INTERFACE, Random, interface, passer, value};
use common::{Bench, Replica, bench, bench_with, finish, limits, wat};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Type, Val};
use wit_component::StringEncoding;

/// Gives back what it gets, or something else if it is told to.
#[derive(Default)]
struct Echo {
    asked: Mutex<Vec<u8>>,
    instead: Mutex<Option<Vec<u8>>>,
}

impl ImportTarget for Echo {
    fn call(&self, _: u32, request: &[u8], _: Duration, reply: Reply) -> Option<Cancel> {
        *self.asked.lock().unwrap() = request.to_vec();
        match &*self.instead.lock().unwrap() {
            Some(instead) => reply.end(Ok(instead)),
            None => reply.end(Ok(request)),
        }
        None
    }

    fn drop_handles(&self, _: &[u64]) {}
}

fn start(bench: &Bench, wasm: &[u8], target: Arc<dyn ImportTarget>) -> Replica {
    bench.start_with(wasm, Policy::default(), limits(), Some(target))
}

/// One function of a component, with how its values lie.
struct Known {
    name: String,
    params: Vec<Type>,
    result: Option<Type>,
    layout: FunctionLayout,
}

impl Known {
    fn arena(&self, values: &[Val]) -> Vec<u8> {
        let mut arena = Vec::new();
        arena::encode_params(&mut arena, values, &self.params, &self.layout.params).unwrap();
        arena
    }
}

/// The functions of the interface that a component exports.
fn functions(wasm: &[u8]) -> Vec<Known> {
    let engine = wasmtime::Engine::default();
    let component = Component::new(&engine, wasm).unwrap();
    let ty = component.component_type();
    let mut all = Vec::new();
    for (_, item) in ty.exports(&engine) {
        let ComponentItem::ComponentInstance(interface) = item.ty else {
            continue;
        };
        for (name, item) in interface.exports(&engine) {
            let ComponentItem::ComponentFunc(func) = item.ty else {
                continue;
            };
            let params: Vec<Type> = func.params().map(|(_, ty)| ty).collect();
            let result = func.results().next();
            let layout = FunctionLayout::of(&params, result.as_ref()).unwrap();
            all.push(Known {
                name: format!("{INTERFACE}#{name}"),
                params,
                result,
                layout,
            });
        }
    }
    all
}

fn round_trip(random: &mut Random, known: &Known, replica: &Replica, echo: &Echo) {
    let values: Vec<Val> = known.params.iter().map(|ty| value(random, ty)).collect();
    let name = &known.name;
    let arena = known.arena(&values);
    assert_eq!(arena::check(&arena, &known.layout.params), Ok(()), "{name}");
    let decoded = arena::decode_params(&arena, &known.params, &known.layout.params);
    assert_eq!(decoded.as_ref(), Ok(&values), "{name}");
    let (Some(ty), Some(layout)) = (&known.result, &known.layout.result) else {
        panic!("every function has a result");
    };
    let tuple = Val::Tuple(values.clone());
    assert_eq!(
        arena::decode_result(&arena, ty, layout),
        Ok(tuple),
        "{name}"
    );

    let ended = replica.encoded(name, Encoding::Arena, &arena);
    assert_eq!(ended.message, "", "{name} {values:?}");
    assert_eq!(*echo.asked.lock().unwrap(), arena, "{name} {values:?}");
    assert_eq!(ended.payload, arena, "{name} {values:?}");

    // Here only the import goes by arenas.
    let mut request = Vec::new();
    values::encode_params(&mut request, &values, &known.params).unwrap();
    let ended = replica.encoded(name, Encoding::Values, &request);
    assert_eq!(ended.message, "", "{name} {values:?}");
    assert_eq!(*echo.asked.lock().unwrap(), arena, "{name} {values:?}");
    assert_eq!(
        values::decode_result(&ended.payload, ty),
        Ok(Val::Tuple(values))
    );
}

fn round_trips(bench: &Bench, seeds: std::ops::Range<u64>, encoding: StringEncoding) {
    for seed in seeds {
        let mut random = Random::new(seed);
        let wasm = passer(&interface(&mut random, 12), encoding);
        let echo = Arc::new(Echo::default());
        let replica = start(bench, &wasm, echo.clone());
        for known in &functions(&wasm) {
            for _ in 0..4 {
                round_trip(&mut random, known, &replica, &echo);
            }
        }
    }
}

#[test]
fn random_values_go_through_a_guest() {
    round_trips(&bench(), 0..12, StringEncoding::UTF8);
}

#[test]
fn random_values_go_through_guests_with_other_strings() {
    let bench = bench();
    round_trips(&bench, 12..15, StringEncoding::UTF16);
    round_trips(&bench, 15..18, StringEncoding::CompactUTF16);
}

#[test]
fn an_engine_with_concurrency_makes_the_same_of_them() {
    let bench = bench_with(EngineSettings {
        concurrency: true,
        ..EngineSettings::default()
    });
    round_trips(&bench, 0..3, StringEncoding::UTF8);
}

/// Every kind of check has something to look at here.
const SHAPES: &str = "interface all {
    variant kind { none, number(u32), text(string) }
    flags three { a, b, c }
    record item { flag: bool, letter: char, kind: kind, three: three, names: list<string> }
    items: func(items: list<item>) -> tuple<list<item>>;
    nested: func(all: list<list<list<u64>>>) -> tuple<list<list<list<u64>>>>;
    wide: func(a: u64, b: u64, c: u64, d: u64, e: u64, f: u64, g: u64, h: u64, i: u64, j: u64, k: u64, l: u64,
      m: u64, n: u64, o: u64, p: string) -> string;
    nothing: func();
    bytes: func(bytes: list<u8>) -> tuple<list<u8>>;
}";

/// The arguments of `items` with one item, which lies from 8 to 40.
fn one_item() -> Vec<u8> {
    let mut arena = Vec::new();
    let mut words = |words: &[u32]| {
        words
            .iter()
            .for_each(|word| arena.extend(word.to_le_bytes()))
    };
    words(&[8, 1]); // the list
    words(&[1, 'x'.into()]); // flag, letter
    words(&[2, 40, 2]); // kind: a text
    words(&[5, 44, 1]); // three, names
    words(&[u32::from_le_bytes(*b"hi\0\0")]);
    words(&[52, 3]); // the names' one
    arena.extend(b"one");
    arena
}

#[test]
fn an_arena_lies_as_it_is_written_down() {
    let wasm = passer(SHAPES, StringEncoding::UTF8);
    let known = functions(&wasm);
    let items = known
        .iter()
        .find(|known| known.name.ends_with("#items"))
        .unwrap();
    let arena = one_item();
    let decoded = arena::decode_params(&arena, &items.params, &items.layout.params).unwrap();
    let text = |text: &str| Val::String(text.to_owned());
    let item = Val::Record(vec![
        ("flag".into(), Val::Bool(true)),
        ("letter".into(), Val::Char('x')),
        (
            "kind".into(),
            Val::Variant("text".into(), Some(Box::new(text("hi")))),
        ),
        ("three".into(), Val::Flags(vec!["a".into(), "c".into()])),
        ("names".into(), Val::List(vec![text("one")])),
    ]);
    assert_eq!(decoded, [Val::List(vec![item])]);
    assert_eq!(items.arena(&decoded), arena);
}

#[test]
fn a_bad_arena_is_refused_before_the_guest_runs() {
    let bench = bench();
    let wasm = passer(SHAPES, StringEncoding::UTF8);
    let replica = start(&bench, &wasm, Arc::new(Echo::default()));
    let good = one_item();
    assert_eq!(
        replica.encoded("items", Encoding::Arena, &good).outcome,
        Outcome::Returned
    );
    for (what, at, bytes) in [
        ("a list of 2^32 - 1 items", 4, &[0xff, 0xff, 0xff, 0xff][..]),
        (
            "a list whose size does not fit in 32 bits",
            4,
            &[0x1d, 0xc7, 0x71, 0x1c],
        ),
        ("a list behind the end", 0, &[0xf8, 0xff, 0xff, 0xff]),
        ("a list over itself", 0, &[0]),
        ("a list that is not aligned", 0, &[9]),
        ("an empty list with a pointer", 4, &[0]),
        ("a bool of 2", 8, &[2]),
        ("a surrogate", 12, &[0, 0xd8]),
        ("a character too large", 12, &[0, 0, 0x11]),
        ("case 3 of 3", 16, &[3]),
        ("a text over the item", 20, &[8]),
        ("a text that is too long", 24, &[0xff, 0xff]),
        ("a flag too many", 28, &[8]),
        ("a part with a hole before it", 32, &[48]),
        ("text that is not UTF-8", 40, &[0xff]),
        ("text that ends in the middle of a character", 54, &[0xc3]),
    ] {
        let mut bad = good.clone();
        bad[at..][..bytes.len()].copy_from_slice(bytes);
        let ended = replica.encoded("items", Encoding::Arena, &bad);
        assert_eq!(ended.outcome, Outcome::BadArguments, "{what}");
        assert!(ended.message.contains("items"), "{what}: {}", ended.message);
    }
    for length in 0..good.len() {
        let ended = replica.encoded("items", Encoding::Arena, &good[..length]);
        assert_eq!(ended.outcome, Outcome::BadArguments, "{length} bytes of it");
    }
    let longer = [&good[..], &[0]].concat();
    let ended = replica.encoded("items", Encoding::Arena, &longer);
    assert_eq!(ended.outcome, Outcome::BadArguments);
    assert!(replica.instance.alive());
}

#[test]
fn a_web_of_pointers_is_no_more_than_its_bytes() {
    let bench = bench();
    let wasm = passer(SHAPES, StringEncoding::UTF8);
    let replica = start(&bench, &wasm, Arc::new(Echo::default()));
    // A list of 1000 lists which are all the same one of 1000 lists, which are all the same.
    let mut arena = [8u32, 1000].map(u32::to_le_bytes).concat();
    for level in 1..3u32 {
        for _ in 0..1000 {
            arena.extend((8 + level * 8000).to_le_bytes());
            arena.extend(1000u32.to_le_bytes());
        }
    }
    arena.resize(arena.len() + 8000, 1);
    let ended = replica.encoded("nested", Encoding::Arena, &arena);
    assert_eq!(ended.outcome, Outcome::BadArguments);
}

#[test]
fn whatever_passes_the_check_can_be_taken_in_and_nothing_else_can() {
    let bench = bench();
    let mut passed = 0;
    for seed in 100..104 {
        let mut random = Random::new(seed);
        let wasm = passer(&interface(&mut random, 8), StringEncoding::UTF8);
        let replica = start(&bench, &wasm, Arc::new(Echo::default()));
        for known in &functions(&wasm) {
            let values: Vec<Val> = known
                .params
                .iter()
                .map(|ty| value(&mut random, ty))
                .collect();
            let good = known.arena(&values);
            for _ in 0..100 {
                let mut bad = good.clone();
                for _ in 0..=random.below(3) {
                    let at = random.below(bad.len().max(1));
                    let byte = *[0, 1, 4, 0xff, random.bits() as u8]
                        .get(random.below(5))
                        .unwrap();
                    if let Some(place) = bad.get_mut(at) {
                        *place = byte;
                    }
                }
                let checked = arena::check(&bad, &known.layout.params).is_ok();
                let decoded =
                    arena::decode_params(&bad, &known.params, &known.layout.params).is_ok();
                assert_eq!(checked, decoded, "{} {bad:?}", known.name);
                let ended = replica.encoded(&known.name, Encoding::Arena, &bad);
                let expected = match checked {
                    true => Outcome::Returned,
                    false => Outcome::BadArguments,
                };
                assert_eq!(
                    ended.outcome, expected,
                    "{} {bad:?}: {}",
                    known.name, ended.message
                );
                passed += u32::from(checked);
            }
        }
    }
    assert!(passed > 100, "{passed} of the changes did no harm");
}

#[test]
fn a_bad_reply_is_an_error_of_the_import() {
    let bench = bench();
    let wasm = passer(SHAPES, StringEncoding::UTF8);
    for (instead, why) in [
        (vec![], "the values alone are 8"),
        (vec![9, 0, 0, 0, 1, 0, 0, 0, 7], "is next"),
        (vec![8, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 7], "is next"),
        (vec![8, 0, 0, 0, 1, 0, 0, 0, 7, 7], "too many"),
    ] {
        let echo = Arc::new(Echo::default());
        *echo.instead.lock().unwrap() = Some(instead);
        let replica = start(&bench, &wasm, echo);
        let ended = replica.encoded("bytes", Encoding::Arena, &[8, 0, 0, 0, 1, 0, 0, 0, 7]);
        assert_eq!(ended.outcome, Outcome::Trapped);
        assert!(ended.message.contains(why), "{}", ended.message);
    }
}

#[test]
fn parameters_through_memory_and_none_at_all() {
    let bench = bench();
    let wasm = passer(SHAPES, StringEncoding::UTF8);
    let echo = Arc::new(Echo::default());
    let replica = start(&bench, &wasm, echo.clone());
    let nothing = replica.encoded("nothing", Encoding::Arena, &[]);
    assert_eq!(nothing.outcome, Outcome::Returned, "{}", nothing.message);
    assert!(nothing.payload.is_empty());
    let too_much = replica.encoded("nothing", Encoding::Arena, &[0]);
    assert_eq!(too_much.outcome, Outcome::BadArguments);
    let mut request = Vec::new();
    (0..15u64).for_each(|number| request.extend(number.to_le_bytes()));
    request.extend([128u32, 2].map(u32::to_le_bytes).concat());
    request.extend(b"hi");
    *echo.instead.lock().unwrap() = Some(b"\x08\0\0\0\x02\0\0\0ho".to_vec());
    let ended = replica.encoded("wide", Encoding::Arena, &request);
    assert_eq!(ended.message, "");
    assert_eq!(*echo.asked.lock().unwrap(), request);
    assert_eq!(ended.payload, b"\x08\0\0\0\x02\0\0\0ho");
}

#[test]
fn large_lists_pass_and_too_large_ones_do_not() {
    let bench = bench();
    let wasm = passer(SHAPES, StringEncoding::UTF8);
    let replica = start(&bench, &wasm, Arc::new(Echo::default()));
    let list = |length: usize| {
        let mut arena = [8, length as u32].map(u32::to_le_bytes).concat();
        arena.extend((0..length).map(|number| number as u8));
        arena
    };
    let (some, many) = (list(1 << 20), list(9 << 20));
    assert!(replica.encoded("bytes", Encoding::Arena, &some).payload == some);
    let ended = replica.encoded("bytes", Encoding::Arena, &many);
    assert_eq!(ended.outcome, Outcome::Trapped);
    assert!(ended.message.contains("too much data"), "{}", ended.message);
}

/// A guest whose exports give back what is written at 16 on, or call their import with it.
fn liar(words: &[u32]) -> Vec<u8> {
    let data: String = words
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .map(|byte| format!("\\{byte:02x}"))
        .collect();
    wat(&format!(
        r#"(component
          (type $kind (variant (case "none") (case "text" string)))
          (import "test:pass/all" (instance $all
            (type $kind (variant (case "none") (case "text" string)))
            (export "kind" (type $k (eq $kind)))
            (export "take" (func (param "k" $k)))
            (export "take-words" (func (param "w" (list u32))))))
          (alias export $all "kind" (type $k))
          (core module $m
            (import "" "take" (func $take (param i32 i32 i32)))
            (import "" "take-words" (func $take-words (param i32 i32)))
            (import "" "memory" (memory 1))
            (data (i32.const 16) "{data}")
            (func (export "place") (result i32) (i32.const 16))
            (func (export "odd") (result i32) (i32.const 17))
            (func (export "beyond") (result i32) (i32.const 65532))
            (func (export "give") (call $take (i32.load (i32.const 16)) (i32.load (i32.const 20)) (i32.load (i32.const 24))))
            (func (export "give-words") (call $take-words (i32.load (i32.const 16)) (i32.load (i32.const 20)))))
          (core module $libc (memory (export "memory") 1)
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
          (core instance $libc (instantiate $libc))
          (core func $take (canon lower (func $all "take") (memory (core memory $libc "memory"))))
          (core func $take-words (canon lower (func $all "take-words") (memory (core memory $libc "memory"))))
          (core instance $i (instantiate $m (with "" (instance
            (export "take" (func $take)) (export "take-words" (func $take-words))
            (export "memory" (memory $libc "memory"))))))
          (func (export "kind") (result $k) (canon lift (core func $i "place") (memory (core memory $libc "memory"))))
          (func (export "odd") (result $k) (canon lift (core func $i "odd") (memory (core memory $libc "memory"))))
          (func (export "beyond") (result $k) (canon lift (core func $i "beyond") (memory (core memory $libc "memory"))))
          (func (export "words") (result (list u32)) (canon lift (core func $i "place") (memory (core memory $libc "memory"))))
          (func (export "text") (result string) (canon lift (core func $i "place") (memory (core memory $libc "memory"))))
          (func (export "give") (canon lift (core func $i "give")))
          (func (export "give-words") (canon lift (core func $i "give-words"))))"#
    ))
}

#[test]
fn what_a_guest_hands_over_is_checked() {
    let bench = bench();
    for (what, name, words) in [
        ("no such case", "kind", &[2, 0, 0][..]),
        ("text behind its memory", "kind", &[1, 65530, 7]),
        ("text that wraps around", "kind", &[1, 65530, 0xffff_fff0]),
        ("text that is not UTF-8", "kind", &[1, 28, 1, 0xff]),
        ("a result that is not aligned", "odd", &[0]),
        ("a result beyond its memory", "beyond", &[0]),
        ("a list that is not aligned", "words", &[18, 1]),
        ("a list of 4 GiB", "words", &[0, 0x4000_0000]),
        ("a list of 16 GiB", "words", &[0, 0xffff_ffff]),
        ("text beyond the end", "text", &[65536, 1]),
        (
            "a case that there is not, as an argument",
            "give",
            &[2, 0, 0],
        ),
        (
            "text behind its memory, as an argument",
            "give",
            &[1, 65530, 7],
        ),
        (
            "a list that is not aligned, as an argument",
            "give-words",
            &[18, 1],
        ),
        (
            "a list of 16 GiB, as an argument",
            "give-words",
            &[0, 0xffff_ffff],
        ),
    ] {
        let echo = Arc::new(Echo::default());
        let replica = start(&bench, &liar(words), echo.clone());
        let ended = replica.encoded(name, Encoding::Arena, &[]);
        assert_eq!(ended.outcome, Outcome::Trapped, "{what}");
        assert!(
            !ended.message.contains("panic"),
            "{what}: {}",
            ended.message
        );
        assert!(!replica.instance.alive(), "{what}");
    }
}

#[test]
fn what_a_guest_leaves_between_its_values_is_not_handed_over() {
    let bench = bench();
    // Case 0 with three bytes of rubbish behind its number and eight where its payload would be.
    let words = [0xaaaa_aa00, 0xaaaa_aaaa, 0xaaaa_aaaa];
    let echo = Arc::new(Echo::default());
    let replica = start(&bench, &liar(&words), echo);
    let ended = replica.encoded("kind", Encoding::Arena, &[]);
    assert_eq!(ended.message, "");
    assert_eq!(ended.payload, [0; 12]);
}

#[test]
fn arguments_are_kept_when_the_guest_is_interrupted_while_it_takes_them_in() {
    let bench = bench();
    let guest = bench.start(
        &wat(r#"(component
          (core module $m
            (memory (export "memory") 1)
            (global $left (mut i32) (i32.const 0))
            (global $next (mut i32) (i32.const 1024))
            (func (export "realloc") (param i32 i32 i32 i32) (result i32)
              (global.set $left (i32.const 100000000))
              (loop (global.set $left (i32.sub (global.get $left) (i32.const 1)))
                (br_if 0 (global.get $left)))
              (global.set $next (i32.add (global.get $next) (i32.const 64)))
              (global.get $next))
            (func (export "echo") (param i32 i32) (result i32)
              (i32.store (i32.const 0) (local.get 0))
              (i32.store (i32.const 4) (local.get 1))
              (i32.const 0)))
          (core instance $i (instantiate $m))
          (func (export "echo") (param "words" (list string)) (result (list string))
            (canon lift (core func $i "echo") (memory (core memory $i "memory"))
              (realloc (core func $i "realloc")))))"#),
        limits(),
    );
    let mut expected = [8u32, 2, 24, 4, 28, 5].map(u32::to_le_bytes).concat();
    expected.extend(b"onlylater");
    let mut request = expected.clone();
    let function = function::resolve(guest.linked.functions(), "echo").unwrap();
    let begun = begin_call(
        &guest.instance,
        &function,
        Encoding::Arena,
        &request,
        Duration::ZERO,
        &mut Context::from_waker(Waker::noop()),
        |_| panic!("the allocator outlasts its slice"),
    );
    request.fill(0);
    let Begun::Pending(task) = begun else {
        panic!("the call goes on");
    };
    assert_eq!(finish(task).outcome().payload, expected);
}
