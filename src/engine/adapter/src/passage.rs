// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The fast way of values between a guest's memory and an arena (see `arena.rs`), for every type that is carried: what lies
//! together is copied together, and only pointers are followed. `lift` takes values out of a guest, which may say anything;
//! `Lowering` puts a checked arena's values into one.
//!
//! Wasmtime's typed functions want to know at compile time what they carry. The types here stand for any parameters and
//! results: they take the flat core values, or the pointer, as they come, and go by the function's layout. That uses the
//! (hidden) traits which Wasmtime's derive macros use; they are fixed by `Cargo.lock`, and tests/arena.rs compares this with
//! what `arena.rs` and Wasmtime make of the same values.

use crate::arena::{bits, character, put_word, word};
use crate::flat::Args;
use crate::handle_list;
use crate::layout::{Handle, Kind, Layout, aligned};
use crate::proxies::Proxy;
use crate::store::StoreData;
use crate::values;
use std::cell::Cell;
use std::mem::MaybeUninit;
use std::pin::pin;
use std::ptr;
use wasmtime::component::__internal::wasmtime_environ::component::StringEncoding;
use wasmtime::component::__internal::{
    CanonicalAbiInfo, ComponentTypes, InstanceType, InterfaceType, LiftContext, LowerContext,
};
use wasmtime::component::{
    ComponentNamedList, ComponentType, Func, Lift, Lower, Resource, ResourceAny, TypedFunc,
};
use wasmtime::error::Context as _;
use wasmtime::{Result, Store, ValRaw, bail, format_err};

/// What the canonical ABI passes in registers at most; more goes through memory.
pub(crate) const FLAT_PARAMS_MAX: usize = 16;
const FLAT_RESULTS_MAX: u32 = 1;

/// Where the values are that are lifted.
#[derive(Clone, Copy)]
pub(crate) enum Place<'a> {
    Flat(&'a [ValRaw]),
    Memory(u32),
}

/// What is read, and how.
#[derive(Clone, Copy)]
pub(crate) struct Guest<'a> {
    pub memory: &'a [u8],
    pub strings: StringEncoding,
}

/// Makes the arena of what a guest hands over. `out` is empty before and gets `bytes_max` at most. Err: the guest broke a
/// rule of the canonical ABI, or handed over too much. The handles that were met, which have to be those that
/// `handle_list::find` finds.
pub(crate) fn lift(
    guest: Guest<'_>,
    layout: &Layout,
    place: Place<'_>,
    bytes_max: usize,
    out: &mut Vec<u8>,
) -> Result<Vec<Handle>> {
    let mut lifting = Lifting {
        guest,
        bytes_max,
        out,
        handles: Vec::new(),
    };
    match place {
        Place::Flat(slots) => {
            lifting.room(layout.size as usize)?;
            lifting.out.resize(layout.size as usize, 0);
            lifting.flat(layout, 0, &mut slots.iter())?;
        }
        Place::Memory(from) => {
            let bytes = guest.part(from, 1, layout)?;
            lifting.append(bytes, 1)?;
            lifting.settle(layout, 0)?;
        }
    }
    Ok(lifting.handles)
}

impl<'a> Guest<'a> {
    fn part(&self, from: u32, count: u32, element: &Layout) -> Result<&'a [u8]> {
        if !from.is_multiple_of(element.align) {
            bail!("a pointer is not aligned");
        }
        let length = u64::from(count) * u64::from(element.size);
        self.bytes(from, length)
    }

    fn bytes(&self, from: u32, length: u64) -> Result<&'a [u8]> {
        let range = from as usize..(u64::from(from) + length) as usize;
        let bytes = self.memory.get(range);
        bytes.context("a pointer or length is out of bounds of memory")
    }

    /// Of a guest whose strings are not UTF-8.
    fn transcoded(&self, from: u32, length: u32) -> Result<String> {
        const UTF16_TAG: u32 = 1 << 31;
        let latin1 = self.strings == StringEncoding::CompactUtf16 && length & UTF16_TAG == 0;
        if !from.is_multiple_of(2) {
            bail!("a string is not aligned");
        }
        if latin1 {
            let bytes = self.bytes(from, length.into())?;
            return Ok(bytes.iter().map(|byte| char::from(*byte)).collect());
        }
        let units = if self.strings == StringEncoding::CompactUtf16 {
            length ^ UTF16_TAG
        } else {
            length
        };
        let bytes = self.bytes(from, u64::from(units) * 2)?;
        let (units, _) = bytes.as_chunks::<2>();
        let units = units.iter().map(|unit| u16::from_le_bytes(*unit));
        let text: std::result::Result<String, _> = char::decode_utf16(units).collect();
        Ok(text?)
    }
}

