// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Values between processes: MessagePack, directed by the function's type, so that nothing but the data is written.
//!
//! | WIT | MessagePack |
//! |---|---|
//! | bool | bool |
//! | integers | integer of any width that holds the value |
//! | f32, f64 | float 32, float 64 |
//! | char, string | str |
//! | list<u8> | bin |
//! | list, record (fields in order), tuple | array |
//! | variant | array of 2: number of the case, payload or nil |
//! | enum | number of the case |
//! | option | nil, or array of 1 (so that options nest) |
//! | result | array of 2: 0 (ok) or 1 (err), payload or nil |
//! | flags | array of the numbers of the flags that are set |
//!
//! The parameters of a call are one array; a result is one value, nothing without a result. Handles, streams and futures
//! belong to a store and are not carried.
//!
//! What is read is untrusted: lengths are checked against the bytes that are there before anything is allocated, and
//! depth is bounded by the type.

use rmp::decode::{self, RmpRead};
use rmp::encode;
use std::str::Utf8Error;
use wasmtime::component::{Type, Val};

pub type DecodeError = String;

/// Why values of this type cannot leave their store; none if they can.
pub fn not_carried(ty: &Type) -> Option<&'static str> {
    match ty {
        Type::Own(_) | Type::Borrow(_) => Some("a resource"),
        Type::Stream(_) => Some("a stream"),
        Type::Future(_) => Some("a future"),
        Type::ErrorContext => Some("an error-context"),
        Type::Map(_) => Some("a map"),
        Type::List(list) => not_carried(&list.ty()),
        Type::FixedLengthList(list) => not_carried(&list.ty()),
        Type::Option(option) => not_carried(&option.ty()),
        Type::Record(record) => record.fields().find_map(|field| not_carried(&field.ty)),
        Type::Tuple(tuple) => tuple.types().find_map(|ty| not_carried(&ty)),
        Type::Variant(variant) => variant
            .cases()
            .find_map(|case| case.ty.as_ref().and_then(not_carried)),
        Type::Result(result) => [result.ok(), result.err()]
            .iter()
            .flatten()
            .find_map(not_carried),
        _ => None,
    }
}

pub fn decode_params(bytes: &[u8], types: &[Type]) -> Result<Vec<Val>, DecodeError> {
    let mut reader = Reader { rest: bytes };
    reader.array_of(types.len(), "parameters")?;
    let values = types
        .iter()
        .map(|ty| reader.value(ty))
        .collect::<Result<Vec<_>, _>>()?;
    reader.finish()?;
    Ok(values)
}

pub fn decode_result(bytes: &[u8], ty: &Type) -> Result<Val, DecodeError> {
    let mut reader = Reader { rest: bytes };
    let value = reader.value(ty)?;
    reader.finish()?;
    Ok(value)
}

/// Kept out of the way of what is well-formed.
#[cold]
fn refused(error: impl std::fmt::Display) -> DecodeError {
    error.to_string()
}

/// Most text is ASCII, for which there is a check several times as fast as the one for UTF-8.
pub fn text(bytes: &[u8]) -> Result<&str, Utf8Error> {
    if bytes.is_ascii() {
        // SAFETY: ASCII is UTF-8.
        return Ok(unsafe { str::from_utf8_unchecked(bytes) });
    }
    str::from_utf8(bytes)
}

