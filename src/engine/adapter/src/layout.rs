// SPDX-License-Identifier: Apache-2.0 OR MIT

//! How the values of a type lie in memory by the canonical ABI (wasm32, strings in UTF-8), worked out once per function:
//! what `arena.rs` and `passage.rs` walk along with the bytes.

use crate::arena::character;
use crate::passage::FLAT_PARAMS_MAX;
use wasmtime::component::{ResourceType, Type};

#[derive(PartialEq, Eq)]
pub struct Layout {
    pub size: u32,
    pub align: u32,
    /// Core values that a parameter or result of this type is when it does not go through memory.
    pub flat: u32,
    /// All that there is to it are its bytes: any are a value, none is padding, nothing is pointed to.
    pub bare: bool,
    /// Strings, lists or handles are in it: it is not just copied to a guest.
    pub points: bool,
    /// Handles are in it.
    pub handles: bool,
    pub kind: Kind,
}

#[derive(PartialEq, Eq)]
pub enum Kind {
    /// Any bits are a value: integers and floats.
    Bits {
        signed: bool,
    },
    Bool,
    Char,
    Flags {
        mask: u32,
    },
    Handle(Handle),
    Text,
    List(Box<Layout>),
    Fields(Fields),
    Cases(Cases),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handle {
    /// It is moved; else lent for the call.
    pub own: bool,
    /// As the component's type has it, not a store's.
    pub resource: ResourceType,
}

/// Of a record or a tuple.
#[derive(PartialEq, Eq)]
pub struct Fields {
    pub all: Box<[Field]>,
    /// Where and how long; what lies between the fields and behind them.
    pub gaps: Box<[(u32, u32)]>,
}

#[derive(PartialEq, Eq)]
pub struct Field {
    pub at: u32,
    pub layout: Layout,
}

/// Of a variant, enum, option or result: the number of the case, then its payload.
#[derive(PartialEq, Eq)]
pub struct Cases {
    pub number_bytes: u32,
    pub payload_at: u32,
    pub all: Box<[Option<Layout>]>,
}

/// What a function takes, as one tuple, and what it gives back.
#[derive(PartialEq, Eq)]
pub struct FunctionLayout {
    pub params: Layout,
    pub result: Option<Layout>,
}

impl FunctionLayout {
    /// Whether it takes or gives handles.
    pub fn handles(&self) -> bool {
        self.params.handles || self.gives_handles()
    }

    pub fn gives_handles(&self) -> bool {
        self.result.as_ref().is_some_and(|result| result.handles)
    }

    /// Whether all of it is scalars that come in registers.
    pub fn only_scalars(&self) -> bool {
        let Kind::Fields(params) = &self.params.kind else {
            return false;
        };
        self.params.flat as usize <= FLAT_PARAMS_MAX
            && params.all.iter().all(|param| param.layout.is_scalar())
            && self.result.as_ref().is_none_or(Layout::is_scalar)
    }

    /// None: some of it cannot be carried out of its store (`values::not_carried` says what).
    pub fn of(params: &[Type], result: Option<&Type>) -> Option<Self> {
        Some(Self {
            params: Layout::fields(params.iter().map(Layout::of))?,
            result: match result {
                Some(ty) => Some(Layout::of(ty)?),
                None => None,
            },
        })
    }
}

impl Layout {
    pub fn of(ty: &Type) -> Option<Self> {
        Some(match ty {
            Type::Bool => Self::scalar(1, Kind::Bool),
            Type::S8 => Self::scalar(1, Kind::Bits { signed: true }),
            Type::U8 => Self::scalar(1, Kind::Bits { signed: false }),
            Type::S16 => Self::scalar(2, Kind::Bits { signed: true }),
            Type::U16 => Self::scalar(2, Kind::Bits { signed: false }),
            Type::S32 | Type::U32 | Type::Float32 => Self::scalar(4, Kind::Bits { signed: false }),
            Type::S64 | Type::U64 | Type::Float64 => Self::scalar(8, Kind::Bits { signed: false }),
            Type::Char => Self::scalar(4, Kind::Char),
            Type::Own(resource) => Self::handle(true, *resource),
            Type::Borrow(resource) => Self::handle(false, *resource),
            Type::String => Self::pointer(Kind::Text, false),
            Type::List(list) => {
                let element = Self::of(&list.ty())?;
                let handles = element.handles;
                Self::pointer(Kind::List(Box::new(element)), handles)
            }
            Type::Record(record) => Self::fields(record.fields().map(|field| Self::of(&field.ty)))?,
            Type::Tuple(tuple) => Self::fields(tuple.types().map(|ty| Self::of(&ty)))?,
            Type::Variant(variant) => Self::cases(
                variant
                    .cases()
                    .map(|case| Some(Payload::of(case.ty.as_ref())?.0)),
            )?,
            Type::Enum(cases) => Self::cases(cases.names().map(|_| Some(None)))?,
            Type::Option(option) => {
                Self::cases([Some(None), Some(Payload::of(Some(&option.ty()))?.0)].into_iter())?
            }
            Type::Result(result) => {
                let ok = Payload::of(result.ok().as_ref())?.0;
                let err = Payload::of(result.err().as_ref())?.0;
                Self::cases([Some(ok), Some(err)].into_iter())?
            }
            Type::Flags(flags) => Self::flags(flags.names().len())?,
            _ => return None,
        })
    }