struct Lifting<'a, 'b> {
    guest: Guest<'a>,
    bytes_max: usize,
    out: &'b mut Vec<u8>,
    handles: Vec<Handle>,
}

impl<'a> Lifting<'a, '_> {
    fn room(&self, more: usize) -> Result<()> {
        if more > self.bytes_max.saturating_sub(self.out.len()) {
            bail!(
                "too much data is being copied between components: more than {} bytes",
                self.bytes_max
            );
        }
        Ok(())
    }

    /// Behind what is there; where that is.
    fn append(&mut self, bytes: &[u8], align: u32) -> Result<u32> {
        let end = u32::try_from(self.out.len())?;
        let at = aligned(end, align).context("too many bytes")?;
        self.room((at - end) as usize + bytes.len())?;
        if at != end {
            self.out.resize(at as usize, 0);
        }
        self.out.extend_from_slice(bytes);
        Ok(at)
    }

    /// Writes the values that lie in the slots.
    fn flat(
        &mut self,
        layout: &Layout,
        at: usize,
        slots: &mut std::slice::Iter<'_, ValRaw>,
    ) -> Result<()> {
        let mut next =
            || Ok::<_, wasmtime::Error>(slots.next().context("too few values")?.get_u64());
        match &layout.kind {
            Kind::Bits { .. } | Kind::Char | Kind::Flags { .. } | Kind::Handle(_) => {
                let size = layout.size as usize;
                self.out[at..][..size].copy_from_slice(&next()?.to_le_bytes()[..size]);
            }
            Kind::Bool => self.out[at] = u8::from(next()? as u32 != 0),
            Kind::Text | Kind::List(_) => {
                let (from, length) = (next()? as u32, next()? as u32);
                put_word(self.out, at, from);
                put_word(self.out, at + 4, length);
            }
            Kind::Fields(fields) => {
                return fields
                    .all
                    .iter()
                    .try_for_each(|field| self.flat(&field.layout, at + field.at as usize, slots));
            }
            Kind::Cases(cases) => {
                let number = next()? as u32;
                let Some(payload) = cases.all.get(number as usize) else {
                    bail!("case {number} of {} cases", cases.all.len());
                };
                let bytes = cases.number_bytes as usize;
                self.out[at..][..bytes].copy_from_slice(&number.to_le_bytes()[..bytes]);
                let mut left = layout.flat - 1;
                if let Some(payload) = payload {
                    self.flat(payload, at + cases.payload_at as usize, slots)?;
                    left -= payload.flat;
                }
                // What other cases have more of.
                for _ in 0..left {
                    slots.next();
                }
                return Ok(());
            }
        }
        self.settle(layout, at)
    }

    /// The value's own bytes are in place as the guest had them: makes of them what they have to be in an arena, and
    /// fetches what they point to.
    fn settle(&mut self, layout: &Layout, at: usize) -> Result<()> {
        match &layout.kind {
            Kind::Bits { .. } => {}
            Kind::Bool => self.out[at] = u8::from(self.out[at] != 0),
            Kind::Char => {
                character(word(self.out, at)).map_err(wasmtime::Error::msg)?;
            }
            Kind::Flags { mask } => {
                let size = layout.size as usize;
                let set = bits(&self.out[at..][..size]) as u32 & mask;
                self.out[at..][..size].copy_from_slice(&set.to_le_bytes()[..size]);
            }
            Kind::Handle(handle) => {
                put_word(self.out, at, self.handles.len() as u32);
                self.handles.push(*handle);
            }
            Kind::Text => self.text(at)?,
            Kind::List(element) => self.list(element, at)?,
            Kind::Fields(fields) => {
                for (gap, length) in &fields.gaps {
                    self.out[at + *gap as usize..][..*length as usize].fill(0);
                }
                for field in &fields.all {
                    if !field.layout.bare {
                        self.settle(&field.layout, at + field.at as usize)?;
                    }
                }
            }
            Kind::Cases(cases) => {
                let (_, payload) = cases.read(&self.out[at..]).map_err(wasmtime::Error::msg)?;
                let own = &mut self.out[at..][..layout.size as usize];
                let payload_at = cases.payload_at as usize;
                own[cases.number_bytes as usize..payload_at].fill(0);
                own[payload_at + payload.map_or(0, |payload| payload.size as usize)..].fill(0);
                if let Some(payload) = payload
                    && !payload.bare
                {
                    self.settle(payload, at + payload_at)?;
                }
            }
        }
        Ok(())
    }

    fn pair(&mut self, at: usize, pointer: u32, length: u32) {
        put_word(self.out, at, if length == 0 { 0 } else { pointer });
        put_word(self.out, at + 4, length);
    }

    fn text(&mut self, at: usize) -> Result<()> {
        let (from, length) = (word(self.out, at), word(self.out, at + 4));
        if self.guest.strings != StringEncoding::Utf8 {
            let text = self.guest.transcoded(from, length)?;
            let pointer = self.append(text.as_bytes(), 1)?;
            self.pair(at, pointer, text.len() as u32);
            return Ok(());
        }
        let bytes = self.guest.bytes(from, length.into())?;
        values::text(bytes)?;
        let pointer = self.append(bytes, 1)?;
        self.pair(at, pointer, length);
        Ok(())
    }

    fn list(&mut self, element: &Layout, at: usize) -> Result<()> {
        let (from, count) = (word(self.out, at), word(self.out, at + 4));
        let bytes = self.guest.part(from, count, element)?;
        if count == 0 {
            self.pair(at, 0, 0);
            return Ok(());
        }
        let pointer = self.append(bytes, element.align)?;
        self.pair(at, pointer, count);
        if element.bare {
            return Ok(());
        }
        let size = element.size as usize;
        (0..count as usize)
            .try_for_each(|number| self.settle(element, pointer as usize + number * size))
    }
}

