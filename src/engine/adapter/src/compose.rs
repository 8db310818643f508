// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Several components made into one: what one of them imports and another exports is joined inside, everything else
//! that they import is imported by the whole, and the first one's exports are the whole's. The bytes are untrusted.

use crate::describe::{check_header, validate};
use crate::error::{Code, DoorError, Result};
use std::collections::HashMap;
use wasm_compose::graph::{Component, CompositionGraph, EncodeOptions, InstanceId};
use wasm_encoder::{
    Alias, ComponentAliasSection, ComponentExportKind, ComponentExportSection,
    ComponentInstanceSection, ComponentSection,
};
use wasmparser::component_types::ComponentEntityType;
use wasmparser::{
    ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentTypeRef, Parser, Payload,
    Validator, WasmFeatures,
};

/// An import of one member that an export of another serves; members are numbered in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plug {
    pub into: usize,
    pub import: String,
    pub from: usize,
    pub exported: String,
}

/// `InvalidComponent` says which member, or which join, does not fit; `LimitExceeded`: the whole has more than `bytes_max`.
pub fn compose(members: &[Vec<u8>], plugs: &[Plug], bytes_max: usize) -> Result<Vec<u8>> {
    let total: usize = members.iter().map(Vec::len).sum();
    // Before any of it is parsed: the whole holds every member's bytes.
    check_size(total, bytes_max)?;
    // One for all: types are only compared within a validator.
    let mut validator = Validator::new_with_features(WasmFeatures::all());
    let mut graph = CompositionGraph::new();
    let mut instances = Vec::with_capacity(members.len());
    for (number, wasm) in members.iter().enumerate() {
        instances.push(add_member(&mut graph, &mut validator, number, wasm)?);
    }
    if members.is_empty() {
        return Err(invalid("nothing to compose".to_owned()));
    }
    for plug in plugs {
        connect(&mut graph, &instances, plug)?;
    }
    let options = EncodeOptions {
        define_components: true,
        export: None,
        validate: false,
    };
    let joined = graph
        .encode(options)
        .map_err(|error| invalid(format!("{error:#}")))?;
    let exported = export(&graph, &instances, plugs, joined)?;
    validate(&exported)?;
    check_size(exported.len(), bytes_max)?;
    Ok(exported)
}

fn invalid(message: String) -> DoorError {
    DoorError::new(Code::InvalidComponent, format!("composing: {message}"))
}

fn check_size(bytes: usize, bytes_max: usize) -> Result<()> {
    if bytes <= bytes_max {
        return Ok(());
    }
    Err(DoorError::new(
        Code::LimitExceeded,
        format!("together they have {bytes} bytes; a component may have {bytes_max}"),
    ))
}

fn add_member<'a>(
    graph: &mut CompositionGraph<'a>,
    validator: &mut Validator,
    number: usize,
    wasm: &'a [u8],
) -> Result<InstanceId> {
    let of_member = |message: String| invalid(format!("member {number}: {message}"));
    // wasm-compose takes text for a component, too, and its validator panics at some modules.
    check_header(wasm).map_err(|error| of_member(error.message))?;
    if !Parser::is_component(wasm) {
        return Err(of_member("a core module, and no component".to_owned()));
    }
    validate(wasm).map_err(|error| of_member(error.message))?;
    let component = Component::from_bytes(validator, format!("m{number}"), wasm)
        .map_err(|error| of_member(format!("{error:#}")))?;
    let id = graph
        .add_component(component)
        .map_err(|error| of_member(format!("{error:#}")))?;
    graph
        .instantiate(id)
        .map_err(|error| of_member(format!("{error:#}")))
}

fn connect(graph: &mut CompositionGraph, instances: &[InstanceId], plug: &Plug) -> Result<()> {
    let member = |number: usize| {
        let instance = instances.get(number).copied();
        instance.ok_or_else(|| invalid(format!("there is no member {number}")))
    };
    let (into, from) = (member(plug.into)?, member(plug.from)?);
    let missing = |number: usize, verb: &str, name: &str| {
        invalid(format!("member {number} does not {verb} {name}"))
    };
    let import = graph
        .get_component_of_instance(into)
        .and_then(|(_, component)| component.import_by_name(&plug.import))
        .ok_or_else(|| missing(plug.into, "import", &plug.import))?
        .0;
    let export = graph
        .get_component_of_instance(from)
        .and_then(|(_, component)| component.export_by_name(&plug.exported))
        .ok_or_else(|| missing(plug.from, "export", &plug.exported))?
        .0;
    graph
        .connect(from, Some(export), into, import)
        .map_err(|error| invalid(format!("{error:#}")))
}

/// Adds the exports of the first member. They may speak of types of an interface that was joined, and only types that the
/// whole imports or exports have a name to be known by: so those are exported too, in instances without functions.
/// (`EncodeOptions::export` leaves them out, and what it makes is not valid then.)
fn export(
    graph: &CompositionGraph,
    instances: &[InstanceId],
    plugs: &[Plug],
    joined: Vec<u8>,
) -> Result<Vec<u8>> {
    let mut whole = Ending::of(joined)?;
    let mut seen = Vec::new();
    for plug in plugs {
        let source = (plug.from, plug.exported.as_str());
        if seen.contains(&source) {
            continue;
        }
        let (_, member) = graph
            .get_component_of_instance(instances[plug.from])
            .ok_or_else(|| invalid(format!("there is no member {}", plug.from)))?;
        let names = types_of(member, &plug.exported);
        whole.export_types(plug.from, &plug.exported, &names, seen.len())?;
        seen.push(source);
    }
    let (_, first) = graph
        .get_component_of_instance(instances[0])
        .ok_or_else(|| invalid("nothing to compose".to_owned()))?;
    for (_, name, kind, _) in first.exports() {
        whole.export_of_first(name, kind)?;
    }
    Ok(whole.bytes)
}

