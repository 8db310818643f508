// SPDX-License-Identifier: Apache-2.0 OR MIT

//! `wasi:keyvalue` (see /wit/keyvalue): what guests ask is handed to whoever keeps the deployment's keys, and the guest
//! waits for the answer. Nothing is kept or bounded here but what the store's limits bound anyway.

use crate::store::StoreData;
use bindings::wasi::keyvalue::{atomics, batch, store};
use std::fmt::Debug;
use std::sync::Arc;
use tokio::sync::oneshot;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable, ResourceTableError};

pub use crate::bridge::ffi::{
    KeyValueEntry as Entry, KeyValueOperation as Operation, KeyValueRequest as Request,
};

pub(crate) const INTERFACES: [&str; 3] = [
    "wasi:keyvalue/atomics@0.2.0-draft",
    "wasi:keyvalue/batch@0.2.0-draft",
    "wasi:keyvalue/store@0.2.0-draft",
];

mod bindings {
    wasmtime::component::bindgen!({
        path: "../../../wit/keyvalue",
        world: "wasi:keyvalue/imports",
        imports: { default: async | trappable },
        with: { "wasi:keyvalue/store.bucket": super::Bucket },
        trappable_error_type: { "wasi:keyvalue/store.error" => super::Error },
    });
}

/// What the operations make of it says the bridge.
pub struct Answer {
    pub entries: Vec<Entry>,
    pub number: u64,
}

/// Who keeps the keys of one deployment. Thread: any; must not block.
pub trait KeyValue: Debug + Send + Sync {
    /// The answer may come later, from any thread; a reply that is dropped is one too.
    fn ask(&self, request: Request, reply: Reply);
}

/// Takes the answer to one request.
pub struct Reply(oneshot::Sender<Result<Answer, String>>);

impl Reply {
    /// Or one line about why there is none. Whoever asked may be gone.
    pub fn end(self, result: Result<Answer, String>) {
        let _ = self.0.send(result);
    }
}

/// An open bucket: a deployment has one, so there is nothing to tell apart.
pub struct Bucket;

pub enum Error {
    NoSuchStore,
    Other(String),
}

impl From<ResourceTableError> for Error {
    fn from(error: ResourceTableError) -> Self {
        Self::Other(error.to_string())
    }
}

/// What a store shows of itself for one call.
pub(crate) struct View<'a> {
    pub(crate) keys: &'a Option<Arc<dyn KeyValue>>,
    pub(crate) table: &'a mut ResourceTable,
}

struct HasKeyValue;

impl HasData for HasKeyValue {
    type Data<'a> = View<'a>;
}

pub(crate) fn add_to_linker(linker: &mut Linker<StoreData>) -> wasmtime::Result<()> {
    store::add_to_linker::<_, HasKeyValue>(linker, StoreData::key_value)?;
    atomics::add_to_linker::<_, HasKeyValue>(linker, StoreData::key_value)?;
    batch::add_to_linker::<_, HasKeyValue>(linker, StoreData::key_value)
}

fn named(key: String) -> Entry {
    Entry {
        key,
        value: Vec::new(),
        present: false,
    }
}

fn with_value((key, value): (String, Vec<u8>)) -> Entry {
    Entry {
        key,
        value,
        present: true,
    }
}

impl View<'_> {
    /// Asks at once; the future borrows nothing, for a table of resources is not to be shared.
    fn ask(
        &self,
        operation: Operation,
        entries: Vec<Entry>,
        number: u64,
    ) -> impl Future<Output = Result<Answer, Error>> + Send + use<> {
        let (sender, receiver) = oneshot::channel();
        let request = Request {
            operation,
            entries,
            number,
        };
        let asked = self.keys.as_ref();
        let asked = asked.map(|keys| keys.ask(request, Reply(sender)));
        async move {
            asked.ok_or(Error::NoSuchStore)?;
            let nobody = |_| Err("the store is closed".to_owned());
            receiver.await.unwrap_or_else(nobody).map_err(Error::Other)
        }
    }
}