/// Puts the values of a checked arena into a guest. The arena is looked up each time that it is read: while the guest
/// allocates it may have to wait, and then the bytes may move.
#[derive(Clone, Copy)]
struct Lowering<'a> {
    arena: *const *const [u8],
    /// What the handles are called in the guest.
    handles: &'a [u32],
    utf8: bool,
}

impl<'a> Lowering<'a> {
    /// # Safety
    /// The place holds the arena as long as this is used, whenever the guest does not run.
    unsafe fn new<T>(
        arena: *const *const [u8],
        handles: &'a [u32],
        cx: &LowerContext<'_, T>,
    ) -> Self {
        Self {
            arena,
            handles,
            utf8: cx.options().string_encoding == StringEncoding::Utf8,
        }
    }

    fn arena(&self) -> &[u8] {
        // SAFETY: the promise of `new`; not held while the guest runs.
        unsafe { &**self.arena }
    }

    fn word(&self, at: usize) -> u32 {
        word(self.arena(), at)
    }

    fn handle(&self, at: usize) -> Result<u32> {
        let handle = self.handles.get(self.word(at) as usize);
        handle.copied().context("a handle that there is not")
    }

    fn flat<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        layout: &Layout,
        at: usize,
        slots: &mut Slots<'_>,
    ) -> Result<()> {
        let size = layout.size as usize;
        match &layout.kind {
            Kind::Bits { signed: true } => {
                let shift = 64 - 8 * layout.size;
                let value = (bits(&self.arena()[at..][..size]) << shift).cast_signed() >> shift;
                // A core value of 32 bits, whatever slot it is in.
                slots.put(u64::from(value as u32))
            }
            Kind::Bits { signed: false } | Kind::Bool | Kind::Char | Kind::Flags { .. } => {
                slots.put(bits(&self.arena()[at..][..size]))
            }
            Kind::Handle(_) => slots.put(self.handle(at)?.into()),
            Kind::Text | Kind::List(_) => {
                let (pointer, length) = self.part(cx, layout, at, None)?;
                slots.put(pointer)?;
                slots.put(length)
            }
            Kind::Fields(fields) => fields
                .all
                .iter()
                .try_for_each(|field| self.flat(cx, &field.layout, at + field.at as usize, slots)),
            Kind::Cases(cases) => {
                let (number, payload) = cases
                    .read(&self.arena()[at..])
                    .map_err(wasmtime::Error::msg)?;
                slots.put(number as u64)?;
                let mut left = layout.flat - 1;
                if let Some(payload) = payload {
                    self.flat(cx, payload, at + cases.payload_at as usize, slots)?;
                    left -= payload.flat;
                }
                (0..left).try_for_each(|_| slots.put(0))
            }
        }
    }

    /// To a place in the guest's memory that is large enough and aligned.
    fn memory<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        layout: &Layout,
        at: usize,
        to: usize,
    ) -> Result<()> {
        let size = layout.size as usize;
        cx.as_slice_mut()[to..][..size].copy_from_slice(&self.arena()[at..][..size]);
        self.chase(cx, layout, at, to)
    }

    /// What was copied to `to` points into the arena: gives it parts of its own in the guest.
    fn chase<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        layout: &Layout,
        at: usize,
        to: usize,
    ) -> Result<()> {
        if !layout.points {
            return Ok(());
        }
        match &layout.kind {
            Kind::Handle(_) => {
                let handle = self.handle(at)?;
                put_word(cx.as_slice_mut(), to, handle);
                Ok(())
            }
            Kind::Text | Kind::List(_) => self.part(cx, layout, at, Some(to)).map(|_| ()),
            Kind::Fields(fields) => fields.all.iter().try_for_each(|field| {
                let offset = field.at as usize;
                self.chase(cx, &field.layout, at + offset, to + offset)
            }),
            Kind::Cases(cases) => {
                let (_, payload) = cases
                    .read(&self.arena()[at..])
                    .map_err(wasmtime::Error::msg)?;
                let offset = cases.payload_at as usize;
                match payload {
                    Some(payload) => self.chase(cx, payload, at + offset, to + offset),
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// Gives the guest what the pair at `at` leads to: its pointer and length there, which are also written to `to`.
    fn part<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        layout: &Layout,
        at: usize,
        to: Option<usize>,
    ) -> Result<(u64, u64)> {
        let (from, count) = (self.word(at) as usize, self.word(at + 4) as usize);
        let (size, align, element) = match &layout.kind {
            Kind::List(element) => (element.size as usize, element.align, Some(&**element)),
            _ if !self.utf8 => return self.transcoded(cx, from, count, to),
            _ => (1, 1, None),
        };
        let length = count * size;
        let pointer = cx.realloc(0, 0, align, length)?;
        // Asked for once: finding a guest's memory takes longer than copying a short text.
        let memory = cx.as_slice_mut();
        memory[pointer..][..length].copy_from_slice(&self.arena()[from..][..length]);
        if let Some(to) = to {
            put_word(memory, to, pointer as u32);
            put_word(memory, to + 4, count as u32);
        }
        if let Some(element) = element
            && element.points
        {
            for number in 0..count {
                self.chase(cx, element, from + number * size, pointer + number * size)?;
            }
        }
        Ok((pointer as u64, count as u64))
    }

    #[cold]
    fn transcoded<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        from: usize,
        length: usize,
        to: Option<usize>,
    ) -> Result<(u64, u64)> {
        let text = str::from_utf8(&self.arena()[from..][..length])?.to_owned();
        let mut pair = MaybeUninit::uninit();
        text.linear_lower_to_flat(cx, InterfaceType::String, &mut pair)?;
        // SAFETY: lowering a string initialises both.
        let [pointer, length] = unsafe { pair.assume_init() };
        if let Some(to) = to {
            let memory = cx.as_slice_mut();
            put_word(memory, to, pointer.get_u32());
            put_word(memory, to + 4, length.get_u32());
        }
        Ok((pointer.get_u64(), length.get_u64()))
    }
}

/// Where flat core values go.
struct Slots<'a> {
    left: std::slice::IterMut<'a, MaybeUninit<ValRaw>>,
}