/// A cursor over untrusted MessagePack.
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub fn finish(&self) -> Result<(), DecodeError> {
        match self.rest.len() {
            0 => Ok(()),
            more => Err(format!("{more} bytes too many")),
        }
    }

    pub fn array_of(&mut self, expected: usize, of: &str) -> Result<(), DecodeError> {
        let count = self.array()?;
        if count == expected {
            return Ok(());
        }
        Err(format!("expected {expected} {of}, got {count}"))
    }

    /// The count is not larger than what the remaining bytes can hold.
    pub fn array(&mut self) -> Result<usize, DecodeError> {
        let count = decode::read_array_len(&mut self.rest).map_err(refused)? as usize;
        if count > self.rest.len() {
            return Err(format!("an array of {count} in {} bytes", self.rest.len()));
        }
        Ok(count)
    }

    pub fn bool(&mut self) -> Result<bool, DecodeError> {
        decode::read_bool(&mut self.rest).map_err(refused)
    }

    /// Of any width, if its value fits. What most numbers are is read here; rmp, which reads the others, would take longer
    /// than the rest of the decoding.
    #[inline]
    pub fn int<T>(&mut self) -> Result<T, DecodeError>
    where
        T: num::FromAny + TryFrom<u32>,
    {
        let (number, rest) = match *self.rest {
            [small @ 0..=0x7f, ref rest @ ..] => (small.into(), rest),
            [0xcc, a, ref rest @ ..] => (a.into(), rest),
            [0xcd, a, b, ref rest @ ..] => (u16::from_be_bytes([a, b]).into(), rest),
            [0xce, a, b, c, d, ref rest @ ..] => (u32::from_be_bytes([a, b, c, d]), rest),
            _ => return T::read(&mut self.rest),
        };
        self.rest = rest;
        T::try_from(number).map_err(|_| refused(format_args!("{number} is out of range")))
    }

    pub fn f32(&mut self) -> Result<f32, DecodeError> {
        decode::read_f32(&mut self.rest).map_err(refused)
    }

    pub fn f64(&mut self) -> Result<f64, DecodeError> {
        decode::read_f64(&mut self.rest).map_err(refused)
    }

    pub fn str(&mut self) -> Result<&'a str, DecodeError> {
        let length = decode::read_str_len(&mut self.rest).map_err(refused)?;
        let bytes = self.take(length as usize)?;
        text(bytes).map_err(refused)
    }

    pub fn bin(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = decode::read_bin_len(&mut self.rest).map_err(refused)?;
        self.take(length as usize)
    }

    pub fn char(&mut self) -> Result<char, DecodeError> {
        let text = self.str()?;
        let mut chars = text.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None) => Ok(c),
            _ => Err("expected one character".into()),
        }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        if length > self.rest.len() {
            return Err(format!(
                "{length} bytes announced, {} there",
                self.rest.len()
            ));
        }
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        Ok(taken)
    }

    fn nil(&mut self) -> bool {
        const NIL: u8 = 0xc0;
        if self.rest.first() == Some(&NIL) {
            let _ = self.rest.read_u8();
            return true;
        }
        false
    }

    pub fn value(&mut self, ty: &Type) -> Result<Val, DecodeError> {
        Ok(match ty {
            Type::Bool => Val::Bool(self.bool()?),
            Type::S8 => Val::S8(self.int()?),
            Type::U8 => Val::U8(self.int()?),
            Type::S16 => Val::S16(self.int()?),
            Type::U16 => Val::U16(self.int()?),
            Type::S32 => Val::S32(self.int()?),
            Type::U32 => Val::U32(self.int()?),
            Type::S64 => Val::S64(self.int()?),
            Type::U64 => Val::U64(self.int()?),
            Type::Float32 => Val::Float32(self.f32()?),
            Type::Float64 => Val::Float64(self.f64()?),
            Type::Char => Val::Char(self.char()?),
            Type::String => Val::String(self.str()?.to_owned()),
            Type::List(list) => match list.ty() {
                Type::U8 => Val::List(self.bin()?.iter().map(|byte| Val::U8(*byte)).collect()),
                element => {
                    let count = self.array()?;
                    Val::List(
                        (0..count)
                            .map(|_| self.value(&element))
                            .collect::<Result<_, _>>()?,
                    )
                }
            },
            Type::FixedLengthList(list) => {
                self.array_of(list.len() as usize, "elements")?;
                let element = list.ty();
                let values = (0..list.len()).map(|_| self.value(&element));
                Val::FixedLengthList(values.collect::<Result<_, _>>()?)
            }
            Type::Record(record) => {
                self.array_of(record.fields().len(), "fields")?;
                let fields = record
                    .fields()
                    .map(|field| Ok((field.name.to_owned(), self.value(&field.ty)?)));
                Val::Record(fields.collect::<Result<_, DecodeError>>()?)
            }
            Type::Tuple(tuple) => {
                self.array_of(tuple.types().len(), "elements")?;
                Val::Tuple(
                    tuple
                        .types()
                        .map(|ty| self.value(&ty))
                        .collect::<Result<_, _>>()?,
                )
            }
            Type::Variant(_)
            | Type::Enum(_)
            | Type::Option(_)
            | Type::Result(_)
            | Type::Flags(_) => self.choice(ty)?,
            other => {
                return Err(format!(
                    "{} cannot be carried",
                    not_carried(other).unwrap_or("this")
                ));
            }
        })
    }

    fn choice(&mut self, ty: &Type) -> Result<Val, DecodeError> {
        Ok(match ty {
            Type::Variant(variant) => {
                self.array_of(2, "parts of a variant")?;
                let number: u32 = self.int()?;
                let case = variant
                    .cases()
                    .nth(number as usize)
                    .ok_or_else(|| format!("no case {number}"))?;
                let name = case.name.to_owned();
                Val::Variant(name, self.payload(case.ty.as_ref())?)
            }
            Type::Enum(cases) => {
                let number: u32 = self.int()?;
                let name = cases
                    .names()
                    .nth(number as usize)
                    .ok_or_else(|| format!("no case {number}"))?;
                Val::Enum(name.to_owned())
            }
            Type::Option(option) => {
                if self.nil() {
                    return Ok(Val::Option(None));
                }
                self.array_of(1, "parts of an option")?;
                Val::Option(Some(Box::new(self.value(&option.ty())?)))
            }
            Type::Result(result) => {
                self.array_of(2, "parts of a result")?;
                match self.int::<u32>()? {
                    0 => Val::Result(Ok(self.payload(result.ok().as_ref())?)),
                    1 => Val::Result(Err(self.payload(result.err().as_ref())?)),
                    number => return Err(format!("a result is 0 or 1, not {number}")),
                }
            }
            Type::Flags(flags) => {
                let count = self.array()?;
                let mut set = Vec::with_capacity(count.min(flags.names().len()));
                for _ in 0..count {
                    let number: u32 = self.int()?;
                    let name = flags
                        .names()
                        .nth(number as usize)
                        .ok_or_else(|| format!("no flag {number}"))?;
                    set.push(name.to_owned());
                }
                Val::Flags(set)
            }
            _ => unreachable!("only called for choices"),
        })
    }

    fn payload(&mut self, ty: Option<&Type>) -> Result<Option<Box<Val>>, DecodeError> {
        match ty {
            Some(ty) => Ok(Some(Box::new(self.value(ty)?))),
            None if self.nil() => Ok(None),
            None => Err("expected nil: this case has no payload".into()),
        }
    }
}

