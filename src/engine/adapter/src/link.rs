// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Loaded code linked with what one deployment may do. Immutable; every replica is made from it.

use crate::direct::Wire;
use crate::engine::{EngineShared, LoadedCode, LoadedKind};
use crate::error::{Code, DoorError, Result};
use crate::function::Function;
use crate::import::{self, ImportTarget, ImportedFunction};
use crate::store::{Limits, Policy, StoreData, StoreMaker};
use crate::{key_value, logging};
use std::sync::Arc;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{self, Component};
use wasmtime::{Module, Store};

pub struct Linked {
    pub(crate) stores: StoreMaker,
    pub(crate) kind: LinkedKind,
    pub(crate) functions: Vec<Arc<Function>>,
    imported: Vec<ImportedFunction>,
    wires: Arc<[Arc<Wire>]>,
    imports_nothing: bool,
}

pub enum LinkedKind {
    Component(component::InstancePre<StoreData>),
    Module(wasmtime::InstancePre<StoreData>),
}

impl Linked {
    /// Imports that the host does not offer lead to `target`; without one they are unresolved.
    pub fn new(
        code: &LoadedCode,
        policy: Policy,
        limits: Limits,
        target: Option<Arc<dyn ImportTarget>>,
    ) -> Result<Arc<Self>> {
        let shared = &code.shared;
        let stores = StoreMaker::new(shared.clone(), policy, limits)?;
        let mut imported = Vec::new();
        let mut wires = Vec::new();
        let (kind, functions) = match &code.code {
            LoadedKind::Component(component) => (
                LinkedKind::Component(link_component(
                    shared,
                    component,
                    target,
                    &mut imported,
                    &mut wires,
                )?),
                Function::all_of_component(shared, component),
            ),
            LoadedKind::Module(module) => (
                LinkedKind::Module(link_module(&stores, module)?),
                Function::all_of_module(module),
            ),
        };
        Ok(Arc::new(Self {
            stores,
            kind,
            functions,
            imported,
            wires: wires.into(),
            imports_nothing: code.imports_nothing(),
        }))
    }

    /// The functions that lead to the import target; a call tells their place here.
    pub fn imported(&self) -> &[ImportedFunction] {
        &self.imported
    }

    /// The same functions by the same numbers.
    pub fn wires(&self) -> &Arc<[Arc<Wire>]> {
        &self.wires
    }

    /// Not even from the host: nothing that its guests do can have to wait.
    pub(crate) fn imports_nothing(&self) -> bool {
        self.imports_nothing
    }

    pub fn functions(&self) -> &[Arc<Function>] {
        &self.functions
    }

    pub(crate) fn engine(&self) -> &Arc<EngineShared> {
        &self.stores.engine
    }
}

fn internal(error: wasmtime::Error) -> DoorError {
    DoorError::engine("making a linker", &error)
}

fn unresolved(missing: Vec<String>) -> DoorError {
    let what = if missing.len() == 1 {
        "import"
    } else {
        "imports"
    };
    let text = format!("nobody offers the {what} {}", missing.join(", "));
    DoorError::new(Code::Unresolved, text)
}

fn link_component(
    shared: &EngineShared,
    component: &Component,
    target: Option<Arc<dyn ImportTarget>>,
    imported: &mut Vec<ImportedFunction>,
    wires: &mut Vec<Arc<Wire>>,
) -> Result<component::InstancePre<StoreData>> {
    let engine = &shared.wasmtime;
    let concurrency = shared.settings.concurrency;
    let mut linker = component::Linker::<StoreData>::new(engine);
    let mut missing = Vec::new();
    let hosts = hosts_resources(component, engine, concurrency);
    for (name, import) in component.component_type().imports(engine) {
        if offered(name, &import.ty, concurrency) {
            continue;
        }
        match (&import.ty, &target) {
            (ComponentItem::ComponentInstance(ty), Some(target)) => {
                let mut instance = linker.instance(name).map_err(internal)?;
                let defined =
                    import::define(&mut instance, shared, name, ty, &hosts, target, imported);
                let defined = defined.map_err(|why| {
                    let text = format!("the import {name} cannot be bound: {why}");
                    DoorError::new(Code::Unresolved, text)
                })?;
                wires.extend(defined);
            }
            _ => missing.push(name.to_owned()),
        }
    }
    if !missing.is_empty() {
        return Err(unresolved(missing));
    }
    wasmtime_wasi::p2::add_to_linker_async(&mut linker).map_err(internal)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker).map_err(internal)?;
    wasmtime_wasi_config::add_to_linker(&mut linker, StoreData::config).map_err(internal)?;
    key_value::add_to_linker(&mut linker).map_err(internal)?;
    logging::add_to_linker(&mut linker).map_err(internal)?;
    if concurrency {
        wasmtime_wasi::p3::add_to_linker(&mut linker).map_err(internal)?;
        wasmtime_wasi_http::p3::add_to_linker(&mut linker).map_err(internal)?;
    }
    // What is left: an interface that is offered, but without some function or with another type.
    linker
        .instantiate_pre(component)
        .map_err(|error| DoorError::new(Code::Unresolved, format!("{error:#}")))
}