impl store::Host for View<'_> {
    async fn open(&mut self, identifier: String) -> Result<Resource<Bucket>, Error> {
        let answer = self
            .ask(Operation::Open, vec![named(identifier)], 0)
            .await?;
        if answer.number == 0 {
            return Err(Error::NoSuchStore);
        }
        Ok(self.table.push(Bucket)?)
    }

    fn convert_error(&mut self, error: Error) -> wasmtime::Result<store::Error> {
        Ok(match error {
            Error::NoSuchStore => store::Error::NoSuchStore,
            Error::Other(text) => store::Error::Other(text),
        })
    }
}

impl store::HostBucket for View<'_> {
    async fn get(&mut self, _: Resource<Bucket>, key: String) -> Result<Option<Vec<u8>>, Error> {
        let answer = self.ask(Operation::Get, vec![named(key)], 0).await?;
        let entry = answer.entries.into_iter().next();
        Ok(entry.filter(|entry| entry.present).map(|entry| entry.value))
    }

    async fn set(&mut self, _: Resource<Bucket>, key: String, value: Vec<u8>) -> Result<(), Error> {
        let entries = vec![with_value((key, value))];
        self.ask(Operation::Set, entries, 0).await.map(drop)
    }

    async fn delete(&mut self, _: Resource<Bucket>, key: String) -> Result<(), Error> {
        let entries = vec![named(key)];
        self.ask(Operation::Remove, entries, 0).await.map(drop)
    }

    async fn exists(&mut self, _: Resource<Bucket>, key: String) -> Result<bool, Error> {
        let answer = self.ask(Operation::Exists, vec![named(key)], 0).await?;
        Ok(answer.number != 0)
    }

    async fn list_keys(
        &mut self,
        _: Resource<Bucket>,
        cursor: Option<u64>,
    ) -> Result<store::KeyResponse, Error> {
        let number = cursor.unwrap_or(0);
        let answer = self.ask(Operation::List, Vec::new(), number).await?;
        let keys = answer.entries.into_iter().map(|entry| entry.key).collect();
        Ok(store::KeyResponse {
            keys,
            cursor: (answer.number != 0).then_some(answer.number),
        })
    }

    async fn drop(&mut self, bucket: Resource<Bucket>) -> wasmtime::Result<()> {
        self.table.delete(bucket)?;
        Ok(())
    }
}

impl atomics::Host for View<'_> {
    async fn increment(
        &mut self,
        _: Resource<Bucket>,
        key: String,
        delta: u64,
    ) -> Result<u64, Error> {
        let answer = self
            .ask(Operation::Increment, vec![named(key)], delta)
            .await?;
        Ok(answer.number)
    }
}

impl batch::Host for View<'_> {
    async fn get_many(
        &mut self,
        _: Resource<Bucket>,
        keys: Vec<String>,
    ) -> Result<Vec<Option<(String, Vec<u8>)>>, Error> {
        let entries = keys.into_iter().map(named).collect();
        let answer = self.ask(Operation::Get, entries, 0).await?;
        let entries = answer.entries.into_iter();
        Ok(entries
            .map(|entry| entry.present.then_some((entry.key, entry.value)))
            .collect())
    }

    async fn set_many(
        &mut self,
        _: Resource<Bucket>,
        key_values: Vec<(String, Vec<u8>)>,
    ) -> Result<(), Error> {
        let entries = key_values.into_iter().map(with_value).collect();
        self.ask(Operation::Set, entries, 0).await.map(drop)
    }

    async fn delete_many(&mut self, _: Resource<Bucket>, keys: Vec<String>) -> Result<(), Error> {
        let entries = keys.into_iter().map(named).collect();
        self.ask(Operation::Remove, entries, 0).await.map(drop)
    }
}