/// Reading an integer of any width into a fixed one.
pub mod num {
    use super::{DecodeError, refused};
    use rmp::decode::read_int;

    pub trait FromAny: Sized {
        fn read(rest: &mut &[u8]) -> Result<Self, DecodeError>;
    }

    macro_rules! from_any {
        ($($ty:ty)*) => ($(
            impl FromAny for $ty {
                fn read(rest: &mut &[u8]) -> Result<Self, DecodeError> {
                    read_int::<$ty, _>(rest).map_err(refused)
                }
            }
        )*)
    }
    from_any!(u8 i8 u16 i16 u32 i32 u64 i64);
}

/// Appends `value` to `out`.
pub fn encode(out: &mut Vec<u8>, value: &Val, ty: &Type) -> Result<(), String> {
    let numbered = |mut names: Box<dyn Iterator<Item = &str> + '_>, name: &str| {
        names
            .position(|candidate| candidate == name)
            .map(|number| number as u32)
            .ok_or_else(|| format!("no case '{name}'"))
    };
    match (value, ty) {
        (Val::Bool(v), _) => write_bool(out, *v),
        (Val::S8(v), _) => write_sint(out, i64::from(*v)),
        (Val::S16(v), _) => write_sint(out, i64::from(*v)),
        (Val::S32(v), _) => write_sint(out, i64::from(*v)),
        (Val::S64(v), _) => write_sint(out, *v),
        (Val::U8(v), _) => write_uint(out, u64::from(*v)),
        (Val::U16(v), _) => write_uint(out, u64::from(*v)),
        (Val::U32(v), _) => write_uint(out, u64::from(*v)),
        (Val::U64(v), _) => write_uint(out, *v),
        (Val::Float32(v), _) => write_f32(out, *v),
        (Val::Float64(v), _) => write_f64(out, *v),
        (Val::Char(v), _) => write_str(out, v.encode_utf8(&mut [0; 4])),
        (Val::String(v), _) => write_str(out, v),
        (Val::List(values), Type::List(list)) => match list.ty() {
            Type::U8 => {
                let _ = encode::write_bin_len(out, values.len() as u32);
                out.extend(
                    values
                        .iter()
                        .map(|v| if let Val::U8(b) = v { *b } else { 0 }),
                );
            }
            element => sequence(out, values.iter(), std::iter::repeat(element))?,
        },
        (Val::FixedLengthList(values), Type::FixedLengthList(list)) => {
            sequence(out, values.iter(), std::iter::repeat(list.ty()))?;
        }
        (Val::Record(fields), Type::Record(record)) => {
            let types = record.fields().map(|field| field.ty);
            sequence(out, fields.iter().map(|(_, value)| value), types)?;
        }
        (Val::Tuple(values), Type::Tuple(tuple)) => sequence(out, values.iter(), tuple.types())?,
        (Val::Variant(name, payload), Type::Variant(variant)) => {
            let number = numbered(Box::new(variant.cases().map(|case| case.name)), name)?;
            let ty = variant
                .cases()
                .nth(number as usize)
                .and_then(|case| case.ty);
            choice(out, number, payload.as_deref(), ty.as_ref())?;
        }
        (Val::Enum(name), Type::Enum(cases)) => {
            write_uint(out, u64::from(numbered(Box::new(cases.names()), name)?));
        }
        (Val::Option(None), _) => {
            let _ = encode::write_nil(out);
        }
        (Val::Option(Some(value)), Type::Option(option)) => {
            let _ = encode::write_array_len(out, 1);
            encode(out, value, &option.ty())?;
        }
        (Val::Result(Ok(value)), Type::Result(result)) => {
            choice(out, 0, value.as_deref(), result.ok().as_ref())?;
        }
        (Val::Result(Err(value)), Type::Result(result)) => {
            choice(out, 1, value.as_deref(), result.err().as_ref())?;
        }
        (Val::Flags(set), Type::Flags(flags)) => {
            let _ = encode::write_array_len(out, set.len() as u32);
            for name in set {
                write_uint(out, u64::from(numbered(Box::new(flags.names()), name)?));
            }
        }
        (_, ty) => {
            return Err(format!(
                "{} cannot be carried",
                not_carried(ty).unwrap_or("this value")
            ));
        }
    }
    Ok(())
}