impl Slots<'_> {
    fn put(&mut self, bits: u64) -> Result<()> {
        let slot = self.left.next().context("too many values")?;
        slot.write(ValRaw::u64(bits));
        Ok(())
    }
}

fn slots<const N: usize>(storage: &mut MaybeUninit<[ValRaw; N]>) -> Slots<'_> {
    // SAFETY: an array of uninitialised slots is what uninitialised storage of them is.
    let storage: &mut [MaybeUninit<ValRaw>; N] = unsafe { &mut *storage.as_mut_ptr().cast() };
    Slots {
        left: storage.iter_mut(),
    }
}

/// What a guest calls the handles of an arena that it is about to get, in their order. No code of the guest runs.
fn lower_handles<T, H: Lower<Lower = ValRaw>>(
    cx: &mut LowerContext<'_, T>,
    ty: InterfaceType,
    arena: &[u8],
    handles: impl ExactSizeIterator<Item = H>,
) -> Result<Vec<u32>> {
    let found = handle_list::find(cx.types, ty, Place::Memory(0), arena)?;
    if found.len() != handles.len() {
        bail!("{} handles for {} places", handles.len(), found.len());
    }
    let pairs = found.into_iter().zip(handles);
    let lowered = pairs.map(|((ty, _), handle)| {
        let mut slot = MaybeUninit::uninit();
        handle.linear_lower_to_flat(cx, ty, &mut slot)?;
        // SAFETY: lowering a handle initialises it.
        Ok(unsafe { slot.assume_init() }.get_u32())
    });
    lowered.collect()
}

/// Takes the handles that a guest hands over out of it, in the order of their arena.
fn lift_handles<H: Lift + ComponentType<Lower = ValRaw>>(
    cx: &mut LiftContext<'_>,
    ty: InterfaceType,
    place: Place<'_>,
) -> Result<Vec<H>> {
    let found = handle_list::find(cx.types, ty, place, cx.memory())?;
    let lifted = found
        .into_iter()
        .map(|(ty, handle)| H::linear_lift_from_flat(cx, ty, &ValRaw::u32(handle)));
    lifted.collect()
}

