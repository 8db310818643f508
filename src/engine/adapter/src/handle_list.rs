// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Handles between components. In the arena of a value (`arena.rs`) a handle is its place in the order of the arena: 0, 1
//! and so on. Which handles these are stands behind the arena, `Encoding::Handles`: their numbers, 8 bytes each, then how
//! many there are, 4 bytes; all little-endian. So whoever passes values on can look at the handles, and give them other
//! numbers, without knowing the values' types.
//!
//! A number is made by who holds the resource (`lent.rs`), for one process, and never used again. Between processes and
//! consumers numbers are translated by the platform, which knows whom each was given to (`src/host/handles.h`).
//!
//! Here are that list, and the search for the handles in a guest's values or an arena: Wasmtime keeps count of a guest's
//! handles, and wants to be asked for each with its type.

use crate::arena::{put_word, word};
use crate::passage::Place;
use wasmtime::component::__internal::wasmtime_environ::component::VariantInfo;
use wasmtime::component::__internal::{ComponentTypes, InterfaceType};
use wasmtime::error::Context as _;
use wasmtime::{Result, ValRaw, bail};

/// In a number: the handle is moved, not lent for the call.
pub const MOVED: u64 = 1 << 63;

const COUNT_BYTES: usize = 4;
const NUMBER_BYTES: usize = 8;

/// A guest may repeat what it lends, so what it has does not bound this.
const HANDLES_PER_CALL_MAX: usize = 10_000;
/// What lists the search may go through; more than an arena may have (`kHostcallFuel`).
const SEARCHED_BYTES_MAX: usize = 64 << 20;

/// The arena, and the numbers behind it. Err: whoever made it broke the rules above.
pub fn split(bytes: &[u8]) -> Result<(&[u8], Vec<u64>), String> {
    let wrong = || "the list of handles is not whole".to_owned();
    let end = bytes.len().checked_sub(COUNT_BYTES).ok_or_else(wrong)?;
    let count = word(bytes, end) as usize;
    let length = count.checked_mul(NUMBER_BYTES).ok_or_else(wrong)?;
    let begins = end.checked_sub(length).ok_or_else(wrong)?;
    let (numbers, _) = bytes[begins..end].as_chunks();
    let numbers = numbers.iter().map(|number| u64::from_le_bytes(*number));
    Ok((&bytes[..begins], numbers.collect()))
}

/// Behind the arena that `out` is.
pub fn append(out: &mut Vec<u8>, numbers: impl ExactSizeIterator<Item = u64>) {
    let count = numbers.len() as u32;
    for number in numbers {
        out.extend_from_slice(&number.to_le_bytes());
    }
    let end = out.len();
    out.resize(end + COUNT_BYTES, 0);
    put_word(out, end, count);
}

/// The handles in parameters or results, in the order of their arena: the type of each and what stands there. `memory` is
/// what pointers lead into, a guest's or the arena itself.
pub(crate) fn find(
    types: &ComponentTypes,
    ty: InterfaceType,
    place: Place<'_>,
    memory: &[u8],
) -> Result<Vec<(InterfaceType, u32)>> {
    let mut search = Search {
        types,
        memory,
        left: SEARCHED_BYTES_MAX,
        found: Vec::new(),
    };
    match place {
        Place::Flat(slots) => search.flat(ty, &mut slots.iter())?,
        Place::Memory(at) => search.memory(ty, at as usize)?,
    }
    Ok(search.found)
}

struct Search<'a> {
    types: &'a ComponentTypes,
    memory: &'a [u8],
    left: usize,
    found: Vec<(InterfaceType, u32)>,
}

/// What a type is made of.
enum Parts<'a> {
    None,
    Handle,
    List(InterfaceType),
    Fields(Vec<InterfaceType>),
    Cases(Vec<Option<InterfaceType>>, &'a VariantInfo),
}

