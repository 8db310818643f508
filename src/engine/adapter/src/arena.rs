// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Values between components, in this process and between processes: one piece of bytes in which they lie as in a guest's
//! memory (canonical ABI, wasm32, UTF-8). At its beginning the parameters, as one tuple, or the one result; behind it
//! what strings and lists point to, each aligned as its elements have to be, with nothing between them but that; pointers
//! are offsets from the beginning. The parts lie in the order in which one meets them when the values are read from first
//! to last, a list's elements before what they point to. What is empty has the pointer 0. Without parameters or result
//! there are no bytes at all.
//!
//! So bytes move as they are, and only pointers are followed. `check` is what an arena has to pass before anything else
//! reads it: whoever made it may be another process. An arena is read once from front to back, each byte counts for one
//! value at most; so neither a length nor a web of pointers makes more of it than there is.
//!
//! Here is also the slow way, over `Val`s: for engines with concurrency, core modules and asynchronous functions, and what
//! the fast one (`passage.rs`) is compared with.

use crate::layout::{Cases, Handle, Kind, Layout, aligned};
use crate::values;
use wasmtime::component::{Type, Val};

type Refused = String;

/// Kept out of the way of what is well-formed.
#[cold]
fn refused(why: impl Into<String>) -> Refused {
    why.into()
}

/// Err: this is no arena of these values, and why.
pub fn check(bytes: &[u8], layout: &Layout) -> Result<(), Refused> {
    check_with_handles(bytes, layout).map(|_| ())
}

/// Also says what handles the values have (`handle_list.rs`), in their order.
pub(crate) fn check_with_handles(bytes: &[u8], layout: &Layout) -> Result<Vec<Handle>, Refused> {
    let mut reader = Reader::new(bytes, layout)?;
    reader.check(layout, 0)?;
    reader.finish()?;
    Ok(reader.handles)
}

/// No result, or no parameters, in so many words.
pub(crate) fn check_empty(bytes: &[u8]) -> Result<(), Refused> {
    match bytes.len() {
        0 => Ok(()),
        more => Err(refused(format!("{more} bytes too many"))),
    }
}

/// Little-endian, of 1, 2, 4 or 8 bytes.
#[inline]
pub(crate) fn bits(bytes: &[u8]) -> u64 {
    match *bytes {
        [a] => a.into(),
        [a, b] => u16::from_le_bytes([a, b]).into(),
        [a, b, c, d] => u32::from_le_bytes([a, b, c, d]).into(),
        [a, b, c, d, e, f, g, h] => u64::from_le_bytes([a, b, c, d, e, f, g, h]),
        _ => unreachable!("a scalar has 1, 2, 4 or 8 bytes"),
    }
}

#[inline]
pub(crate) fn word(bytes: &[u8], at: usize) -> u32 {
    match bytes[at..].first_chunk() {
        Some(word) => u32::from_le_bytes(*word),
        None => unreachable!("a value lies within its bytes"),
    }
}

#[inline]
pub(crate) fn put_word(bytes: &mut [u8], at: usize, word: u32) {
    bytes[at..][..4].copy_from_slice(&word.to_le_bytes());
}

