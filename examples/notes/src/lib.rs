// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The `notes` example: a service whose functions ask the host (see wit/notes.wit).

use crate::exports::examples::notes::book::Guest;
use crate::wasi::config::store as config;
use crate::wasi::keyvalue::store::{self, Bucket, Error};
use crate::wasi::keyvalue::{atomics, batch};
use crate::wasi::logging::logging::{self, Level};

wit_bindgen::generate!({
    world: "examples:notes/notes",
    path: ["../../wit/config", "../../wit/logging", "../../wit/keyvalue", "wit"],
    generate_all,
});

struct Notes;

export!(Notes);

fn text(error: Error) -> String {
    match error {
        Error::NoSuchStore => "no such store".to_owned(),
        Error::AccessDenied => "access denied".to_owned(),
        Error::Other(text) => text,
    }
}

fn bucket() -> Result<Bucket, String> {
    store::open("default").map_err(text)
}

fn string(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

fn all_pages() -> Result<Vec<Vec<String>>, String> {
    let bucket = bucket()?;
    let mut pages = Vec::new();
    let mut cursor = None;
    loop {
        let page = bucket.list_keys(cursor).map_err(text)?;
        pages.push(page.keys);
        cursor = page.cursor;
        if cursor.is_none() {
            return Ok(pages);
        }
    }
}

impl Guest for Notes {
    fn setting(key: String) -> Option<String> {
        config::get(&key).ok().flatten()
    }

    fn settings() -> Vec<(String, String)> {
        let mut all = config::get_all().unwrap_or_default();
        all.sort();
        all
    }

    fn say(level: String, context: String, message: String) {
        let level = match level.as_str() {
            "trace" => Level::Trace,
            "debug" => Level::Debug,
            "warn" => Level::Warn,
            "error" => Level::Error,
            "critical" => Level::Critical,
            _ => Level::Info,
        };
        logging::log(level, &context, &message);
    }

    fn open(bucket: String) -> Result<(), String> {
        store::open(&bucket).map(drop).map_err(text)
    }

    fn put(key: String, value: String) -> Result<(), String> {
        bucket()?.set(&key, value.as_bytes()).map_err(text)
    }

    fn get(key: String) -> Result<Option<String>, String> {
        let value = bucket()?.get(&key).map_err(text)?;
        Ok(value.map(string))
    }

    fn has(key: String) -> Result<bool, String> {
        bucket()?.exists(&key).map_err(text)
    }

    fn remove(key: String) -> Result<(), String> {
        bucket()?.delete(&key).map_err(text)
    }

    fn keys() -> Result<Vec<String>, String> {
        Ok(all_pages()?.concat())
    }

    fn pages() -> Result<Vec<u32>, String> {
        Ok(all_pages()?.iter().map(|page| page.len() as u32).collect())
    }

    fn count(key: String, by: u64) -> Result<u64, String> {
        atomics::increment(&bucket()?, &key, by).map_err(text)
    }

    fn put_many(entries: Vec<(String, String)>) -> Result<(), String> {
        let entries: Vec<_> = entries
            .into_iter()
            .map(|(key, value)| (key, value.into_bytes()))
            .collect();
        batch::set_many(&bucket()?, &entries).map_err(text)
    }

    fn get_many(keys: Vec<String>) -> Result<Vec<Option<(String, String)>>, String> {
        let entries = batch::get_many(&bucket()?, &keys).map_err(text)?;
        let entries = entries.into_iter();
        Ok(entries
            .map(|entry| entry.map(|(key, value)| (key, string(value))))
            .collect())
    }

    fn remove_many(keys: Vec<String>) -> Result<(), String> {
        batch::delete_many(&bucket()?, &keys).map_err(text)
    }

    fn fill(prefix: String, entries: u32, bytes: u32) -> Result<(), String> {
        let entries: Vec<_> = (0..entries)
            .map(|i| (format!("{prefix}{i}"), vec![b'x'; bytes as usize]))
            .collect();
        batch::set_many(&bucket()?, &entries).map_err(text)
    }
}