/// Whether Wasmtime sees the same as we do: a difference would be a mistake in `layout.rs`.
fn agree(ty: InterfaceType, types: &ComponentTypes, layout: Option<&Layout>) -> Result<()> {
    let abi = types.canonical_abi(&ty);
    let ours = layout.map_or((0, 1), |layout| (layout.size, layout.align));
    if (abi.size32, abi.align32) != ours {
        bail!("values are laid out in another way than was worked out");
    }
    Ok(())
}

fn no_list(ty: &InterfaceType) -> Result<()> {
    match ty {
        InterfaceType::Tuple(_) => Ok(()),
        _ => bail!("parameters and results are a tuple"),
    }
}

/// The parameters of a call into a guest: where its arguments are. One pointer, as `FlatParams` is.
#[derive(Clone, Copy)]
pub(crate) struct ArenaParams(*const Args);

// SAFETY: leads to shared data.
unsafe impl Send for ArenaParams {}
unsafe impl Sync for ArenaParams {}

impl ArenaParams {
    /// # Safety
    /// The arguments have the layout of the parameters of the function that is called, and their request is a checked arena
    /// of it. Until the call's future is done or dropped they stay as they are and lead to their request; that may move
    /// while the future is not polled.
    pub unsafe fn new(args: *const Args) -> Self {
        Self(args)
    }
}

// SAFETY: `Lower` is an array of ValRaw. As there are no more of them than the ABI passes in registers, Wasmtime always
// asks for the flat form and leaves it to us to put what does not fit into the guest's memory. ABI is not used for that.
unsafe impl ComponentType for ArenaParams {
    type Lower = [ValRaw; FLAT_PARAMS_MAX];
    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::POINTER_PAIR;

    fn typecheck(ty: &InterfaceType, _: &InstanceType<'_>) -> Result<()> {
        no_list(ty)
    }
}

// SAFETY: see ComponentType above.
unsafe impl ComponentNamedList for ArenaParams {}

// SAFETY: every slot that the function's core type has is written, for the layout is that of the function (`new`), which
// is checked once more.
unsafe impl Lower for ArenaParams {
    fn linear_lower_to_flat<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        ty: InterfaceType,
        dst: &mut MaybeUninit<Self::Lower>,
    ) -> Result<()> {
        // SAFETY: the promise of `new`.
        let (layout, arena) = unsafe { ((*self.0).layout(), (*self.0).request_place()) };
        let Some(layout) = layout else {
            // SAFETY: as above.
            let (values, _) = unsafe { &**arena }.as_chunks::<8>();
            let mut slots = slots(dst);
            return values
                .iter()
                .try_for_each(|value| slots.put(u64::from_le_bytes(*value)));
        };
        agree(ty, cx.types, Some(layout))?;
        let mut handles = Vec::new();
        if layout.handles {
            // SAFETY: as above; the guest does not run meanwhile.
            let (arena, resources) = unsafe { (&**arena, (*self.0).resources()) };
            handles = lower_handles(cx, ty, arena, resources.iter().copied())?;
        }
        let lowering = unsafe { Lowering::new(arena, &handles, cx) };
        let mut slots = slots(dst);
        if layout.flat as usize <= FLAT_PARAMS_MAX {
            return lowering.flat(cx, layout, 0, &mut slots);
        }
        let to = cx.realloc(0, 0, layout.align, layout.size as usize)?;
        lowering.memory(cx, layout, 0, to)?;
        slots.put(to as u64)
    }

    fn linear_lower_to_memory<T>(
        &self,
        _: &mut LowerContext<'_, T>,
        _: InterfaceType,
        _: usize,
    ) -> Result<()> {
        bail!("the parameters of a call are always asked for flat")
    }
}

/// Where the result of a call into a guest goes. Lifting is a function without a self, so this is what it finds in the
/// thread that polls the call.
pub(crate) struct Returning {
    /// Null: there is no result.
    pub layout: *const Layout,
    pub reply: *mut Vec<u8>,
    /// The resources that the result's handles are of.
    pub resources: *mut Vec<(Handle, ResourceAny)>,
    pub bytes_max: usize,
    /// It is a scalar, and its core value is wanted.
    pub scalar: bool,
}

// SAFETY: used by the thread that polls the call.
unsafe impl Send for Returning {}
unsafe impl Sync for Returning {}

thread_local! {
    static RETURNING: Cell<*const Returning> = const { Cell::new(ptr::null()) };
}

/// A fiber may have changed the thread since it was last asked, which a compiler that sees through this does not expect.
#[inline(never)]
fn returning() -> *const Returning {
    RETURNING.get()
}

#[inline(never)]
fn set_returning(next: *const Returning) -> *const Returning {
    RETURNING.replace(next)
}