/// The resources that the component imports from the host.
fn hosts_resources(
    component: &Component,
    engine: &wasmtime::Engine,
    concurrency: bool,
) -> Vec<component::ResourceType> {
    let mut resources = Vec::new();
    for (name, import) in component.component_type().imports(engine) {
        if let ComponentItem::ComponentInstance(interface) = &import.ty
            && offered(name, &import.ty, concurrency)
        {
            let items = interface.exports(engine);
            resources.extend(items.filter_map(|(_, item)| match item.ty {
                ComponentItem::Resource(resource) => Some(resource),
                _ => None,
            }));
        }
    }
    resources
}

fn link_module(stores: &StoreMaker, module: &Module) -> Result<wasmtime::InstancePre<StoreData>> {
    let engine = &stores.engine.wasmtime;
    let mut linker = wasmtime::Linker::<StoreData>::new(engine);
    wasmtime_wasi::p1::add_to_linker_async(&mut linker, StoreData::preview1).map_err(internal)?;
    let nothing = Arc::new(NoOutput);
    // Looking a definition up takes a store, which is never run.
    let mut store: Store<StoreData> =
        StoreMaker::new(stores.engine.clone(), Policy::default(), stores.limits)?
            .make(&crate::store::Stdio::Sink(nothing), false)?;
    let missing: Vec<String> = module
        .imports()
        .filter(|import| {
            linker
                .get(&mut store, import.module(), import.name())
                .is_err()
        })
        .map(|import| format!("{}.{}", import.module(), import.name()))
        .collect();
    if !missing.is_empty() {
        return Err(unresolved(missing));
    }
    linker
        .instantiate_pre(module)
        .map_err(|error| DoorError::new(Code::Unresolved, format!("{error:#}")))
}

struct NoOutput;

impl crate::output::Sink for NoOutput {
    fn write(&self, _: crate::output::Stream, _: &[u8]) {}
}

/// The interfaces of WASI that the linkers above define, without their versions.
const WASI_0_2: &[&str] = &[
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:http/outgoing-handler",
    "wasi:http/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
    "wasi:sockets/instance-network",
    "wasi:sockets/ip-name-lookup",
    "wasi:sockets/network",
    "wasi:sockets/tcp",
    "wasi:sockets/tcp-create-socket",
    "wasi:sockets/udp",
    "wasi:sockets/udp-create-socket",
];
const WASI_0_3: &[&str] = &[
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:cli/types",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/system-clock",
    "wasi:clocks/types",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:http/client",
    "wasi:http/types",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
    "wasi:sockets/ip-name-lookup",
    "wasi:sockets/types",
];

const PREVIEW_1: &str = "wasi_snapshot_preview1.";

/// Whether the host serves an import of this name at all: an interface, or `module.name` of a core
/// module. Linking has the last word: it looks at types, and at each function of preview 1.
pub fn host_offers(import: &str) -> bool {
    offered_interface(import, true) || import.starts_with(PREVIEW_1)
}

/// Whether the host has something under this name. An import of types only needs nobody.
fn offered(name: &str, item: &ComponentItem, concurrency: bool) -> bool {
    match item {
        ComponentItem::Type(_) => true,
        ComponentItem::ComponentInstance(_) => offered_interface(name, concurrency),
        _ => false,
    }
}

const CONFIG: &str = "wasi:config/store@0.2.0-rc.1";

/// Drafts, of which another version is another interface.
fn offered_draft(name: &str) -> bool {
    name == CONFIG || key_value::INTERFACES.contains(&name) || logging::INTERFACES.contains(&name)
}

fn offered_interface(name: &str, concurrency: bool) -> bool {
    if offered_draft(name) {
        return true;
    }
    match name.split_once('@') {
        Some((interface, version)) if version.starts_with("0.2.") => WASI_0_2.contains(&interface),
        Some((interface, version)) if version.starts_with("0.3.") => {
            concurrency && WASI_0_3.contains(&interface)
        }
        _ => false,
    }
}
