// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The `vault` example: a service with a resource (see wit/vault.wit).

use crate::exports::examples::vault::accounts::{
    Account, AccountBorrow, Guest, GuestAccount, Holding, Pair,
};
use std::cell::{Cell, RefCell};

wit_bindgen::generate!({ world: "vault", path: "wit" });

thread_local! {
    static OPEN: Cell<u32> = const { Cell::new(0) };
}

struct Book {
    owner: String,
    balance: Cell<i64>,
    notes: RefCell<Vec<u8>>,
}

impl Book {
    fn new(owner: String, balance: i64) -> Self {
        OPEN.set(OPEN.get() + 1);
        Self {
            owner,
            balance: Cell::new(balance),
            notes: RefCell::default(),
        }
    }
}

impl Drop for Book {
    fn drop(&mut self) {
        OPEN.set(OPEN.get() - 1);
    }
}

impl GuestAccount for Book {
    fn new(owner: String) -> Self {
        Self::new(owner, 0)
    }

    fn deposit(&self, amount: i64) -> Result<i64, String> {
        let balance = self.balance.get().checked_add(amount);
        self.balance.set(balance.ok_or("too much")?);
        Ok(self.balance.get())
    }

    fn balance(&self) -> Result<i64, String> {
        Ok(self.balance.get())
    }

    fn note(&self, bytes: Vec<u8>) -> Vec<u8> {
        let mut notes = self.notes.borrow_mut();
        notes.extend(bytes);
        notes.clone()
    }

    fn merge(all: Vec<Account>) -> Result<Account, String> {
        let all: Vec<Book> = all.into_iter().map(Account::into_inner).collect();
        let owners: Vec<&str> = all.iter().map(|book| book.owner.as_str()).collect();
        let balance = all.iter().map(|book| book.balance.get()).sum();
        Ok(Account::new(Book::new(owners.join(" and "), balance)))
    }
}

struct Vault;

export!(Vault);

impl Guest for Vault {
    type Account = Book;

    fn split(whole: Account) -> Result<Pair, String> {
        let whole: Book = whole.into_inner();
        let half = whole.balance.get() / 2;
        let rest = whole.balance.get() - half;
        Ok(Pair {
            name: whole.owner.clone(),
            first: Account::new(Book::new(whole.owner.clone(), half)),
            second: (rest != 0).then(|| Account::new(Book::new(whole.owner.clone(), rest))),
        })
    }

    fn richest(all: Vec<(String, AccountBorrow<'_>)>) -> Result<Option<u32>, String> {
        let balance = |(_, account): &(String, AccountBorrow<'_>)| {
            let book: &Book = account.get();
            book.balance.get()
        };
        let places = all.iter().map(balance).zip(0..);
        Ok(places.max().map(|(_, place)| place))
    }

    fn pack(mut all: Vec<Account>) -> Result<Holding, String> {
        Ok(match all.len() {
            0 => Holding::Nothing,
            1 => Holding::One(all.remove(0)),
            _ => Holding::Several(all),
        })
    }

    fn unpack(all: Holding) -> Result<Vec<Account>, String> {
        Ok(match all {
            Holding::Nothing => Vec::new(),
            Holding::One(one) => vec![one],
            Holding::Several(several) => several,
        })
    }

    fn open() -> Result<u32, String> {
        Ok(OPEN.get())
    }

    fn burn(one: AccountBorrow<'_>) -> Result<(), String> {
        let book: &Book = one.get();
        panic!("the account of {} burns", book.owner)
    }
}
