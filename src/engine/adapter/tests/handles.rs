// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Resources of one instance that another holds, and what a hostile holder may try.

mod common;

use arcella_engine::call::{Begun, begin_settling};
use arcella_engine::error::{CallOutcome, Outcome};
use arcella_engine::handle_list::{MOVED, append, split};
use arcella_engine::import::{Cancel, ImportTarget, Reply};
use arcella_engine::instance::Encoding;
use arcella_engine::store::Policy;
use common::{Bench, Replica, bench, example, finish, limits};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Waker};
use std::time::Duration;

const ACCOUNTS: &str = "examples:vault/accounts@1.0.0";

/// Leads to one provider, without anything in between: numbers are passed on as they are.
struct Direct {
    vault: Replica,
    functions: OnceLock<Vec<(String, bool)>>,
    dropped: Mutex<Vec<u64>>,
}

fn settle(vault: &Replica, numbers: &[u64]) {
    if vault.instance.drop_handles(numbers) {
        let mut cx = Context::from_waker(Waker::noop());
        match begin_settling(&vault.instance, &mut cx) {
            Begun::Pending(task) => drop(finish(task)),
            Begun::Failed(outcome) => panic!("{}", outcome.message),
            Begun::Returned => {}
        }
    }
}

impl ImportTarget for Direct {
    fn call(&self, function: u32, request: &[u8], _: Duration, reply: Reply) -> Option<Cancel> {
        let (name, handles) = &self.functions.get().unwrap()[function as usize];
        let encoding = match handles {
            true => Encoding::Handles,
            false => Encoding::Arena,
        };
        let ended = self.vault.encoded(name, encoding, request);
        match ended.outcome {
            Outcome::Returned => reply.end(Ok(&ended.payload)),
            _ => reply.end(Err(ended.message)),
        }
        None
    }

    fn drop_handles(&self, numbers: &[u64]) {
        self.dropped.lock().unwrap().extend(numbers);
        settle(&self.vault, numbers);
    }
}

fn vault(bench: &Bench) -> Arc<Direct> {
    Arc::new(Direct {
        vault: bench.start(&example("vault"), limits()),
        functions: OnceLock::new(),
        dropped: Mutex::default(),
    })
}

fn teller_of(bench: &Bench, target: Arc<dyn ImportTarget>) -> Replica {
    bench.start_with(
        &example("teller"),
        Policy::default(),
        limits(),
        Some(target),
    )
}

fn teller(bench: &Bench, target: &Arc<Direct>) -> Replica {
    let teller = teller_of(bench, target.clone());
    let functions = teller.linked.imported().iter();
    let functions = functions.map(|function| {
        let name = format!("{}#{}", function.interface, function.name);
        (name, function.handles)
    });
    target.functions.get_or_init(|| functions.collect());
    teller
}

impl Direct {
    /// Accounts that there are, and handles of them.
    fn counts(&self) -> (u32, u64) {
        let opened = self.vault.text("open", "");
        let opened = opened.strip_prefix("ok(").unwrap().strip_suffix(")");
        let opened = opened.unwrap().parse().unwrap();
        (opened, self.vault.instance.lent_handles())
    }

    fn call(&self, name: &str, values: &[u8], numbers: &[u64]) -> CallOutcome {
        let mut request = values.to_vec();
        append(&mut request, numbers.iter().copied());
        let name = format!("{ACCOUNTS}#{name}");
        self.vault.encoded(&name, Encoding::Handles, &request)
    }

    /// An account's number.
    fn open(&self) -> u64 {
        let owner = [8, 0, 0, 0, 2, 0, 0, 0, b'm', b'e'];
        let ended = self.call("[constructor]account", &owner, &[]);
        let (values, numbers) = split(&ended.payload).unwrap();
        assert_eq!(values, [0; 4], "{}", ended.message);
        numbers[0]
    }

    fn refused(&self, name: &str, values: &[u8], numbers: &[u64]) -> String {
        let ended = self.call(name, values, numbers);
        assert_eq!(ended.outcome, Outcome::BadArguments, "{}", ended.message);
        assert!(self.vault.instance.alive());
        ended.message
    }
}

