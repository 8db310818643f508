// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The fast path of calls: functions whose parameters are scalars, strings and byte lists, and whose result is one of
//! these or nothing. Their arguments go from the request's bytes into the guest without a dynamic value in between, and
//! their results from the guest into the reply's: strings and byte lists by one copy each way (a dynamic value takes 32
//! bytes and a branch for each byte of a list).
//!
//! Wasmtime's typed calls want the types at compile time. `FlatParams` is one type for all such parameter lists, `Scalar`
//! and `Part` are the two for results: they read and write the flat core values themselves, as the canonical ABI lays
//! them out. That uses the (hidden) traits which Wasmtime's derive macros use; they are fixed by `Cargo.lock`, and the
//! tests of this crate compare both paths.

use crate::layout::Layout;
use crate::store::StoreData;
use crate::values::{self, Reader};
use std::mem::MaybeUninit;
use std::ops::Range;
use std::ptr;
use wasmtime::component::__internal::wasmtime_environ::component::StringEncoding;
use wasmtime::component::__internal::{
    CanonicalAbiInfo, ComponentTypes, InstanceType, InterfaceType, LiftContext, LowerContext,
};
use wasmtime::component::{
    ComponentNamedList, ComponentType, Func, Lift, Lower, ResourceAny, Type, TypedFunc,
};
use wasmtime::{Store, ValRaw, bail};

/// Core parameters that the canonical ABI passes in registers; a longer list goes through memory and is not ours.
const FLAT_MAX: usize = 16;
const ARGS_MAX: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Bool,
    S32,
    U32,
    S64,
    U64,
    F32,
    F64,
    Char,
    Str,
    Bytes,
}

impl Kind {
    fn of(ty: &Type) -> Option<Self> {
        Some(match ty {
            Type::Bool => Self::Bool,
            Type::S32 => Self::S32,
            Type::U32 => Self::U32,
            Type::S64 => Self::S64,
            Type::U64 => Self::U64,
            Type::Float32 => Self::F32,
            Type::Float64 => Self::F64,
            Type::Char => Self::Char,
            Type::String => Self::Str,
            Type::List(list) if list.ty() == Type::U8 => Self::Bytes,
            _ => return None,
        })
    }

    /// The same for the types that Wasmtime works with inside.
    fn of_interface(ty: &InterfaceType, types: &ComponentTypes) -> Option<Self> {
        Some(match ty {
            InterfaceType::Bool => Self::Bool,
            InterfaceType::S32 => Self::S32,
            InterfaceType::U32 => Self::U32,
            InterfaceType::S64 => Self::S64,
            InterfaceType::U64 => Self::U64,
            InterfaceType::Float32 => Self::F32,
            InterfaceType::Float64 => Self::F64,
            InterfaceType::Char => Self::Char,
            InterfaceType::String => Self::Str,
            InterfaceType::List(list) if types[*list].element == InterfaceType::U8 => Self::Bytes,
            _ => return None,
        })
    }

    /// Of the one result of a function.
    fn of_result(ty: InterfaceType, types: &ComponentTypes) -> Option<Self> {
        let InterfaceType::Tuple(tuple) = ty else {
            return None;
        };
        match &types[tuple].types[..] {
            [ty] => Self::of_interface(ty, types),
            _ => None,
        }
    }

    fn flat_count(self) -> usize {
        match self {
            Self::Str | Self::Bytes => 2,
            _ => 1,
        }
    }
}

/// The kinds of a function that can take the fast path.
#[derive(Clone, Debug)]
pub struct Shape {
    params: Vec<Kind>,
    result: Option<Kind>,
}

impl Shape {
    pub fn of(params: &[Type], result: Option<&Type>) -> Option<Self> {
        let params = params.iter().map(Kind::of).collect::<Option<Vec<_>>>()?;
        let flat: usize = params.iter().map(|kind| kind.flat_count()).sum();
        if params.len() > ARGS_MAX || flat > FLAT_MAX {
            return None;
        }
        let result = match result {
            Some(ty) => Some(Kind::of(ty)?),
            None => None,
        };
        Some(Self { params, result })
    }

