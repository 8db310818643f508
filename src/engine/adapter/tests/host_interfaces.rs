// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What the host offers besides WASI 0.2: configuration, log lines and kept keys. The guests are the examples `notes`
//! and `visits`.

mod common;

use arcella_engine::error::Outcome;
use arcella_engine::key_value::{Answer, Entry, KeyValue, Operation, Reply, Request};
use arcella_engine::output::Stream;
use arcella_engine::store::Policy;
use common::{Bench, Replica, bench, example, limits};
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn notes(bench: &Bench, policy: Policy) -> Replica {
    bench.start_with(&example("notes"), policy, limits(), None)
}

fn asking(keys: Arc<dyn KeyValue>) -> Policy {
    Policy {
        key_value: Some(keys),
        ..Policy::default()
    }
}

/// Operation, keys with values, number.
type Asked = (u8, Vec<(String, Vec<u8>)>, u64);

/// Answers as the function says, and keeps what it was asked.
#[derive(Debug)]
struct Keys {
    answer: fn(&Request) -> Result<Answer, String>,
    asked: Mutex<Vec<Asked>>,
}

fn keys(answer: fn(&Request) -> Result<Answer, String>) -> Arc<Keys> {
    Arc::new(Keys {
        answer,
        asked: Mutex::default(),
    })
}

impl KeyValue for Keys {
    fn ask(&self, request: Request, reply: Reply) {
        let entries = request.entries.iter();
        let entries = entries.map(|entry| (entry.key.clone(), entry.value.clone()));
        let asked = (request.operation.repr, entries.collect(), request.number);
        self.asked.lock().unwrap().push(asked);
        let answer = (self.answer)(&request);
        // As it comes in earnest: later, from another thread.
        std::thread::spawn(move || reply.end(answer));
    }
}

fn number(number: u64) -> Result<Answer, String> {
    Ok(Answer {
        entries: Vec::new(),
        number,
    })
}

fn entry(key: &str, value: Option<&str>) -> Entry {
    Entry {
        key: key.to_owned(),
        value: value.unwrap_or_default().as_bytes().to_vec(),
        present: value.is_some(),
    }
}