pub fn encode_params(out: &mut Vec<u8>, values: &[Val], types: &[Type]) -> Result<(), String> {
    sequence(out, values.iter(), types.iter().cloned())
}

fn sequence<'a>(
    out: &mut Vec<u8>,
    values: impl ExactSizeIterator<Item = &'a Val>,
    types: impl Iterator<Item = Type>,
) -> Result<(), String> {
    let _ = encode::write_array_len(out, values.len() as u32);
    for (value, ty) in values.zip(types) {
        encode(out, value, &ty)?;
    }
    Ok(())
}

fn choice(
    out: &mut Vec<u8>,
    number: u32,
    payload: Option<&Val>,
    ty: Option<&Type>,
) -> Result<(), String> {
    let _ = encode::write_array_len(out, 2);
    write_uint(out, u64::from(number));
    match (payload, ty) {
        (Some(value), Some(ty)) => encode(out, value, ty),
        _ => {
            let _ = encode::write_nil(out);
            Ok(())
        }
    }
}

// Writing to a Vec cannot fail.
pub fn write_bool(out: &mut Vec<u8>, value: bool) {
    let _ = encode::write_bool(out, value);
}

pub fn write_sint(out: &mut Vec<u8>, value: i64) {
    let _ = encode::write_sint(out, value);
}

pub fn write_uint(out: &mut Vec<u8>, value: u64) {
    let _ = encode::write_uint(out, value);
}

pub fn write_f32(out: &mut Vec<u8>, value: f32) {
    let _ = encode::write_f32(out, value);
}

pub fn write_f64(out: &mut Vec<u8>, value: f64) {
    let _ = encode::write_f64(out, value);
}

pub fn write_str(out: &mut Vec<u8>, value: &str) {
    let _ = encode::write_str(out, value);
}

pub fn write_bin(out: &mut Vec<u8>, value: &[u8]) {
    let _ = encode::write_bin(out, value);
}