impl Cases {
    /// The number of the case whose value lies at the beginning of `bytes`, and its payload's layout.
    #[inline]
    pub fn read(&self, bytes: &[u8]) -> Result<(usize, Option<&Layout>), Refused> {
        let number = match self.number_bytes {
            1 => bytes[0].into(),
            more => bits(&bytes[..more as usize]) as usize,
        };
        match self.all.get(number) {
            Some(layout) => Ok((number, layout.as_ref())),
            None => Err(refused(format!(
                "case {number} of {} cases",
                self.all.len()
            ))),
        }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    /// Where the part that has not been met begins.
    next: usize,
    /// Those that have been met.
    handles: Vec<Handle>,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8], layout: &Layout) -> Result<Self, Refused> {
        let next = layout.size as usize;
        if bytes.len() < next {
            let there = bytes.len();
            return Err(refused(format!(
                "{there} bytes, the values alone are {next}"
            )));
        }
        if u32::try_from(bytes.len()).is_err() {
            return Err(refused("more bytes than pointers lead to"));
        }
        Ok(Self {
            bytes,
            next,
            handles: Vec::new(),
        })
    }

    fn finish(&self) -> Result<(), Refused> {
        check_empty(&self.bytes[self.next..])
    }

    /// The part that the pair of pointer and length at this place leads to, and how many elements it has.
    fn part(&mut self, at: usize, size: u32, align: u32) -> Result<(usize, usize), Refused> {
        let (from, count) = (word(self.bytes, at), word(self.bytes, at + 4));
        if count == 0 {
            return match from {
                0 => Ok((0, 0)),
                _ => Err(refused("a pointer to nothing is not 0")),
            };
        }
        let length = u64::from(count) * u64::from(size);
        // Cannot overflow: `next` is at most a u32.
        let begins = (self.next as u64).next_multiple_of(align.into());
        if u64::from(from) != begins || begins + length > self.bytes.len() as u64 {
            return Err(refused(format!(
                "a part of {length} bytes at {from}, where {begins} of {} is next",
                self.bytes.len()
            )));
        }
        self.next = (begins + length) as usize;
        Ok((from as usize, count as usize))
    }

    fn text(&mut self, at: usize) -> Result<&'a str, Refused> {
        let (from, length) = self.part(at, 1, 1)?;
        values::text(&self.bytes[from..][..length]).map_err(|error| refused(error.to_string()))
    }

    fn check(&mut self, layout: &Layout, at: usize) -> Result<(), Refused> {
        match &layout.kind {
            Kind::Bits { .. } => Ok(()),
            Kind::Bool => match self.bytes[at] {
                0 | 1 => Ok(()),
                other => Err(refused(format!("a bool of {other}"))),
            },
            Kind::Char => character(word(self.bytes, at)).map(|_| ()),
            Kind::Flags { mask } => {
                let set = bits(&self.bytes[at..][..layout.size as usize]) as u32;
                match set & !mask {
                    0 => Ok(()),
                    _ => Err(refused(format!("flags {set:#x} of {mask:#x}"))),
                }
            }
            Kind::Handle(handle) => {
                let place = word(self.bytes, at);
                if place as usize != self.handles.len() {
                    let next = self.handles.len();
                    return Err(refused(format!("handle {place}, where {next} is next")));
                }
                self.handles.push(*handle);
                Ok(())
            }
            Kind::Text => self.text(at).map(|_| ()),
            Kind::List(element) => {
                let (from, count) = self.part(at, element.size, element.align)?;
                if element.bare {
                    return Ok(());
                }
                let size = element.size as usize;
                (0..count).try_for_each(|number| self.check(element, from + number * size))
            }
            Kind::Fields(fields) => fields
                .all
                .iter()
                .filter(|field| !field.layout.bare)
                .try_for_each(|field| self.check(&field.layout, at + field.at as usize)),
            Kind::Cases(cases) => match cases.read(&self.bytes[at..])? {
                (_, Some(payload)) => self.check(payload, at + cases.payload_at as usize),
                (_, None) => Ok(()),
            },
        }
    }

    /// Of a value that has passed `check`'s rules or is refused like there.
    fn value(&mut self, ty: &Type, layout: &Layout, at: usize) -> Result<Val, Refused> {
        let bits = || bits(&self.bytes[at..][..layout.size as usize]);
        Ok(match (ty, &layout.kind) {
            (Type::S8, _) => Val::S8(bits() as i8),
            (Type::U8, _) => Val::U8(bits() as u8),
            (Type::S16, _) => Val::S16(bits() as i16),
            (Type::U16, _) => Val::U16(bits() as u16),
            (Type::S32, _) => Val::S32(bits() as i32),
            (Type::U32, _) => Val::U32(bits() as u32),
            (Type::S64, _) => Val::S64(bits() as i64),
            (Type::U64, _) => Val::U64(bits()),
            (Type::Float32, _) => Val::Float32(f32::from_bits(bits() as u32)),
            (Type::Float64, _) => Val::Float64(f64::from_bits(bits())),
            (Type::Bool, _) => {
                self.check(layout, at)?;
                Val::Bool(self.bytes[at] == 1)
            }
            (Type::Char, _) => Val::Char(character(bits() as u32)?),
            (Type::Flags(flags), _) => {
                self.check(layout, at)?;
                let set = bits();
                let names = flags.names().enumerate();
                let set = names.filter(|(number, _)| set >> number & 1 == 1);
                Val::Flags(set.map(|(_, name)| name.to_owned()).collect())
            }
            (Type::String, _) => Val::String(self.text(at)?.to_owned()),
            (Type::List(list), Kind::List(element)) => {
                let ty = list.ty();
                let (from, count) = self.part(at, element.size, element.align)?;
                let size = element.size as usize;
                let values =
                    (0..count).map(|number| self.value(&ty, element, from + number * size));
                Val::List(values.collect::<Result<_, _>>()?)
            }
            (Type::Record(record), Kind::Fields(fields)) => {
                let fields = record.fields().zip(&fields.all);
                let values = fields.map(|(ty, field)| {
                    let value = self.value(&ty.ty, &field.layout, at + field.at as usize)?;
                    Ok((ty.name.to_owned(), value))
                });
                Val::Record(values.collect::<Result<_, Refused>>()?)
            }
            (Type::Tuple(tuple), Kind::Fields(fields)) => {
                let fields = tuple.types().zip(&fields.all);
                let values = fields
                    .map(|(ty, field)| self.value(&ty, &field.layout, at + field.at as usize));
                Val::Tuple(values.collect::<Result<_, Refused>>()?)
            }
            (_, Kind::Cases(cases)) => self.choice(ty, cases, at)?,
            _ => return Err(refused("a type that cannot be carried")),
        })
    }

    fn choice(&mut self, ty: &Type, cases: &Cases, at: usize) -> Result<Val, Refused> {
        let (number, layout) = cases.read(&self.bytes[at..])?;
        let mut payload = |ty: Option<&Type>| match (ty, layout) {
            (Some(ty), Some(layout)) => {
                let value = self.value(ty, layout, at + cases.payload_at as usize)?;
                Ok(Some(Box::new(value)))
            }
            _ => Ok::<_, Refused>(None),
        };
        Ok(match ty {
            Type::Variant(variant) => match variant.cases().nth(number) {
                Some(case) => {
                    let name = case.name.to_owned();
                    Val::Variant(name, payload(case.ty.as_ref())?)
                }
                None => return Err(refused("no such case")),
            },
            Type::Enum(cases) => match cases.names().nth(number) {
                Some(name) => Val::Enum(name.to_owned()),
                None => return Err(refused("no such case")),
            },
            Type::Option(option) => Val::Option(payload(Some(&option.ty()))?),
            Type::Result(result) if number == 0 => Val::Result(Ok(payload(result.ok().as_ref())?)),
            Type::Result(result) => Val::Result(Err(payload(result.err().as_ref())?)),
            _ => return Err(refused("a type that cannot be carried")),
        })
    }
}

