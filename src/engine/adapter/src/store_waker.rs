// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What a store with concurrency is polled with. Such a store keeps the last waker that it has seen also when the call
//! has ended, and a caller's waker keeps the call, which keeps the instance and with it the store: it would never go. So
//! it sees this one, which leads to the caller's for as long as there is a call.

use crate::lock::locked;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Wake, Waker};

pub(crate) struct StoreWaker {
    leads: Arc<Leads>,
    /// To `leads`.
    waker: Waker,
}

#[derive(Default)]
struct Leads(Mutex<Option<Waker>>);

impl StoreWaker {
    pub(crate) fn new() -> Self {
        let leads = Arc::new(Leads::default());
        let waker = leads.clone().into();
        Self { leads, waker }
    }

    /// What to poll with.
    pub(crate) fn leading_to(&self, caller: &Waker) -> &Waker {
        let mut leads = self.leads.lock();
        match &mut *leads {
            Some(same) => same.clone_from(caller),
            none => *none = Some(caller.clone()),
        }
        &self.waker
    }

    /// The call has ended, or was left.
    pub(crate) fn forget(&self) {
        let caller = self.leads.lock().take();
        // May be what keeps the call: not under the lock.
        drop(caller);
    }
}

impl Leads {
    fn lock(&self) -> MutexGuard<'_, Option<Waker>> {
        locked(&self.0)
    }
}

impl Wake for Leads {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let caller = self.lock().clone();
        if let Some(caller) = caller {
            caller.wake();
        }
    }
}