/// The calls that one poll is inside of, the innermost last: a guest's import leads to the poll of another's call.
struct Scope(*const Returning);

impl Scope {
    fn enter(returning: &Returning) -> Self {
        Self(set_returning(returning))
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        set_returning(self.0);
    }
}

/// The result of a call into a guest, in the reply that `Returning` leads to.
pub(crate) struct ArenaResult;

// SAFETY: `Lower` is the one slot that results have: a scalar, or the pointer to what is larger, which Wasmtime leaves to
// us as it takes this for a scalar. ABI is not used for that.
unsafe impl ComponentType for ArenaResult {
    type Lower = [ValRaw; 1];
    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::SCALAR8;

    fn typecheck(ty: &InterfaceType, _: &InstanceType<'_>) -> Result<()> {
        no_list(ty)
    }
}

// SAFETY: see ComponentType above.
unsafe impl ComponentNamedList for ArenaResult {}

// SAFETY: what the guest says is checked against its memory.
unsafe impl Lift for ArenaResult {
    fn linear_lift_from_flat(
        cx: &mut LiftContext<'_>,
        ty: InterfaceType,
        src: &[ValRaw; 1],
    ) -> Result<Self> {
        // SAFETY: `ArenaFunc::call` has put it there for as long as it polls, and this is its poll.
        let returning = unsafe { returning().as_ref() }.context("nobody waits for a result")?;
        let Some(layout) = (unsafe { returning.layout.as_ref() }) else {
            return Ok(Self);
        };
        // SAFETY: the caller's own, who does not touch it while this is polled.
        let reply = unsafe { &mut *returning.reply };
        if returning.scalar {
            let value = layout.core_value(src[0].get_u64());
            let value = value.map_err(wasmtime::Error::msg)?;
            reply.extend_from_slice(&value.to_le_bytes());
            return Ok(Self);
        }
        let guest = Guest {
            memory: cx.memory(),
            strings: cx.options().string_encoding,
        };
        let place = if layout.flat <= FLAT_RESULTS_MAX {
            Place::Flat(src)
        } else {
            Place::Memory(src[0].get_u32())
        };
        let handles = lift(guest, layout, place, returning.bytes_max, reply)?;
        if layout.handles {
            let lifted = lift_handles::<ResourceAny>(cx, ty, place)?;
            if lifted.len() != handles.len() {
                bail!("{} handles were found, and {}", handles.len(), lifted.len());
            }
            // SAFETY: as above.
            let resources = unsafe { &mut *returning.resources };
            resources.clear();
            resources.extend(handles.into_iter().zip(lifted));
        }
        Ok(Self)
    }

    fn linear_lift_from_memory(
        _: &mut LiftContext<'_>,
        _: InterfaceType,
        _: &[u8],
    ) -> Result<Self> {
        bail!("the result of a call is always given flat")
    }
}

/// A function of one instance, ready for calls with arenas.
#[derive(Clone, Copy)]
pub(crate) struct ArenaFunc(TypedFunc<ArenaParams, ArenaResult>);

impl ArenaFunc {
    pub fn new(func: &Func, store: &Store<StoreData>) -> Result<Self> {
        Ok(Self(func.typed(store)?))
    }

    /// The result goes into the reply, which is empty.
    pub async fn call(
        &self,
        store: &mut Store<StoreData>,
        params: ArenaParams,
        returning: Returning,
    ) -> Result<()> {
        let mut call = pin!(self.0.call_async(store, params));
        let polled = std::future::poll_fn(|cx| {
            let _scope = Scope::enter(&returning);
            call.as_mut().poll(cx)
        });
        polled.await.map(|_| ())
    }

    /// On the stack of whoever calls. An error if the function or its store may have to wait.
    pub fn call_inline(
        &self,
        store: &mut Store<StoreData>,
        params: ArenaParams,
        returning: &Returning,
    ) -> Result<()> {
        let _scope = Scope::enter(returning);
        self.0.call(store, params).map(|_| ())
    }
}

/// The parameters of a call out of a guest, which stands still as long as they are used: what they were when it made the
/// call. N: how many come in registers, 0 if they are in memory.
pub(crate) struct Outgoing<const N: usize> {
    slots: [ValRaw; N],
    spilled: Option<u32>,
    memory: *const [u8],
    strings: StringEncoding,
}

// SAFETY: the memory is that of the guest that waits for this thread.
unsafe impl<const N: usize> Send for Outgoing<N> {}
unsafe impl<const N: usize> Sync for Outgoing<N> {}

/// How many registers parameters take; 0 if they go through memory.
pub(crate) fn registers(params: &Layout) -> usize {
    match params.flat as usize {
        more if more > FLAT_PARAMS_MAX => 0,
        flat => flat,
    }
}