    /// Takes the request apart without copying it.
    pub fn decode(&self, request: &[u8], args: &mut Args) -> Result<(), values::DecodeError> {
        let mut reader = Reader::new(request);
        reader.array_of(self.params.len(), "parameters")?;
        let start = request.as_ptr() as usize;
        let range = |part: &[u8]| {
            let from = part.as_ptr() as usize - start;
            (from as u32, part.len() as u32)
        };
        args.count = self.params.len();
        for (arg, kind) in args.args.iter_mut().zip(&self.params) {
            *arg = match kind {
                Kind::Bool => Arg::Narrow(u32::from(reader.bool()?)),
                Kind::S32 => Arg::Narrow(reader.int::<i32>()?.cast_unsigned()),
                Kind::U32 => Arg::Narrow(reader.int()?),
                Kind::S64 => Arg::Wide(reader.int::<i64>()?.cast_unsigned()),
                Kind::U64 => Arg::Wide(reader.int()?),
                Kind::F32 => Arg::F32(reader.f32()?.to_bits()),
                Kind::F64 => Arg::F64(reader.f64()?.to_bits()),
                Kind::Char => Arg::Narrow(u32::from(reader.char()?)),
                Kind::Str => {
                    let (from, length) = range(reader.str()?.as_bytes());
                    Arg::Str(from, length)
                }
                Kind::Bytes => {
                    let (from, length) = range(reader.bin()?);
                    Arg::Bytes(from, length)
                }
            };
        }
        reader.finish()
    }
}

#[derive(Clone, Copy)]
enum Arg {
    Narrow(u32),
    Wide(u64),
    F32(u32),
    F64(u64),
    // Offset and length in the request; checked UTF-8.
    Str(u32, u32),
    Bytes(u32, u32),
}

/// The arguments of one call, taken apart; strings and byte lists are parts of the request.
pub struct Args {
    args: [Arg; ARGS_MAX],
    count: usize,
    request: *const [u8],
    /// Of a request that is an arena: what it is taken apart by on the way. Null: it is core values.
    layout: *const Layout,
    /// What the request's handles lead to, in their order.
    resources: Vec<ResourceAny>,
}

// SAFETY: the request is bytes that nobody writes while it is read, see `FlatParams::new`.
unsafe impl Send for Args {}
unsafe impl Sync for Args {}

impl Args {
    pub const fn none() -> Self {
        Self {
            args: [Arg::Narrow(0); ARGS_MAX],
            count: 0,
            request: &[],
            layout: ptr::null(),
            resources: Vec::new(),
        }
    }

    /// The request that they were decoded from is here, or has moved here.
    pub fn set_request(&mut self, request: *const [u8]) {
        self.request = request;
    }

    pub fn request(&self) -> *const [u8] {
        self.request
    }

    /// Where `request` is to be found at any time.
    pub(crate) fn request_place(&self) -> *const *const [u8] {
        &raw const self.request
    }

    pub(crate) fn set_layout(&mut self, layout: &Layout) {
        self.layout = layout;
    }

    pub(crate) fn clear_layout(&mut self) {
        self.layout = ptr::null();
    }

    pub(crate) fn resources(&self) -> &[ResourceAny] {
        &self.resources
    }

    pub(crate) fn resources_mut(&mut self) -> &mut Vec<ResourceAny> {
        &mut self.resources
    }

    /// # Safety
    /// What `set_layout` was given is still there, or `clear_layout` was called.
    pub(crate) unsafe fn layout(&self) -> Option<&Layout> {
        unsafe { self.layout.as_ref() }
    }
}

/// What Wasmtime carries around as the parameters: where the arguments are. One pointer, because it is moved many times
/// on the way into the guest, and whatever does not fit in a register waits for memory each time.
#[derive(Clone, Copy)]
pub struct FlatParams(*const Args);

// SAFETY: leads to shared data.
unsafe impl Send for FlatParams {}
unsafe impl Sync for FlatParams {}

impl FlatParams {
    /// # Safety
    /// `args` were decoded for the function that is called. Until the call's future is done or dropped they stay as they
    /// are and lead to their request; that may move while the future is not polled.
    pub unsafe fn new(args: *const Args) -> Self {
        Self(args)
    }

    fn args(&self) -> &Args {
        // SAFETY: the promise of `new`.
        unsafe { &*self.0 }
    }

    /// Not to be held while the guest runs: it may have to wait, and then the request may move.
    fn part(&self, from: u32, length: u32) -> &[u8] {
        let range: Range<usize> = from as usize..from as usize + length as usize;
        // SAFETY: the promise of `new`.
        unsafe { &(&*self.args().request)[range] }
    }

    /// Copies a part into memory that the guest allocates for it.
    fn lower_part<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        from: u32,
        length: u32,
    ) -> wasmtime::Result<[ValRaw; 2]> {
        let size = length as usize;
        let pointer = cx.realloc(0, 0, 1, size)?;
        cx.as_slice_mut()[pointer..][..size].copy_from_slice(self.part(from, length));
        Ok([ValRaw::i64(pointer as i64), ValRaw::i64(length.into())])
    }

    fn lower_text<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        from: u32,
        length: u32,
    ) -> wasmtime::Result<[ValRaw; 2]> {
        if cx.options().string_encoding == StringEncoding::Utf8 {
            return self.lower_part(cx, from, length);
        }
        // SAFETY: `Shape::decode` made this part from a &str.
        let text = unsafe { str::from_utf8_unchecked(self.part(from, length)) }.to_owned();
        let mut pair = MaybeUninit::uninit();
        text.linear_lower_to_flat(cx, InterfaceType::String, &mut pair)?;
        // SAFETY: lowering a string initialises both.
        Ok(unsafe { pair.assume_init() })
    }
}