impl<'a> Search<'a> {
    fn parts(&self, ty: InterfaceType) -> Parts<'a> {
        match ty {
            InterfaceType::Own(_) | InterfaceType::Borrow(_) => Parts::Handle,
            InterfaceType::List(list) => Parts::List(self.types[list].element),
            InterfaceType::Tuple(tuple) => Parts::Fields(self.types[tuple].types.to_vec()),
            InterfaceType::Record(record) => {
                let fields = self.types[record].fields.iter();
                Parts::Fields(fields.map(|field| field.ty).collect())
            }
            InterfaceType::Variant(variant) => {
                let variant = &self.types[variant];
                Parts::Cases(variant.cases.values().copied().collect(), &variant.info)
            }
            InterfaceType::Option(option) => {
                let option = &self.types[option];
                Parts::Cases(vec![None, Some(option.ty)], &option.info)
            }
            InterfaceType::Result(result) => {
                let result = &self.types[result];
                Parts::Cases(vec![result.ok, result.err], &result.info)
            }
            _ => Parts::None,
        }
    }

    fn carries(&self, ty: InterfaceType) -> bool {
        match self.parts(ty) {
            Parts::None => false,
            Parts::Handle => true,
            Parts::List(element) => self.carries(element),
            Parts::Fields(fields) => fields.into_iter().any(|field| self.carries(field)),
            Parts::Cases(cases, _) => cases.into_iter().flatten().any(|case| self.carries(case)),
        }
    }

    fn add(&mut self, ty: InterfaceType, handle: u32) -> Result<()> {
        if self.found.len() == HANDLES_PER_CALL_MAX {
            bail!("more than {HANDLES_PER_CALL_MAX} handles in one call");
        }
        self.found.push((ty, handle));
        Ok(())
    }

    fn flat_count(&self, ty: InterfaceType) -> Result<usize> {
        let abi = self.types.canonical_abi(&ty);
        abi.flat_count(usize::MAX).context("not passed flat")
    }

    fn flat(&mut self, ty: InterfaceType, slots: &mut std::slice::Iter<'_, ValRaw>) -> Result<()> {
        let too_few = "too few values";
        match self.parts(ty) {
            Parts::Handle => {
                let handle = slots.next().context(too_few)?.get_u64() as u32;
                self.add(ty, handle)
            }
            Parts::Fields(fields) => fields
                .into_iter()
                .try_for_each(|field| self.flat(field, slots)),
            Parts::Cases(cases, _) => {
                let mut left = self.flat_count(ty)? - 1;
                let number = slots.next().context(too_few)?.get_u64() as u32;
                let case = cases.get(number as usize).context("no such case")?;
                if let Some(payload) = *case {
                    left -= self.flat_count(payload)?;
                    self.flat(payload, slots)?;
                }
                slots.by_ref().take(left).for_each(drop);
                Ok(())
            }
            Parts::List(element) => {
                let from = slots.next().context(too_few)?.get_u64() as u32;
                let count = slots.next().context(too_few)?.get_u64() as u32;
                self.list(element, from, count)
            }
            Parts::None => {
                let own = self.flat_count(ty)?;
                slots.by_ref().take(own).for_each(drop);
                Ok(())
            }
        }
    }

    fn bytes(&self, at: usize, count: usize) -> Result<&'a [u8]> {
        let bytes = self.memory.get(at..).and_then(|rest| rest.get(..count));
        bytes.context("a pointer or length is out of bounds of memory")
    }

    fn word(&self, at: usize) -> Result<u32> {
        Ok(word(self.bytes(at, 4)?, 0))
    }

    fn memory(&mut self, ty: InterfaceType, at: usize) -> Result<()> {
        if !self.carries(ty) {
            return Ok(());
        }
        match self.parts(ty) {
            Parts::None => Ok(()),
            Parts::Handle => {
                let handle = self.word(at)?;
                self.add(ty, handle)
            }
            Parts::Fields(fields) => {
                let mut end = 0;
                fields.into_iter().try_for_each(|field| {
                    let offset = self.types.canonical_abi(&field).next_field32(&mut end);
                    self.memory(field, at + offset as usize)
                })
            }
            Parts::Cases(cases, info) => {
                let number = self.bytes(at, usize::from(info.size))?;
                let number = number
                    .iter()
                    .rev()
                    .fold(0, |n, byte| n << 8 | usize::from(*byte));
                match *cases.get(number).context("no such case")? {
                    Some(payload) => self.memory(payload, at + info.payload_offset32 as usize),
                    None => Ok(()),
                }
            }
            Parts::List(element) => {
                let (from, count) = (self.word(at)?, self.word(at + 4)?);
                self.list(element, from, count)
            }
        }
    }

    /// Each list counts with all of its bytes, wherever they are: many that share theirs are as much work as others.
    fn list(&mut self, element: InterfaceType, from: u32, count: u32) -> Result<()> {
        if !self.carries(element) {
            return Ok(());
        }
        let size = self.types.canonical_abi(&element).size32 as usize;
        let (from, count) = (from as usize, count as usize);
        let left = self.left.checked_sub(count * size);
        self.left = left.context("too much data is being copied between components")?;
        self.bytes(from, count * size)?;
        (0..count).try_for_each(|number| self.memory(element, from + number * size))
    }
}