    fn is_scalar(&self) -> bool {
        matches!(
            self.kind,
            Kind::Bits { .. } | Kind::Bool | Kind::Char | Kind::Flags { .. }
        )
    }

    /// Of a scalar: what a guest hands over in a register, as another gets it. Err: it is none.
    #[inline]
    pub(crate) fn core_value(&self, bits: u64) -> Result<u64, String> {
        let word = bits as u32;
        Ok(match &self.kind {
            Kind::Bits { signed } => match (self.size, signed) {
                (8, _) => bits,
                (4, _) => word.into(),
                (size, signed) => {
                    let shift = 32 - 8 * size;
                    let high = word << shift;
                    u64::from(match signed {
                        true => (high.cast_signed() >> shift).cast_unsigned(),
                        false => high >> shift,
                    })
                }
            },
            Kind::Bool => u64::from(word != 0),
            Kind::Char => character(word).map(|_| u64::from(word))?,
            Kind::Flags { mask } => u64::from(word & mask),
            _ => return Err("not a scalar".to_owned()),
        })
    }

    fn scalar(size: u32, kind: Kind) -> Self {
        Self {
            size,
            align: size,
            flat: 1,
            bare: matches!(kind, Kind::Bits { .. }),
            points: false,
            handles: false,
            kind,
        }
    }

    fn handle(own: bool, resource: ResourceType) -> Self {
        Self {
            points: true,
            handles: true,
            ..Self::scalar(4, Kind::Handle(Handle { own, resource }))
        }
    }

    fn pointer(kind: Kind, handles: bool) -> Self {
        Self {
            size: 8,
            align: 4,
            flat: 2,
            bare: false,
            points: true,
            handles,
            kind,
        }
    }

    /// More than 32 are no flags of WIT.
    fn flags(count: usize) -> Option<Self> {
        let size = match count {
            1..=8 => 1,
            9..=16 => 2,
            17..=32 => 4,
            _ => return None,
        };
        let mask = u32::MAX >> (32 - count);
        Some(Self::scalar(size, Kind::Flags { mask }))
    }

    fn fields(layouts: impl Iterator<Item = Option<Self>>) -> Option<Self> {
        let mut all = Vec::new();
        let mut gaps = Vec::new();
        let (mut end, mut align, mut flat) = (0, 1, 0);
        for layout in layouts {
            let layout = layout?;
            let at = aligned(end, layout.align)?;
            gaps.push((end, at - end));
            end = at.checked_add(layout.size)?;
            align = align.max(layout.align);
            flat += layout.flat;
            all.push(Field { at, layout });
        }
        let size = aligned(end, align)?;
        gaps.push((end, size - end));
        gaps.retain(|(_, length)| *length > 0);
        Some(Self {
            size,
            align,
            flat,
            bare: gaps.is_empty() && all.iter().all(|field| field.layout.bare),
            points: all.iter().any(|field| field.layout.points),
            handles: all.iter().any(|field| field.layout.handles),
            kind: Kind::Fields(Fields {
                all: all.into(),
                gaps: gaps.into(),
            }),
        })
    }

    fn cases(layouts: impl Iterator<Item = Option<Option<Self>>>) -> Option<Self> {
        let all = layouts.collect::<Option<Box<[_]>>>()?;
        let number_bytes = match all.len() {
            0 => return None,
            1..=0x100 => 1,
            0x101..=0x10000 => 2,
            _ => 4,
        };
        let payloads = || all.iter().flatten();
        let align = payloads().map(|layout| layout.align).max().unwrap_or(1);
        let payload_at = aligned(number_bytes, align)?;
        let largest = payloads().map(|layout| layout.size).max().unwrap_or(0);
        let align = align.max(number_bytes);
        Some(Self {
            size: aligned(payload_at.checked_add(largest)?, align)?,
            align,
            flat: 1 + payloads().map(|layout| layout.flat).max().unwrap_or(0),
            bare: false,
            points: payloads().any(|layout| layout.points),
            handles: payloads().any(|layout| layout.handles),
            kind: Kind::Cases(Cases {
                number_bytes,
                payload_at,
                all,
            }),
        })
    }
}

/// What a case carries, if it does.
struct Payload(Option<Layout>);

impl Payload {
    fn of(ty: Option<&Type>) -> Option<Self> {
        match ty {
            None => Some(Self(None)),
            Some(ty) => Some(Self(Some(Layout::of(ty)?))),
        }
    }
}

pub(crate) fn aligned(offset: u32, align: u32) -> Option<u32> {
    Some(offset.checked_add(align - 1)? & !(align - 1))
}