// SAFETY: `Lower` is an array of ValRaw; `typecheck` accepts only lists of kinds whose flat form `linear_lower_to_flat`
// writes, and no more of them than `Lower` holds. ABI is not used: parameters that fit in FLAT_MAX are never spilled.
unsafe impl ComponentType for FlatParams {
    type Lower = [ValRaw; FLAT_MAX];
    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::POINTER_PAIR;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> wasmtime::Result<()> {
        let InterfaceType::Tuple(tuple) = ty else {
            bail!("parameters are a tuple");
        };
        let params = &types.types[*tuple].types;
        let mut flat = 0;
        for ty in params.iter() {
            match Kind::of_interface(ty, types.types) {
                Some(kind) => flat += kind.flat_count(),
                None => bail!("a parameter that is not flat"),
            }
        }
        if params.len() > ARGS_MAX || flat > FLAT_MAX {
            bail!("too many parameters for the fast path");
        }
        Ok(())
    }
}

// SAFETY: see ComponentType above.
unsafe impl ComponentNamedList for FlatParams {}

// SAFETY: every slot that the function's flat type has is written; the values come from `Shape::decode` for the same
// function (the promise of `FlatParams::new`), so number and kinds agree.
unsafe impl Lower for FlatParams {
    fn linear_lower_to_flat<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        ty: InterfaceType,
        dst: &mut MaybeUninit<Self::Lower>,
    ) -> wasmtime::Result<()> {
        let InterfaceType::Tuple(tuple) = ty else {
            bail!("parameters are a tuple");
        };
        let args = self.args();
        if cx.types[tuple].types.len() != args.count {
            bail!("arguments of another function");
        }
        let slots: *mut ValRaw = dst.as_mut_ptr().cast();
        let mut next = 0;
        let mut put = |value: ValRaw| {
            assert!(next < FLAT_MAX);
            // SAFETY: inside the array of FLAT_MAX slots.
            unsafe { slots.add(next).write(value) };
            next += 1;
        };
        for arg in &args.args[..args.count] {
            match *arg {
                Arg::Narrow(value) => put(ValRaw::u32(value)),
                Arg::Wide(value) => put(ValRaw::u64(value)),
                Arg::F32(bits) => put(ValRaw::f32(bits)),
                Arg::F64(bits) => put(ValRaw::f64(bits)),
                Arg::Str(from, length) => {
                    self.lower_text(cx, from, length)?
                        .into_iter()
                        .for_each(&mut put);
                }
                Arg::Bytes(from, length) => {
                    self.lower_part(cx, from, length)?
                        .into_iter()
                        .for_each(&mut put);
                }
            }
        }
        Ok(())
    }

    fn linear_lower_to_memory<T>(
        &self,
        _: &mut LowerContext<'_, T>,
        _: InterfaceType,
        _: usize,
    ) -> wasmtime::Result<()> {
        bail!("flat parameters are never spilled")
    }
}

/// A result that the canonical ABI passes in a register: its bits. Not an enum by kind, whose padding would be moved along
/// byte by byte through every layer.
#[derive(Clone, Copy)]
pub struct Scalar(u64);

impl Scalar {
    fn encode(self, kind: Kind, out: &mut Vec<u8>) -> wasmtime::Result<()> {
        let Self(bits) = self;
        match kind {
            Kind::Bool => values::write_bool(out, bits as u32 != 0),
            Kind::S32 => values::write_sint(out, i64::from(bits as i32)),
            Kind::U32 => values::write_uint(out, u64::from(bits as u32)),
            Kind::S64 => values::write_sint(out, bits as i64),
            Kind::U64 => values::write_uint(out, bits),
            Kind::F32 => values::write_f32(out, f32::from_bits(bits as u32)),
            Kind::F64 => values::write_f64(out, f64::from_bits(bits)),
            Kind::Char => {
                let c = char::try_from(bits as u32)?;
                values::write_str(out, c.encode_utf8(&mut [0; 4]));
            }
            Kind::Str | Kind::Bytes => bail!("not one scalar"),
        }
        Ok(())
    }
}

