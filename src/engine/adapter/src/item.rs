// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What a component imports or exports, function by function: as WIT for people, and by structure for comparing.
//!
//! The shape of a function is its WIT with each name of a type replaced by what it stands for:
//! `func(a: u32, b: record { x: u32, y: u32 }) -> list<u32>`. Two functions have the same shape exactly if the component
//! model takes the one for the other: names of types and aliases mean nothing; names of parameters, fields, cases and
//! flags do, and their order. A resource is itself, so it stays a name, and the interface that it comes from if that is
//! another one. A type whose text is long is written as its kind and a hash of the text: then shapes stay short even of
//! types that double with each of their definitions, and the work is linear.
//!
//! Shapes are stored and compared across versions of Arcella: a change of this text makes equal functions differ.

use crate::wit_text::{function_signature, function_text, simple_name, type_name, type_text};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use wit_parser::{
    Function, InterfaceId, PackageName, Resolve, Type, TypeDef, TypeDefKind, TypeId, TypeOwner,
    WorldItem, WorldKey,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub name: String,
    pub functions: Vec<String>,
    /// One for each of `functions`. A core module has none.
    pub shapes: Vec<String>,
    /// Those that the functions mention, and what these are made of, each after its parts.
    pub types: Vec<NamedType>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedType {
    pub name: String,
    /// One level deep: `record { x: u32, y: coordinate }`.
    pub definition: String,
    pub shape: String,
}

/// Of a type inside another shape: most types that people write fit. The text of a hash has to.
const TYPE_SHAPE_BYTES_MAX: usize = 120;
/// Of a function; `kShapeBytesMax` of base/limits.h.
const FUNCTION_SHAPE_BYTES_MAX: usize = 4 << 10;

pub fn items<'a>(
    resolve: &Resolve,
    items: impl IntoIterator<Item = (&'a WorldKey, &'a WorldItem)>,
) -> Vec<Item> {
    let of = |key, home, functions: Vec<&Function>| {
        let mut shapes = Shapes::new(resolve, home);
        Item {
            name: resolve.name_world_key(key),
            functions: functions
                .iter()
                .map(|function| function_signature(resolve, function))
                .collect(),
            shapes: functions
                .iter()
                .map(|function| shapes.of_function(function))
                .collect(),
            types: shapes.types,
        }
    };
    items
        .into_iter()
        .filter_map(|(key, item)| match item {
            WorldItem::Interface { id, .. } => {
                let functions = resolve.interfaces[*id].functions.values().collect();
                Some(of(key, Some(*id), functions))
            }
            WorldItem::Function(function) => Some(of(key, None, vec![function])),
            WorldItem::Type { .. } => None,
        })
        .collect()
}

/// Types are told to explain, so of a component that has too much of them, most are left out: its description must stay
/// as short as it is without them.
const TYPES_BYTES_MAX: usize = 256 << 10;
/// What an entry costs beside its texts.
const TYPE_BYTES: usize = 64;

/// An item keeps all of its types or none, the first items first.
pub fn keep_types_short<'a>(items: impl IntoIterator<Item = &'a mut Item>) {
    let mut room = TYPES_BYTES_MAX;
    for item in items {
        let bytes = |named: &NamedType| {
            TYPE_BYTES + named.name.len() + named.definition.len() + named.shape.len()
        };
        match room.checked_sub(item.types.iter().map(bytes).sum()) {
            Some(rest) => room = rest,
            None => item.types.clear(),
        }
    }
}

/// The shapes of one item, each type's made once.
struct Shapes<'a> {
    resolve: &'a Resolve,
    /// The item, if it is an interface.
    home: Option<InterfaceId>,
    known: HashMap<TypeId, String>,
    types: Vec<NamedType>,
    /// Where in `types` a name is.
    places: HashMap<String, usize>,
}

impl<'a> Shapes<'a> {
    fn new(resolve: &'a Resolve, home: Option<InterfaceId>) -> Self {
        Shapes {
            resolve,
            home,
            known: HashMap::new(),
            types: Vec::new(),
            places: HashMap::new(),
        }
    }

    fn of_function(&mut self, function: &Function) -> String {
        let text = function_text(function, &mut |ty| self.of_type(ty));
        shortened("func", text, FUNCTION_SHAPE_BYTES_MAX)
    }

    /// The validator bounds how deep this goes (100).
    fn of_type(&mut self, ty: &Type) -> String {
        let id = match ty {
            Type::Id(id) => *id,
            simple => return simple_name(simple).into(),
        };
        if let Some(shape) = self.known.get(&id) {
            return shape.clone();
        }
        let def = &self.resolve.types[id];
        let text = match def.kind {
            TypeDefKind::Resource => self.resource(def),
            _ => type_text(&def.kind, &mut |ty| self.of_type(ty)),
        };
        let shape = shortened(def.kind.as_str(), text, TYPE_SHAPE_BYTES_MAX);
        self.known.insert(id, shape.clone());
        self.remember(def, &shape);
        shape
    }

    fn resource(&self, def: &TypeDef) -> String {
        let name = def.name.as_deref().unwrap_or_default();
        let of = match def.owner {
            TypeOwner::Interface(owner) if Some(owner) != self.home => self.foreign(owner),
            _ => None,
        };
        of.map_or_else(
            || format!("resource {name}"),
            |of| format!("resource {name} of {of}"),
        )
    }

    /// Interfaces serve each other within a semver track, so no more than the track of a version may show; inside the
    /// item's own package not even that, because an import without a version takes any. An interface that is written out
    /// in the world has no name that another one could use its types by.
    fn foreign(&self, id: InterfaceId) -> Option<String> {
        let interface = &self.resolve.interfaces[id];
        let own = self
            .home
            .and_then(|home| self.resolve.interfaces[home].package);
        let name = interface.name.as_ref()?;
        let package = interface.package?;
        let of = &self.resolve.packages[package].name;
        let version = match &of.version {
            Some(version) if Some(package) != own => {
                format!("@{}", PackageName::version_compat_track_string(version))
            }
            _ => String::new(),
        };
        Some(format!("{}:{}/{name}{version}", of.namespace, of.name))
    }

    /// Of two types of one name, one is used by another interface's type: what the item itself calls so counts.
    fn remember(&mut self, def: &TypeDef, shape: &str) {
        let Some(name) = &def.name else { return };
        let definition = match def.kind {
            TypeDefKind::Resource => shape.to_owned(),
            _ => type_text(&def.kind, &mut |ty| type_name(self.resolve, ty)),
        };
        if definition == *name {
            return; // `use`: what it stands for has been told
        }
        let named = NamedType {
            name: name.clone(),
            definition,
            shape: shape.to_owned(),
        };
        let of_item = self
            .home
            .is_some_and(|home| def.owner == TypeOwner::Interface(home));
        match self.places.get(name) {
            None => {
                self.places.insert(name.clone(), self.types.len());
                self.types.push(named);
            }
            Some(place) if of_item => self.types[*place] = named,
            Some(_) => {}
        }
    }
}

fn shortened(kind: &str, text: String, bytes_max: usize) -> String {
    if text.len() <= bytes_max {
        return text;
    }
    let hash = Sha256::digest(text.as_bytes());
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{kind}#{hex}")
}
