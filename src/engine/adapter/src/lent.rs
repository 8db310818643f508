// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The resources of one instance whose handles others hold. A number leads to one of them for as long as its handle is
//! neither dropped nor moved back, and is not used again. It names the instance too, so that one of another instance, or of
//! one that is gone, is found out. Who holds which is known to the platform, not here.

use crate::handle_list::MOVED;
use crate::layout::Handle;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use wasmtime::component::{ResourceAny, ResourceType};

/// Which instance of this process, in the upper half of a number; 31 bits, never used again.
fn next_holder() -> Option<u32> {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let more = |next| (next < MOVED_BY_HALF).then_some(next + 1);
    NEXT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
        .ok()
}

const MOVED_BY_HALF: u32 = (MOVED >> 32) as u32;

/// Belongs to who has the instance's turn.
pub(crate) struct Lent {
    holder: u32,
    next: u32,
    entries: HashMap<u32, Entry>,
    max: usize,
}

struct Entry {
    resource: ResourceAny,
    /// As the function's type has it that gave it away.
    ty: ResourceType,
}

impl Lent {
    /// None: this process has made as many as there are numbers for.
    pub fn new(max: usize) -> Option<Self> {
        Some(Self {
            holder: next_holder()?,
            next: 0,
            entries: HashMap::new(),
            max,
        })
    }

    pub fn holder(&self) -> u32 {
        self.holder
    }

    pub fn count(&self) -> usize {
        self.entries.len()
    }

    pub fn is_full(&self) -> bool {
        self.entries.len() >= self.max
    }

    /// What became a handle for others.
    pub fn give(&mut self, handle: Handle, resource: ResourceAny) -> wasmtime::Result<u64> {
        let serial = self.next;
        let Some(next) = serial.checked_add(1) else {
            wasmtime::bail!("it has lent more resources than there are numbers for");
        };
        self.next = next;
        let ty = handle.resource;
        self.entries.insert(serial, Entry { resource, ty });
        Ok(u64::from(self.holder) << 32 | u64::from(serial))
    }

    /// The resources of a call's handles; those that are moved belong to the guest from here on. Err: one of them is not
    /// what the function takes, and nothing has changed.
    pub fn take(
        &mut self,
        numbers: &[u64],
        wanted: &[Handle],
        resources: &mut Vec<ResourceAny>,
    ) -> Result<(), String> {
        if numbers.len() != wanted.len() {
            let (given, wanted) = (numbers.len(), wanted.len());
            return Err(format!(
                "{given} handles are given, {wanted} are in the values"
            ));
        }
        resources.clear();
        let mut moved = Vec::new();
        let taken = self.take_all(numbers, wanted, resources, &mut moved);
        if taken.is_err() {
            self.entries.extend(moved);
        }
        taken
    }

    /// What is moved first: what is moved twice, or moved and lent, is missing the second time.
    fn take_all(
        &mut self,
        numbers: &[u64],
        wanted: &[Handle],
        resources: &mut Vec<ResourceAny>,
        moved: &mut Vec<(u32, Entry)>,
    ) -> Result<(), String> {
        for (number, handle) in numbers.iter().zip(wanted) {
            if handle.own {
                self.find(*number, *handle)?;
                let serial = *number as u32;
                moved.extend(self.entries.remove(&serial).map(|entry| (serial, entry)));
            }
        }
        let mut owned = moved.iter();
        for (number, handle) in numbers.iter().zip(wanted) {
            resources.push(match handle.own {
                true => match owned.next() {
                    Some((_, entry)) => entry.resource,
                    None => unreachable!("one for each that is moved"),
                },
                false => self.find(*number, *handle)?,
            });
        }
        Ok(())
    }

    fn find(&self, number: u64, handle: Handle) -> Result<ResourceAny, String> {
        if (number & MOVED != 0) != handle.own {
            return Err("a handle is moved where it is lent, or lent where it is moved".to_owned());
        }
        match self.entry(number) {
            Some(entry) if entry.ty == handle.resource => Ok(entry.resource),
            Some(_) => Err("a handle of another type of resource".to_owned()),
            None => Err("no such handle: it was dropped, moved or never given".to_owned()),
        }
    }

    fn entry(&self, number: u64) -> Option<&Entry> {
        let holder = ((number & !MOVED) >> 32) as u32;
        match holder == self.holder {
            true => self.entries.get(&(number as u32)),
            false => None,
        }
    }

    /// Of a handle that was dropped; none if there is no such (any more).
    pub fn dropped(&mut self, number: u64) -> Option<ResourceAny> {
        self.entry(number)?;
        let entry = self.entries.remove(&(number as u32))?;
        Some(entry.resource)
    }
}

/// Handles that others have dropped, until the instance gets to it. Thread: any.
#[derive(Default)]
pub(crate) struct Dropped {
    any: AtomicBool,
    numbers: Mutex<Vec<u64>>,
}

impl Dropped {
    /// True: there were none, so somebody has to see to it that they are taken.
    pub fn add(&self, numbers: &[u64]) -> bool {
        let mut all = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let first = all.is_empty();
        all.extend_from_slice(numbers);
        self.any.store(!all.is_empty(), Ordering::Release);
        first && !all.is_empty()
    }

    #[inline]
    pub fn any(&self) -> bool {
        self.any.load(Ordering::Acquire)
    }

    pub fn take(&self) -> Vec<u64> {
        let mut all = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        self.any.store(false, Ordering::Release);
        std::mem::take(&mut all)
    }
}