/// Those that an exported interface gives names to, in its order, in which they need each other.
fn types_of(member: &Component, interface: &str) -> Vec<String> {
    let Some((_, ComponentExternalKind::Instance, index)) = member.export_by_name(interface) else {
        return Vec::new();
    };
    let types = member.types();
    let instance = &types[types.component_instance_at(index)];
    let is_type = |ty: &ComponentEntityType| matches!(ty, ComponentEntityType::Type { .. });
    instance
        .exports
        .iter()
        .filter(|(_, item)| is_type(&item.ty))
        .map(|(name, _)| name.clone())
        .collect()
}

/// A component whose last sections are still to be written, with how many items of each kind it has by now.
struct Ending {
    bytes: Vec<u8>,
    functions: u32,
    instances: u32,
    types: u32,
    /// The instance of each member.
    members: HashMap<usize, u32>,
}

impl Ending {
    fn of(bytes: Vec<u8>) -> Result<Self> {
        let unreadable = |error: wasmparser::BinaryReaderError| invalid(error.to_string());
        let types = Validator::new_with_features(WasmFeatures::all())
            .validate_all(&bytes)
            .map_err(unreadable)?;
        let members = instances_of_members(&bytes).map_err(unreadable)?;
        let types = types.as_ref();
        Ok(Self {
            functions: types.component_function_count(),
            instances: types.component_instance_count(),
            types: types.component_type_count(),
            members,
            bytes,
        })
    }

    fn instance_of(&self, member: usize) -> Result<u32> {
        let found = self.members.get(&member).copied();
        found.ok_or_else(|| invalid(format!("there is no instance of member {member}")))
    }

    fn alias(&mut self, instance: u32, name: &str, kind: ComponentExportKind) -> Result<u32> {
        let mut section = ComponentAliasSection::new();
        section.alias(Alias::InstanceExport {
            instance,
            kind,
            name,
        });
        section.append_to_component(&mut self.bytes);
        self.made(kind)
    }

    fn export(&mut self, name: &str, kind: ComponentExportKind, index: u32) -> Result<()> {
        let mut section = ComponentExportSection::new();
        section.export(name, kind, index, None);
        section.append_to_component(&mut self.bytes);
        self.made(kind).map(|_| ())
    }

    /// The index of an item that was just made.
    fn made(&mut self, kind: ComponentExportKind) -> Result<u32> {
        let count = match kind {
            ComponentExportKind::Func => &mut self.functions,
            ComponentExportKind::Instance => &mut self.instances,
            ComponentExportKind::Type => &mut self.types,
            _ => return Err(invalid(format!("an export that is a {kind:?}"))),
        };
        *count += 1;
        Ok(*count - 1)
    }

    fn export_types(
        &mut self,
        member: usize,
        interface: &str,
        names: &[String],
        number: usize,
    ) -> Result<()> {
        if names.is_empty() {
            return Ok(());
        }
        let instance = self.instance_of(member)?;
        let interface = self.alias(instance, interface, ComponentExportKind::Instance)?;
        let mut items = Vec::with_capacity(names.len());
        for name in names {
            let index = self.alias(interface, name, ComponentExportKind::Type)?;
            items.push((name.as_str(), ComponentExportKind::Type, index));
        }
        let mut section = ComponentInstanceSection::new();
        section.export_items(items);
        section.append_to_component(&mut self.bytes);
        let types = self.made(ComponentExportKind::Instance)?;
        let name = format!("fused-types-x{number}");
        self.export(&name, ComponentExportKind::Instance, types)
    }

    fn export_of_first(&mut self, name: &str, kind: ComponentExternalKind) -> Result<()> {
        let kind = match kind {
            ComponentExternalKind::Func => ComponentExportKind::Func,
            ComponentExternalKind::Instance => ComponentExportKind::Instance,
            ComponentExternalKind::Type => ComponentExportKind::Type,
            other => return Err(invalid(format!("an export that is a {other:?}"))),
        };
        let first = self.instance_of(0)?;
        let index = self.alias(first, name, kind)?;
        self.export(name, kind, index)
    }
}

/// Of what wasm-compose has written: it defines the components in the order of the members, and makes one instance of each.
fn instances_of_members(wasm: &[u8]) -> Result<HashMap<usize, u32>, wasmparser::BinaryReaderError> {
    let mut members = HashMap::new();
    let mut instances = 0;
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::ComponentSection { .. } | Payload::ModuleSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            Payload::ComponentImportSection(section) => {
                for import in section {
                    instances += u32::from(matches!(import?.ty, ComponentTypeRef::Instance(_)));
                }
            }
            Payload::ComponentAliasSection(section) => {
                for alias in section {
                    instances += u32::from(matches!(
                        alias?,
                        ComponentAlias::InstanceExport {
                            kind: ComponentExternalKind::Instance,
                            ..
                        }
                    ));
                }
            }
            Payload::ComponentInstanceSection(section) => {
                for instance in section {
                    if let ComponentInstance::Instantiate {
                        component_index, ..
                    } = instance?
                    {
                        members.insert(component_index as usize, instances);
                    }
                    instances += 1;
                }
            }
            _ => {}
        }
    }
    Ok(members)
}