#[test]
fn configuration_is_what_the_policy_says() {
    let bench = bench();
    let policy = Policy {
        config: vec![("b".into(), "2".into()), ("a".into(), "é".into())],
        ..Policy::default()
    };
    let notes = notes(&bench, policy);
    assert_eq!(notes.text("setting", "\"a\""), "some(\"é\")");
    assert_eq!(notes.text("setting", "\"c\""), "none");
    assert_eq!(notes.text("settings", ""), r#"[("a", "é"), ("b", "2")]"#);
}

#[test]
fn a_log_line_is_one_line_of_stderr_whatever_is_in_it() {
    let bench = bench();
    let notes = notes(&bench, Policy::default());
    for level in ["trace", "debug", "info", "warn", "error", "critical"] {
        notes.text("say", &format!(r#""{level}", "here", "it is so""#));
    }
    notes.text("say", r#""info", "", "no context""#);
    notes.text(
        "say",
        r#""info", "a\nb", "c\r\n\t[error] \u{1b}[2J\u{9b}\u{7f}é""#,
    );
    assert_eq!(notes.output.of(Stream::Stdout), "");
    assert_eq!(
        notes.output.of(Stream::Stderr),
        "[trace] here: it is so\n[debug] here: it is so\n[info] here: it is so\n\
         [warn] here: it is so\n[error] here: it is so\n[critical] here: it is so\n\
         [info] no context\n\
         [info] a\\nb: c\\r\\n\\t[error] \\x1b[2J\\x9b\\x7fé\n"
    );
}

#[test]
fn a_long_log_line_is_cut() {
    let bench = bench();
    let notes = notes(&bench, Policy::default());
    let long = "\\n".repeat(1 << 20);
    notes.text("say", &format!("\"info\", \"x\", \"{long}\""));
    let line = notes.output.of(Stream::Stderr);
    assert!(line.len() < 65 << 10, "{} bytes", line.len());
    assert_eq!(line.matches('\n').count(), 1);
}

#[test]
fn without_a_target_there_is_no_bucket() {
    let bench = bench();
    let notes = notes(&bench, Policy::default());
    assert_eq!(notes.text("open", "\"default\""), r#"err("no such store")"#);
}

#[test]
fn what_is_asked_arrives_and_what_is_answered_comes_back() {
    let bench = bench();
    let keys = keys(|request| match request.operation {
        Operation::Get => Ok(Answer {
            entries: vec![entry("a", Some("1")), entry("b", None)],
            number: 0,
        }),
        Operation::List if request.number == 0 => Ok(Answer {
            entries: vec![entry("a", None), entry("b", None)],
            number: 7,
        }),
        Operation::List => Ok(Answer {
            entries: vec![entry("c", None)],
            number: 0,
        }),
        Operation::Increment => number(u64::MAX),
        _ => number(1),
    });
    let notes = notes(&bench, asking(keys.clone()));
    assert_eq!(notes.text("get", "\"a\""), r#"ok(some("1"))"#);
    assert_eq!(notes.text("has", "\"a\""), "ok(true)");
    assert_eq!(notes.text("put", r#""a", "1""#), "ok");
    assert_eq!(notes.text("remove", "\"a\""), "ok");
    assert_eq!(notes.text("keys", ""), r#"ok(["a", "b", "c"])"#);
    assert_eq!(notes.text("count", "\"a\", 3"), format!("ok({})", u64::MAX));
    assert_eq!(
        notes.text("get-many", r#"["a", "b"]"#),
        r#"ok([some(("a", "1")), none])"#
    );
    assert_eq!(notes.text("put-many", r#"[("a", "1"), ("b", "")]"#), "ok");
    assert_eq!(notes.text("remove-many", r#"["a", "b"]"#), "ok");

    let opened = Operation::Open.repr;
    let asked: Vec<_> = std::mem::take(&mut *keys.asked.lock().unwrap());
    let asked: Vec<_> = asked.iter().filter(|one| one.0 != opened).collect();
    let text = |key: &str, value: &str| (key.to_owned(), value.as_bytes().to_vec());
    let expected = [
        (Operation::Get, vec![text("a", "")], 0),
        (Operation::Exists, vec![text("a", "")], 0),
        (Operation::Set, vec![text("a", "1")], 0),
        (Operation::Remove, vec![text("a", "")], 0),
        (Operation::List, vec![], 0),
        (Operation::List, vec![], 7),
        (Operation::Increment, vec![text("a", "")], 3),
        (Operation::Get, vec![text("a", ""), text("b", "")], 0),
        (Operation::Set, vec![text("a", "1"), text("b", "")], 0),
        (Operation::Remove, vec![text("a", ""), text("b", "")], 0),
    ];
    assert_eq!(asked.len(), expected.len());
    for (asked, expected) in asked.iter().zip(expected) {
        let (operation, entries, number) = expected;
        assert_eq!(**asked, (operation.repr, entries, number));
    }
}

#[test]
fn a_refusal_is_an_error_of_the_guest() {
    let bench = bench();
    let keys = keys(|request| match request.operation {
        Operation::Open => number(u64::from(request.entries[0].key != "other")),
        _ => Err("it is full".to_owned()),
    });
    let notes = notes(&bench, asking(keys));
    assert_eq!(notes.text("open", "\"other\""), r#"err("no such store")"#);
    assert_eq!(notes.text("open", "\"\""), "ok");
    assert_eq!(notes.text("get", "\"a\""), r#"err("it is full")"#);
    assert_eq!(notes.text("count", "\"a\", 1"), r#"err("it is full")"#);
    assert_eq!(notes.text("keys", ""), r#"err("it is full")"#);
    assert_eq!(notes.text("put-many", "[]"), r#"err("it is full")"#);
}

/// Never answers; or, once it is dropped, that there is nobody.
#[derive(Debug, Default)]
struct Silent(Mutex<Vec<SilentReply>>);

struct SilentReply(#[allow(dead_code)] Reply);

impl std::fmt::Debug for SilentReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SilentReply")
    }
}

impl KeyValue for Silent {
    fn ask(&self, _: Request, reply: Reply) {
        self.0.lock().unwrap().push(SilentReply(reply));
    }
}

#[test]
fn a_guest_waits_for_an_answer_no_longer_than_its_deadline() {
    let bench = bench();
    let silent = Arc::new(Silent::default());
    let notes = notes(&bench, asking(silent.clone()));
    let ended = notes.wave_within("open", "\"\"", Duration::from_millis(20));
    assert_eq!(ended.outcome, Outcome::TimedOut, "{}", ended.message);
}

#[test]
fn a_reply_that_is_dropped_is_an_answer() {
    #[derive(Debug)]
    struct Closed;
    impl KeyValue for Closed {
        fn ask(&self, _: Request, _: Reply) {}
    }
    let bench = bench();
    let notes = notes(&bench, asking(Arc::new(Closed)));
    assert_eq!(notes.text("open", "\"\""), r#"err("the store is closed")"#);
}

#[test]
fn a_command_has_them_too() {
    let bench = bench();
    let policy = Policy {
        config: vec![("greeting".into(), "welcome".into())],
        key_value: Some(keys(|_| number(3))),
        ..Policy::default()
    };
    let (ended, output) = bench.run(&example("visits"), policy, Duration::ZERO);
    assert_eq!(ended.outcome, Outcome::Exited, "{}", ended.message);
    assert_eq!(output.of(Stream::Stdout), "welcome, visit 3\n");
    let (_, output) = bench.run(&example("visits"), Policy::default(), Duration::ZERO);
    assert_eq!(output.of(Stream::Stdout), "hello, not counted\n");
    assert!(output.of(Stream::Stderr).starts_with("[warn] visits: "));
}