impl<const N: usize> Outgoing<N> {
    /// # Safety
    /// Nothing has happened in the store since this was lifted.
    pub unsafe fn lift(
        &self,
        layout: &Layout,
        bytes_max: usize,
        out: &mut Vec<u8>,
    ) -> Result<Vec<Handle>> {
        let guest = Guest {
            // SAFETY: the memory is where it was, and nobody writes it.
            memory: unsafe { &*self.memory },
            strings: self.strings,
        };
        lift(guest, layout, self.place(), bytes_max, out)
    }

    fn place(&self) -> Place<'_> {
        match self.spilled {
            Some(from) => Place::Memory(from),
            None => Place::Flat(&self.slots),
        }
    }

    fn new(cx: &LiftContext<'_>, slots: [ValRaw; N], spilled: Option<u32>) -> Self {
        Self {
            slots,
            spilled,
            memory: cx.memory(),
            strings: cx.options().string_encoding,
        }
    }
}

// SAFETY: `Lower` is as many slots as the parameters have in registers, which `typecheck` sees to. ABI's size is 0: Wasmtime
// checks that parameters in memory are inside of it by itself, and we once more.
unsafe impl<const N: usize> ComponentType for Outgoing<N> {
    type Lower = [ValRaw; N];
    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::ZERO;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> Result<()> {
        no_list(ty)?;
        let abi = types.types.canonical_abi(ty);
        match abi.flat_count(FLAT_PARAMS_MAX).unwrap_or(0) {
            flat if flat == N => Ok(()),
            flat => Err(format_err!("{flat} parameters in registers, not {N}")),
        }
    }
}

// SAFETY: see ComponentType above.
unsafe impl<const N: usize> ComponentNamedList for Outgoing<N> {}

// SAFETY: any bits will do; they are looked at in `lift`.
unsafe impl<const N: usize> Lift for Outgoing<N> {
    fn linear_lift_from_flat(
        cx: &mut LiftContext<'_>,
        _: InterfaceType,
        src: &[ValRaw; N],
    ) -> Result<Self> {
        Ok(Self::new(cx, *src, None))
    }

    fn linear_lift_from_memory(
        cx: &mut LiftContext<'_>,
        _: InterfaceType,
        bytes: &[u8],
    ) -> Result<Self> {
        // A part of no bytes, which says where the parameters begin.
        let from = bytes.as_ptr() as usize - cx.memory().as_ptr() as usize;
        Ok(Self::new(
            cx,
            [ValRaw::u64(0); N],
            Some(u32::try_from(from)?),
        ))
    }
}

/// The parameters of a call out of a guest which are all scalars in registers: its memory need not be found.
pub(crate) struct OutgoingScalars<const N: usize>(pub [ValRaw; N]);

impl<const N: usize> OutgoingScalars<N> {
    pub fn outgoing(&self) -> Outgoing<N> {
        Outgoing {
            slots: self.0,
            spilled: None,
            memory: &[],
            strings: StringEncoding::Utf8,
        }
    }
}

// SAFETY: as for `Outgoing`.
unsafe impl<const N: usize> ComponentType for OutgoingScalars<N> {
    type Lower = <Outgoing<N> as ComponentType>::Lower;
    const ABI: CanonicalAbiInfo = Outgoing::<N>::ABI;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> Result<()> {
        Outgoing::<N>::typecheck(ty, types)
    }
}

// SAFETY: see ComponentType above.
unsafe impl<const N: usize> ComponentNamedList for OutgoingScalars<N> {}

// SAFETY: any bits will do; they are looked at in `Layout::core_value`.
unsafe impl<const N: usize> Lift for OutgoingScalars<N> {
    fn linear_lift_from_flat(
        _: &mut LiftContext<'_>,
        _: InterfaceType,
        src: &[ValRaw; N],
    ) -> Result<Self> {
        Ok(Self(*src))
    }

    fn linear_lift_from_memory(
        _: &mut LiftContext<'_>,
        _: InterfaceType,
        _: &[u8],
    ) -> Result<Self> {
        bail!("these parameters come in registers")
    }
}

/// The parameters of a call out of a guest with handles, all of proxies. What is moved is not the guest's any more.
pub(crate) struct OutgoingHandles<const N: usize> {
    pub values: Outgoing<N>,
    pub proxies: Vec<Resource<Proxy>>,
}

// SAFETY: as for `Outgoing`, which this is with something to look at.
unsafe impl<const N: usize> ComponentType for OutgoingHandles<N> {
    type Lower = <Outgoing<N> as ComponentType>::Lower;
    const ABI: CanonicalAbiInfo = Outgoing::<N>::ABI;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> Result<()> {
        Outgoing::<N>::typecheck(ty, types)
    }
}