// SAFETY: `typecheck` accepts only one value of a kind whose flat form is one ValRaw. ABI is not used beyond that.
unsafe impl ComponentType for Scalar {
    type Lower = ValRaw;
    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::SCALAR8;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> wasmtime::Result<()> {
        match Kind::of_result(*ty, types.types) {
            Some(kind) if kind.flat_count() == 1 => Ok(()),
            _ => bail!("not one scalar"),
        }
    }
}

// SAFETY: see ComponentType above.
unsafe impl ComponentNamedList for Scalar {}

// SAFETY: any bits will do.
unsafe impl Lift for Scalar {
    fn linear_lift_from_flat(
        _: &mut LiftContext<'_>,
        _: InterfaceType,
        src: &ValRaw,
    ) -> wasmtime::Result<Self> {
        Ok(Self(src.get_u64()))
    }

    fn linear_lift_from_memory(
        _: &mut LiftContext<'_>,
        _: InterfaceType,
        _: &[u8],
    ) -> wasmtime::Result<Self> {
        bail!("a scalar result is never spilled")
    }
}

/// A string or byte list as a result, encoded: the reply.
pub struct Part(Vec<u8>);

/// What stands before the bytes of a part at most.
const PART_HEADER_MAX: usize = 5;

// SAFETY: `typecheck` accepts only one string or byte list, which is a pair of pointer and length.
unsafe impl ComponentType for Part {
    type Lower = [ValRaw; 2];
    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::POINTER_PAIR;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> wasmtime::Result<()> {
        match Kind::of_result(*ty, types.types) {
            Some(Kind::Str | Kind::Bytes) => Ok(()),
            _ => bail!("not one string or byte list"),
        }
    }
}

// SAFETY: see ComponentType above.
unsafe impl ComponentNamedList for Part {}

// SAFETY: what the guest says is checked against its memory, and text for being UTF-8.
unsafe impl Lift for Part {
    fn linear_lift_from_flat(
        _: &mut LiftContext<'_>,
        _: InterfaceType,
        _: &[ValRaw; 2],
    ) -> wasmtime::Result<Self> {
        bail!("a pair does not fit in the one register of results")
    }

    fn linear_lift_from_memory(
        cx: &mut LiftContext<'_>,
        ty: InterfaceType,
        pair: &[u8],
    ) -> wasmtime::Result<Self> {
        let is_text = Kind::of_result(ty, cx.types) == Some(Kind::Str);
        if is_text && cx.options().string_encoding != StringEncoding::Utf8 {
            let text = String::linear_lift_from_memory(cx, InterfaceType::String, pair)?;
            let mut reply = Vec::with_capacity(PART_HEADER_MAX + text.len());
            values::write_str(&mut reply, &text);
            return Ok(Self(reply));
        }
        let word = |at| u32::from_le_bytes([pair[at], pair[at + 1], pair[at + 2], pair[at + 3]]);
        let (from, length) = (word(0) as usize, word(4) as usize);
        let Some(bytes) = cx.memory().get(from..).and_then(|rest| rest.get(..length)) else {
            bail!("a result's pointer or length is out of bounds of memory");
        };
        cx.consume_fuel(length)?;
        let mut reply = Vec::with_capacity(PART_HEADER_MAX + length);
        if is_text {
            values::write_str(&mut reply, values::text(bytes)?);
        } else {
            values::write_bin(&mut reply, bytes);
        }
        Ok(Self(reply))
    }
}

/// A function of one instance, ready for fast calls.
#[derive(Clone, Copy)]
pub enum FlatFunc {
    Nothing(TypedFunc<FlatParams, ()>),
    Scalar(TypedFunc<FlatParams, Scalar>, Kind),
    Part(TypedFunc<FlatParams, Part>),
}

impl FlatFunc {
    pub fn new(func: &Func, shape: &Shape, store: &Store<StoreData>) -> wasmtime::Result<Self> {
        Ok(match shape.result {
            None => Self::Nothing(func.typed(store)?),
            Some(Kind::Str | Kind::Bytes) => Self::Part(func.typed(store)?),
            Some(kind) => Self::Scalar(func.typed(store)?, kind),
        })
    }

    /// Puts the encoded result into `reply`, which is empty.
    pub async fn call(
        &self,
        store: &mut Store<StoreData>,
        params: FlatParams,
        reply: &mut Vec<u8>,
    ) -> wasmtime::Result<()> {
        match self {
            Self::Nothing(f) => f.call_async(store, params).await?,
            Self::Scalar(f, kind) => f.call_async(store, params).await?.encode(*kind, reply)?,
            Self::Part(f) => *reply = f.call_async(store, params).await?.0,
        }
        Ok(())
    }
}
