// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The fast path of calls: functions whose parameters are scalars, strings and byte lists, and whose result is one of
//! these or nothing. Their arguments go from the request's bytes into the guest without a dynamic value in between:
//! strings and byte lists by one copy (a dynamic value takes 32 bytes and a branch for each byte of a list).
//!
//! Wasmtime's typed calls want the parameter types at compile time. `FlatParams` is one type for all such parameter lists:
//! it writes the flat core values itself, as the canonical ABI lays them out. That uses the (hidden) traits which
//! Wasmtime's derive macros use; they are fixed by `Cargo.lock`, and the tests of this crate compare both paths.

use crate::store::StoreData;
use crate::values::{self, Reader};
use std::mem::MaybeUninit;
use std::ops::Range;
use wasmtime::component::__internal::{
    CanonicalAbiInfo, InstanceType, InterfaceType, LowerContext,
};
use wasmtime::component::{ComponentNamedList, ComponentType, Func, Lower, Type, TypedFunc};
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

    fn matches(self, ty: &InterfaceType, types: &InstanceType<'_>) -> bool {
        match (self, ty) {
            (Self::Bool, InterfaceType::Bool)
            | (Self::S32, InterfaceType::S32)
            | (Self::U32, InterfaceType::U32)
            | (Self::S64, InterfaceType::S64)
            | (Self::U64, InterfaceType::U64)
            | (Self::F32, InterfaceType::Float32)
            | (Self::F64, InterfaceType::Float64)
            | (Self::Char, InterfaceType::Char)
            | (Self::Str, InterfaceType::String) => true,
            (Self::Bytes, InterfaceType::List(list)) => {
                types.types[*list].element == InterfaceType::U8
            }
            _ => false,
        }
    }

    const ALL: [Self; 10] = [
        Self::Bool,
        Self::S32,
        Self::U32,
        Self::S64,
        Self::U64,
        Self::F32,
        Self::F64,
        Self::Char,
        Self::Str,
        Self::Bytes,
    ];

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
    has_parts: bool,
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
        let has_parts = params
            .iter()
            .any(|kind| matches!(kind, Kind::Str | Kind::Bytes));
        Some(Self {
            params,
            result,
            has_parts,
        })
    }

    /// Whether arguments are parts of the request, which then has to stay.
    pub fn has_parts(&self) -> bool {
        self.has_parts
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
}

impl Args {
    pub const fn none() -> Self {
        Self {
            args: [Arg::Narrow(0); ARGS_MAX],
            count: 0,
        }
    }
}

/// What Wasmtime carries around as the parameters: where the arguments and their request are. Small, because it is
/// moved several times on the way into the guest.
#[derive(Clone, Copy)]
pub struct FlatParams {
    args: *const Args,
    request: *const [u8],
}

// SAFETY: shared data that nobody writes while it exists, see `new`.
unsafe impl Send for FlatParams {}
unsafe impl Sync for FlatParams {}

impl FlatParams {
    /// # Safety
    /// `args` were decoded from `request` for the function that is called, and both stay where they are, unchanged, until
    /// the call's future is done or dropped.
    pub unsafe fn new(args: &Args, request: &[u8]) -> Self {
        Self { args, request }
    }

    fn args(&self) -> &Args {
        // SAFETY: the promise of `new`.
        unsafe { &*self.args }
    }