pub(crate) fn character(number: u32) -> Result<char, Refused> {
    char::from_u32(number).ok_or_else(|| refused(format!("{number:#x} is no character")))
}

pub fn decode_params(bytes: &[u8], types: &[Type], layout: &Layout) -> Result<Vec<Val>, Refused> {
    let mut reader = Reader::new(bytes, layout)?;
    let Kind::Fields(fields) = &layout.kind else {
        return Err(refused("parameters are a tuple"));
    };
    let fields = types.iter().zip(&fields.all);
    let values = fields.map(|(ty, field)| reader.value(ty, &field.layout, field.at as usize));
    let values = values.collect::<Result<_, _>>()?;
    reader.finish()?;
    Ok(values)
}

pub fn decode_result(bytes: &[u8], ty: &Type, layout: &Layout) -> Result<Val, Refused> {
    let mut reader = Reader::new(bytes, layout)?;
    let value = reader.value(ty, layout, 0)?;
    reader.finish()?;
    Ok(value)
}

/// `out` is empty before.
pub fn encode_params(
    out: &mut Vec<u8>,
    values: &[Val],
    types: &[Type],
    layout: &Layout,
) -> Result<(), Refused> {
    let Kind::Fields(fields) = &layout.kind else {
        return Err(refused("parameters are a tuple"));
    };
    out.resize(layout.size as usize, 0);
    for ((value, ty), field) in values.iter().zip(types).zip(&fields.all) {
        put(out, value, ty, &field.layout, field.at as usize)?;
    }
    Ok(())
}

/// `out` is empty before.
pub fn encode_result(
    out: &mut Vec<u8>,
    value: &Val,
    ty: &Type,
    layout: &Layout,
) -> Result<(), Refused> {
    out.resize(layout.size as usize, 0);
    put(out, value, ty, layout, 0)
}

/// Room for a part of this many elements, cleared, with the pair at `at` leading to it.
fn room(
    out: &mut Vec<u8>,
    at: usize,
    count: usize,
    size: u32,
    align: u32,
) -> Result<usize, Refused> {
    let too_large = || refused("more bytes than pointers lead to");
    if count == 0 {
        return Ok(0);
    }
    let end = u32::try_from(out.len()).map_err(|_| too_large())?;
    let from = aligned(end, align).ok_or_else(too_large)?;
    let length = u32::try_from(count)
        .ok()
        .and_then(|count| count.checked_mul(size))
        .ok_or_else(too_large)?;
    let end = from.checked_add(length).ok_or_else(too_large)?;
    out.resize(end as usize, 0);
    put_word(out, at, from);
    put_word(out, at + 4, count as u32);
    Ok(from as usize)
}

