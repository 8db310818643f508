// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The resources of other components that one store holds handles of. To the guest each is a resource of the host; what
//! it stands for is the number that the import target knows it by. With the store all of them are dropped.

use crate::import::ImportTarget;
use std::sync::Arc;

/// The host's type of all of them: a guest cannot take one type of its imports for another, for it was validated.
pub(crate) struct Proxy;

#[derive(Default)]
pub(crate) struct Proxies {
    target: Option<Arc<dyn ImportTarget>>,
    /// By what Wasmtime calls the representation.
    numbers: Vec<Option<u64>>,
    free: Vec<u32>,
}

impl Proxies {
    /// A store's imports have one target.
    pub fn add(&mut self, number: u64, target: &Arc<dyn ImportTarget>) -> u32 {
        self.target.get_or_insert_with(|| target.clone());
        if let Some(rep) = self.free.pop() {
            self.numbers[rep as usize] = Some(number);
            return rep;
        }
        self.numbers.push(Some(number));
        (self.numbers.len() - 1) as u32
    }

    pub fn get(&self, rep: u32) -> Option<u64> {
        *self.numbers.get(rep as usize)?
    }

    /// It is not held any more.
    pub fn remove(&mut self, rep: u32) -> Option<u64> {
        let number = self.numbers.get_mut(rep as usize)?.take()?;
        self.free.push(rep);
        Some(number)
    }

    /// The guest has dropped it.
    pub fn dropped(&mut self, rep: u32) {
        if let (Some(number), Some(target)) = (self.remove(rep), &self.target) {
            target.drop_handles(&[number]);
        }
    }
}

impl Drop for Proxies {
    fn drop(&mut self) {
        let left: Vec<u64> = self.numbers.iter().copied().flatten().collect();
        if let Some(target) = &self.target
            && !left.is_empty()
        {
            target.drop_handles(&left);
        }
    }
}