// SAFETY: see ComponentType above.
unsafe impl<const N: usize> ComponentNamedList for OutgoingHandles<N> {}

// SAFETY: as for `Outgoing`.
unsafe impl<const N: usize> Lift for OutgoingHandles<N> {
    fn linear_lift_from_flat(
        cx: &mut LiftContext<'_>,
        ty: InterfaceType,
        src: &[ValRaw; N],
    ) -> Result<Self> {
        let values = Outgoing::linear_lift_from_flat(cx, ty, src)?;
        let proxies = lift_handles(cx, ty, values.place())?;
        Ok(Self { values, proxies })
    }

    fn linear_lift_from_memory(
        cx: &mut LiftContext<'_>,
        ty: InterfaceType,
        bytes: &[u8],
    ) -> Result<Self> {
        let values = Outgoing::linear_lift_from_memory(cx, ty, bytes)?;
        let proxies = lift_handles(cx, ty, values.place())?;
        Ok(Self { values, proxies })
    }
}

/// What a call out of a guest gives back to it.
pub(crate) trait Answer: Send + Sync + 'static {
    /// None: there is no result.
    fn layout(&self) -> Option<&Layout>;
    /// A checked arena; the same as long as this lives.
    fn arena(&self) -> &[u8];
    /// Of a result that is a scalar: its core value, if that is at hand; nothing else is looked at then.
    fn core_value(&self) -> Option<u64> {
        None
    }
    /// The representations of the proxies that its handles are of, each once.
    fn proxies(&self) -> &[u32];
}

/// The names of the proxies in the guest; they are its own from here on.
fn lower_proxies<T>(
    answer: &impl Answer,
    cx: &mut LowerContext<'_, T>,
    ty: InterfaceType,
) -> Result<Vec<u32>> {
    let proxies = answer.proxies().iter();
    let proxies = proxies.map(|rep| Resource::<Proxy>::new_own(*rep));
    lower_handles(cx, ty, answer.arena(), proxies)
}

/// N: how many registers it takes, 0 if it goes through memory or there is none.
pub(crate) struct Incoming<A, const N: usize>(pub A);

/// See `Incoming`.
pub(crate) fn result_registers(result: Option<&Layout>) -> usize {
    match result {
        Some(layout) if layout.flat <= FLAT_RESULTS_MAX => layout.flat as usize,
        _ => 0,
    }
}

// SAFETY: as for `Outgoing`.
unsafe impl<A: Answer, const N: usize> ComponentType for Incoming<A, N> {
    type Lower = [ValRaw; N];
    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::ZERO;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> Result<()> {
        no_list(ty)?;
        let abi = types.types.canonical_abi(ty);
        match abi.flat_count(FLAT_RESULTS_MAX as usize).unwrap_or(0) {
            flat if flat == N => Ok(()),
            flat => Err(format_err!("a result in {flat} registers, not {N}")),
        }
    }
}

// SAFETY: see ComponentType above.
unsafe impl<A: Answer, const N: usize> ComponentNamedList for Incoming<A, N> {}

// SAFETY: every slot is written; a place in memory was checked by Wasmtime to be there and aligned, for a result of the
// size that `agree` compares.
unsafe impl<A: Answer, const N: usize> Lower for Incoming<A, N> {
    fn linear_lower_to_flat<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        ty: InterfaceType,
        dst: &mut MaybeUninit<Self::Lower>,
    ) -> Result<()> {
        if let Some(value) = self.0.core_value() {
            return match N {
                0 => Ok(()),
                _ => slots(dst).put(value),
            };
        }
        let layout = self.0.layout();
        agree(ty, cx.types, layout)?;
        let Some(layout) = layout else {
            return Ok(());
        };
        let mut handles = Vec::new();
        if layout.handles {
            handles = lower_proxies(&self.0, cx, ty)?;
        }
        let arena: *const [u8] = self.0.arena();
        // SAFETY: `self` lives as long as this, and its bytes stay where they are.
        let lowering = unsafe { Lowering::new(&raw const arena, &handles, cx) };
        lowering.flat(cx, layout, 0, &mut slots(dst))
    }

    fn linear_lower_to_memory<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        ty: InterfaceType,
        to: usize,
    ) -> Result<()> {
        let layout = self.0.layout();
        agree(ty, cx.types, layout)?;
        let Some(layout) = layout else {
            return Ok(());
        };
        let mut handles = Vec::new();
        if layout.handles {
            handles = lower_proxies(&self.0, cx, ty)?;
        }
        let arena: *const [u8] = self.0.arena();
        // SAFETY: as above.
        let lowering = unsafe { Lowering::new(&raw const arena, &handles, cx) };
        lowering.memory(cx, layout, 0, to)
    }
}
