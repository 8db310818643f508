// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The `teller` example: a service that holds another component's resources (see wit/teller.wit).

use crate::examples::vault::accounts::{self as vault, Account};
use crate::exports::examples::teller::desk::Guest;
use std::cell::RefCell;

wit_bindgen::generate!({ world: "teller", path: "wit", generate_all });

thread_local! {
    static HELD: RefCell<Vec<Option<Account>>> = const { RefCell::new(Vec::new()) };
}

struct Teller;

export!(Teller);

fn put(account: Account) -> u32 {
    HELD.with_borrow_mut(|held| {
        held.push(Some(account));
        held.len() as u32 - 1
    })
}

fn take(place: u32) -> Account {
    HELD.with_borrow_mut(|held| held[place as usize].take().unwrap())
}

fn with<T>(place: u32, body: impl FnOnce(&Account) -> T) -> T {
    HELD.with_borrow(|held| body(held[place as usize].as_ref().unwrap()))
}

impl Guest for Teller {
    fn open(owner: String) -> u32 {
        put(Account::new(&owner))
    }

    fn hoard(count: u32) -> u32 {
        for _ in 0..count {
            put(Account::new("nobody"));
        }
        HELD.with_borrow(|held| held.len() as u32)
    }

    fn deposit(account: u32, amount: i64) -> Result<i64, String> {
        with(account, |account| account.deposit(amount))
    }

    fn balance(account: u32) -> Result<i64, String> {
        with(account, Account::balance)
    }

    fn note(account: u32, bytes: Vec<u8>) -> Vec<u8> {
        with(account, |account| account.note(&bytes))
    }

    fn balance_often(account: u32, count: u32) -> Result<i64, String> {
        (0..count).try_fold(0, |_, _| Self::balance(account))
    }

    fn close(account: u32) {
        drop(take(account));
    }

    fn close_all() {
        HELD.take();
    }

    fn merge(accounts: Vec<u32>) -> Result<u32, String> {
        let all: Vec<Account> = accounts.into_iter().map(take).collect();
        Account::merge(all).map(put)
    }

    fn split(account: u32) -> Result<(String, u32, Option<u32>), String> {
        let pair = vault::split(take(account))?;
        Ok((pair.name, put(pair.first), pair.second.map(put)))
    }

    fn richest(accounts: Vec<u32>) -> Result<Option<u32>, String> {
        HELD.with_borrow(|held| {
            let all = accounts.iter().map(|place| {
                let account = held[*place as usize].as_ref().unwrap();
                (format!("account {place}"), account)
            });
            vault::richest(&all.collect::<Vec<_>>())
        })
    }

    fn pass(accounts: Vec<u32>) -> Result<Vec<u32>, String> {
        let packed = vault::pack(accounts.into_iter().map(take).collect())?;
        let all = vault::unpack(packed)?;
        Ok(all.into_iter().map(put).collect())
    }

    fn burn(account: u32) -> Result<(), String> {
        with(account, vault::burn)
    }

    fn opened() -> Result<u32, String> {
        vault::open()
    }

    fn crash() {
        panic!("the teller falls over");
    }
}