    fn part(&self, from: u32, length: u32) -> &[u8] {
        let range: Range<usize> = from as usize..from as usize + length as usize;
        // SAFETY: the promise of `new`.
        unsafe { &(&*self.request)[range] }
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
            match Kind::ALL.iter().find(|kind| kind.matches(ty, types)) {
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
        let types = &cx.types[tuple].types;
        let args = self.args();
        if types.len() != args.count {
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
        for (arg, ty) in args.args.iter().zip(types.iter()) {
            match *arg {
                Arg::Narrow(value) => put(ValRaw::u32(value)),
                Arg::Wide(value) => put(ValRaw::u64(value)),
                Arg::F32(bits) => put(ValRaw::f32(bits)),
                Arg::F64(bits) => put(ValRaw::f64(bits)),
                Arg::Str(from, length) => {
                    // SAFETY: `Shape::decode` made this part from a &str.
                    let text = unsafe { std::str::from_utf8_unchecked(self.part(from, length)) };
                    let mut pair = MaybeUninit::uninit();
                    text.linear_lower_to_flat(cx, *ty, &mut pair)?;
                    // SAFETY: lowering a string initialises both.
                    let [pointer, length] = unsafe { pair.assume_init() };
                    put(pointer);
                    put(length);
                }
                Arg::Bytes(from, length) => {
                    let mut pair = MaybeUninit::uninit();
                    self.part(from, length)
                        .linear_lower_to_flat(cx, *ty, &mut pair)?;
                    // SAFETY: lowering a list initialises both.
                    let [pointer, length] = unsafe { pair.assume_init() };
                    put(pointer);
                    put(length);
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

/// A function of one instance, ready for fast calls.
#[derive(Clone, Copy)]
pub enum FlatFunc {
    Nothing(TypedFunc<FlatParams, ()>),
    Bool(TypedFunc<FlatParams, (bool,)>),
    S32(TypedFunc<FlatParams, (i32,)>),
    U32(TypedFunc<FlatParams, (u32,)>),
    S64(TypedFunc<FlatParams, (i64,)>),
    U64(TypedFunc<FlatParams, (u64,)>),
    F32(TypedFunc<FlatParams, (f32,)>),
    F64(TypedFunc<FlatParams, (f64,)>),
    Char(TypedFunc<FlatParams, (char,)>),
    Str(TypedFunc<FlatParams, (String,)>),
    Bytes(TypedFunc<FlatParams, (Vec<u8>,)>),
}

impl FlatFunc {
    pub fn new(func: &Func, shape: &Shape, store: &Store<StoreData>) -> wasmtime::Result<Self> {
        Ok(match shape.result {
            None => Self::Nothing(func.typed(store)?),
            Some(Kind::Bool) => Self::Bool(func.typed(store)?),
            Some(Kind::S32) => Self::S32(func.typed(store)?),
            Some(Kind::U32) => Self::U32(func.typed(store)?),
            Some(Kind::S64) => Self::S64(func.typed(store)?),
            Some(Kind::U64) => Self::U64(func.typed(store)?),
            Some(Kind::F32) => Self::F32(func.typed(store)?),
            Some(Kind::F64) => Self::F64(func.typed(store)?),
            Some(Kind::Char) => Self::Char(func.typed(store)?),
            Some(Kind::Str) => Self::Str(func.typed(store)?),
            Some(Kind::Bytes) => Self::Bytes(func.typed(store)?),
        })
    }

    /// Appends the encoded result to `out`.
    pub async fn call(
        &self,
        store: &mut Store<StoreData>,
        params: FlatParams,
        out: &mut Vec<u8>,
    ) -> wasmtime::Result<()> {
        match self {
            Self::Nothing(f) => f.call_async(store, params).await?,
            Self::Bool(f) => values::write_bool(out, f.call_async(store, params).await?.0),
            Self::S32(f) => values::write_sint(out, f.call_async(store, params).await?.0.into()),
            Self::U32(f) => values::write_uint(out, f.call_async(store, params).await?.0.into()),
            Self::S64(f) => values::write_sint(out, f.call_async(store, params).await?.0),
            Self::U64(f) => values::write_uint(out, f.call_async(store, params).await?.0),
            Self::F32(f) => values::write_f32(out, f.call_async(store, params).await?.0),
            Self::F64(f) => values::write_f64(out, f.call_async(store, params).await?.0),
            Self::Char(f) => {
                let (c,) = f.call_async(store, params).await?;
                values::write_str(out, c.encode_utf8(&mut [0; 4]));
            }
            Self::Str(f) => {
                let (text,) = f.call_async(store, params).await?;
                values::write_str(out, &text);
            }
            Self::Bytes(f) => {
                let (bytes,) = f.call_async(store, params).await?;
                values::write_bin(out, &bytes);
            }
        }
        Ok(())
    }
}