/// Puts a value at a place whose bytes are 0, and behind what is there already whatever it points to.
fn put(
    out: &mut Vec<u8>,
    value: &Val,
    ty: &Type,
    layout: &Layout,
    at: usize,
) -> Result<(), Refused> {
    let mut bits = |bits: u64| {
        let size = layout.size as usize;
        out[at..][..size].copy_from_slice(&bits.to_le_bytes()[..size]);
    };
    match (value, ty, &layout.kind) {
        (Val::Bool(v), ..) => bits((*v).into()),
        (Val::S8(v), ..) => bits(*v as u64),
        (Val::U8(v), ..) => bits((*v).into()),
        (Val::S16(v), ..) => bits(*v as u64),
        (Val::U16(v), ..) => bits((*v).into()),
        (Val::S32(v), ..) => bits(*v as u64),
        (Val::U32(v), ..) => bits((*v).into()),
        (Val::S64(v), ..) => bits(*v as u64),
        (Val::U64(v), ..) => bits(*v),
        (Val::Float32(v), ..) => bits(v.to_bits().into()),
        (Val::Float64(v), ..) => bits(v.to_bits()),
        (Val::Char(v), ..) => bits(u32::from(*v).into()),
        (Val::Flags(set), Type::Flags(flags), _) => {
            let numbers = set.iter().map(|name| number_of(flags.names(), name));
            let set = numbers.map(|number| number.map(|number| 1 << number));
            bits(set.sum::<Result<u64, _>>()?);
        }
        (Val::String(text), ..) => {
            let from = room(out, at, text.len(), 1, 1)?;
            out[from..][..text.len()].copy_from_slice(text.as_bytes());
        }
        (Val::List(values), Type::List(list), Kind::List(element)) => {
            let ty = list.ty();
            let from = room(out, at, values.len(), element.size, element.align)?;
            for (number, value) in values.iter().enumerate() {
                put(
                    out,
                    value,
                    &ty,
                    element,
                    from + number * element.size as usize,
                )?;
            }
        }
        (Val::Record(values), Type::Record(record), Kind::Fields(fields)) => {
            for (((_, value), ty), field) in values.iter().zip(record.fields()).zip(&fields.all) {
                put(out, value, &ty.ty, &field.layout, at + field.at as usize)?;
            }
        }
        (Val::Tuple(values), Type::Tuple(tuple), Kind::Fields(fields)) => {
            for ((value, ty), field) in values.iter().zip(tuple.types()).zip(&fields.all) {
                put(out, value, &ty, &field.layout, at + field.at as usize)?;
            }
        }
        (_, _, Kind::Cases(cases)) => put_choice(out, value, ty, cases, at)?,
        _ => return Err(refused("a value of another type")),
    }
    Ok(())
}

fn put_choice(
    out: &mut Vec<u8>,
    value: &Val,
    ty: &Type,
    cases: &Cases,
    at: usize,
) -> Result<(), Refused> {
    let (number, payload, payload_ty) = match (value, ty) {
        (Val::Variant(name, payload), Type::Variant(variant)) => {
            let number = number_of(variant.cases().map(|case| case.name), name)?;
            let ty = variant.cases().nth(number).and_then(|case| case.ty);
            (number, payload.as_deref(), ty)
        }
        (Val::Enum(name), Type::Enum(cases)) => (number_of(cases.names(), name)?, None, None),
        (Val::Option(payload), Type::Option(option)) => (
            usize::from(payload.is_some()),
            payload.as_deref(),
            Some(option.ty()),
        ),
        (Val::Result(Ok(payload)), Type::Result(result)) => (0, payload.as_deref(), result.ok()),
        (Val::Result(Err(payload)), Type::Result(result)) => (1, payload.as_deref(), result.err()),
        _ => return Err(refused("a value of another type")),
    };
    let bytes = cases.number_bytes as usize;
    out[at..][..bytes].copy_from_slice(&number.to_le_bytes()[..bytes]);
    match (payload, &payload_ty, &cases.all[number]) {
        (Some(value), Some(ty), Some(layout)) => {
            put(out, value, ty, layout, at + cases.payload_at as usize)
        }
        _ => Ok(()),
    }
}

fn number_of<'a>(mut names: impl Iterator<Item = &'a str>, name: &str) -> Result<usize, Refused> {
    names
        .position(|candidate| candidate == name)
        .ok_or_else(|| refused(format!("no case '{name}'")))
}