#[test]
fn a_resource_is_made_used_and_dropped() {
    let bench = bench();
    let vault = vault(&bench);
    let teller = teller(&bench, &vault);
    assert_eq!(teller.text("open", r#""ann""#), "0");
    assert_eq!(teller.text("open", r#""bob""#), "1");
    assert_eq!(teller.text("deposit", "0, 100"), "ok(100)");
    assert_eq!(teller.text("deposit", "1, 5"), "ok(5)");
    assert_eq!(teller.text("balance", "0"), "ok(100)");
    assert_eq!(teller.text("balance-often", "1, 1000"), "ok(5)");
    assert_eq!(vault.counts(), (2, 2));
    teller.text("close", "0");
    assert_eq!(vault.counts(), (1, 1));
    assert_eq!(teller.text("balance", "1"), "ok(5)");
    teller.text("close-all", "");
    assert_eq!(vault.counts(), (0, 0));
}

#[test]
fn handles_go_in_every_kind_of_value() {
    let bench = bench();
    let vault = vault(&bench);
    let teller = teller(&bench, &vault);
    for (place, amount) in [(0, 10), (1, 21), (2, 7)] {
        assert_eq!(teller.text("open", r#""ann""#), place.to_string());
        teller.text("deposit", &format!("{place}, {amount}"));
    }
    // Lent, in a list of tuples with texts.
    assert_eq!(teller.text("richest", "[0, 1, 2]"), "ok(some(1))");
    assert_eq!(teller.text("richest", "[2, 0, 2]"), "ok(some(1))");
    assert_eq!(teller.text("richest", "[]"), "ok(none)");
    // Moved, in a record with an option.
    assert_eq!(teller.text("split", "1"), r#"ok(("ann", 3, some(4)))"#);
    assert_eq!(teller.text("balance", "4"), "ok(11)");
    assert_eq!(vault.counts(), (4, 4));
    // In a list, to a static function.
    assert_eq!(teller.text("merge", "[0, 3, 4]"), "ok(5)");
    assert_eq!(teller.text("balance", "5"), "ok(31)");
    assert_eq!(vault.counts(), (2, 2));
    // In a variant, with none, one and many.
    assert_eq!(teller.text("pass", "[]"), "ok([])");
    assert_eq!(teller.text("pass", "[5]"), "ok([6])");
    assert_eq!(teller.text("pass", "[2, 6]"), "ok([7, 8])");
    assert_eq!(teller.text("balance", "7"), "ok(7)");
    assert_eq!(teller.text("balance", "8"), "ok(31)");
    assert_eq!(vault.counts(), (2, 2));
    assert_eq!(vault.dropped.lock().unwrap().len(), 0);
    teller.text("close-all", "");
    assert_eq!(vault.counts(), (0, 0));
}

#[test]
fn large_values_go_beside_them() {
    let bench = bench();
    let vault = vault(&bench);
    let teller = teller(&bench, &vault);
    teller.text("open", r#""ann""#);
    let bytes = vec![7; 1 << 20];
    let mut request = vec![0, 0, 0, 0, 12, 0, 0, 0];
    request.extend((bytes.len() as u32).to_le_bytes());
    request.extend(&bytes);
    let ended = teller.encoded("note", Encoding::Arena, &request);
    assert_eq!(ended.message, "");
    assert_eq!(&ended.payload[8..], bytes);
}

#[test]
fn a_holder_that_goes_drops_what_it_held() {
    let bench = bench();
    let vault = vault(&bench);
    let first = teller(&bench, &vault);
    let second = teller(&bench, &vault);
    assert_eq!(first.text("hoard", "100"), "100");
    assert_eq!(second.text("hoard", "10"), "10");
    assert_eq!(vault.counts(), (110, 110));
    drop(second);
    assert_eq!(vault.counts(), (100, 100));
    assert_eq!(first.wave("crash", "").outcome, Outcome::Trapped);
    assert_eq!(vault.counts(), (0, 0));
}

#[test]
fn without_its_provider_each_use_is_an_error() {
    let bench = bench();
    let vault = vault(&bench);
    let teller = teller(&bench, &vault);
    teller.text("hoard", "3");
    let told = teller.text("burn", "1");
    assert!(told.contains("wasm trap"), "{told}");
    assert!(!vault.vault.instance.alive());
    assert_eq!(vault.vault.instance.lent_handles(), 0);
    let told = teller.text("balance", "0");
    assert!(told.contains("the instance is dead"), "{told}");
    teller.text("close-all", "");
    assert!(teller.instance.alive());
}

/// Of a list of handles: their places in the arena.
fn list(count: u32) -> Vec<u8> {
    let mut values = vec![8, 0, 0, 0];
    values.extend(count.to_le_bytes());
    values.extend((0..count).flat_map(u32::to_le_bytes));
    values
}

#[test]
fn numbers_that_were_not_given_are_refused() {
    let bench = bench();
    let vault = vault(&bench);
    let others = self::vault(&bench);
    let account = vault.open();
    let foreign = others.open();
    let no_such = "no such handle";
    assert!(
        vault
            .refused("[method]account.balance", &[0; 4], &[foreign])
            .contains(no_such)
    );
    for forged in [0, 1, account + 1, account ^ 1 << 32, !MOVED] {
        let told = vault.refused("[method]account.balance", &[0; 4], &[forged]);
        assert!(told.contains(no_such), "{forged:#x}: {told}");
    }
    let told = vault.refused("[method]account.balance", &[0; 4], &[account | MOVED]);
    assert!(told.contains("moved where it is lent"), "{told}");
    let told = vault.refused("split", &[0; 4], &[account]);
    assert!(told.contains("lent where it is moved"), "{told}");
    vault.refused("[method]account.balance", &[0; 4], &[]);
    vault.refused("[method]account.balance", &[0; 4], &[account, account]);
    vault.refused("[method]account.balance", &[1, 0, 0, 0], &[account]);
    assert_eq!(vault.counts(), (1, 1));
    assert_eq!(
        vault
            .call("[method]account.balance", &[0; 4], &[account])
            .outcome,
        Outcome::Returned
    );
}

#[test]
fn what_was_moved_or_dropped_cannot_be_used() {
    let bench = bench();
    let vault = vault(&bench);
    let (first, second) = (vault.open(), vault.open());
    // Twice in one call; nothing of it has happened.
    let twice = [first | MOVED, second | MOVED, first | MOVED];
    vault.refused("[static]account.merge", &list(3), &twice);
    assert_eq!(vault.counts(), (2, 2));
    let once = [first | MOVED, second | MOVED];
    let ended = vault.call("[static]account.merge", &list(2), &once);
    let (_, numbers) = split(&ended.payload).unwrap();
    assert_eq!(numbers.len(), 1);
    assert_eq!(vault.counts(), (1, 1));
    vault.refused("[method]account.balance", &[0; 4], &[first]);
    vault.refused("split", &[0; 4], &[second | MOVED]);
    settle(&vault.vault, &[first, numbers[0], numbers[0], 17]);
    assert_eq!(vault.counts(), (0, 0));
    vault.refused("[method]account.balance", &[0; 4], &numbers);
}

#[test]
fn what_was_dropped_before_its_call_begins_is_refused() {
    let bench = bench();
    let vault = vault(&bench);
    let account = vault.open();
    assert!(vault.vault.instance.drop_handles(&[account, account]));
    assert!(!vault.vault.instance.drop_handles(&[account]));
    let told = vault.refused("[method]account.balance", &[0; 4], &[account]);
    assert!(told.contains("no such handle"), "{told}");
    assert_eq!(vault.counts(), (0, 0));
}

#[test]
fn lists_of_handles_that_are_not_whole_are_refused() {
    let bench = bench();
    let vault = vault(&bench);
    let account = vault.open();
    let name = format!("{ACCOUNTS}#[method]account.balance");
    let mut request = vec![0; 4];
    append(&mut request, [account].into_iter());
    for length in 0..request.len() {
        let ended = vault
            .vault
            .encoded(&name, Encoding::Handles, &request[..length]);
        assert_eq!(ended.outcome, Outcome::BadArguments);
    }
    let mut large = request.clone();
    large.truncate(12);
    large.extend(u32::MAX.to_le_bytes());
    let ended = vault.vault.encoded(&name, Encoding::Handles, &large);
    assert_eq!(ended.outcome, Outcome::BadArguments);
    for plain in [Encoding::Arena, Encoding::Values, Encoding::Wave] {
        let ended = vault.vault.encoded(&name, plain, &request);
        assert_eq!(ended.outcome, Outcome::BadArguments);
        assert!(
            ended.message.contains("takes a resource"),
            "{}",
            ended.message
        );
    }
    assert_eq!(vault.counts(), (1, 1));
}

#[test]
fn a_million_handles_are_refused() {
    let bench = bench();
    let vault = vault(&bench);
    let teller = teller(&bench, &vault);
    let ended = teller.wave("hoard", "1000000");
    assert_eq!(ended.outcome, Outcome::Trapped);
    assert!(
        ended
            .message
            .contains("5000 handles of it are held, no more may be"),
        "{}",
        ended.message
    );
    // The hoarder is gone with them; others go on.
    assert_eq!(vault.counts(), (0, 0));
    let modest = self::teller(&bench, &vault);
    assert_eq!(modest.text("open", r#""ann""#), "0");
    assert_eq!(modest.text("balance", "0"), "ok(0)");
}

#[test]
fn a_result_that_nobody_takes_is_dropped() {
    struct Late(Arc<Direct>, Mutex<Vec<(Reply, Vec<u8>)>>);
    impl ImportTarget for Late {
        fn call(&self, _: u32, request: &[u8], _: Duration, reply: Reply) -> Option<Cancel> {
            let name = format!("{ACCOUNTS}#[constructor]account");
            let ended = self.0.vault.encoded(&name, Encoding::Handles, request);
            self.1.lock().unwrap().push((reply, ended.payload));
            None
        }
        fn drop_handles(&self, numbers: &[u64]) {
            self.0.drop_handles(numbers);
        }
    }
    let bench = bench();
    let vault = vault(&bench);
    let late = Arc::new(Late(vault.clone(), Mutex::default()));
    let teller = teller_of(&bench, late.clone());
    let ended = teller.wave_within("open", r#""ann""#, Duration::from_millis(50));
    assert_eq!(ended.outcome, Outcome::TimedOut);
    assert_eq!(vault.counts(), (1, 1));
    let (reply, result) = late.1.lock().unwrap().pop().unwrap();
    reply.end(Ok(&result));
    assert_eq!(vault.counts(), (0, 0));
}
