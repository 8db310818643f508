// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The exported functions of a component or module, found once, with everything about them that a call needs.

use crate::engine::EngineShared;
use crate::error::{Code, DoorError, Result};
use crate::flat::Shape;
use crate::layout::FunctionLayout;
use crate::values;
use crate::wave;
use std::sync::Arc;
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, ComponentExportIndex, Type};
use wasmtime::{ExternType, Module, ValType};

pub struct Function {
    /// Its place among the functions of its component.
    pub(crate) index: usize,
    /// `ns:pkg/iface@1.0.0#add`, or `add` at the root of the world.
    pub name: String,
    /// `add: func(a: u32, b: u32) -> u32`.
    pub signature: String,
    pub(crate) params: Vec<Type>,
    pub(crate) result: Option<Type>,
    /// Set if the fast path of encoded values takes it.
    pub(crate) flat: Option<Shape>,
    /// How its values lie in an arena; none if they cannot leave the store.
    pub(crate) layout: Option<FunctionLayout>,
    /// Whether arenas go into it and out of it by the fast path.
    pub(crate) passes_arenas: bool,
    /// The same for core values.
    pub(crate) only_scalars: bool,
    /// Why its values cannot leave the store, if they cannot.
    pub(crate) not_carried: Option<String>,
    pub(crate) export: Export,
}

pub(crate) enum Export {
    Component(ComponentExportIndex),
    Module(String),
}

impl Function {
    pub(crate) fn all_of_component(engine: &EngineShared, component: &Component) -> Vec<Arc<Self>> {
        let wasmtime = &engine.wasmtime;
        let mut all = Vec::new();
        let mut add = |name: String, short: &str, ty: &ComponentFunc, export| {
            all.push(Arc::new(Self::of_component(
                engine,
                all.len(),
                name,
                short,
                ty,
                export,
            )));
        };
        for (name, item) in component.component_type().exports(wasmtime) {
            match &item.ty {
                ComponentItem::ComponentFunc(ty) => {
                    if let Some(export) = component.get_export_index(None, name) {
                        add(name.to_owned(), name, ty, export);
                    }
                }
                ComponentItem::ComponentInstance(interface) => {
                    let Some(parent) = component.get_export_index(None, name) else {
                        continue;
                    };
                    for (short, item) in interface.exports(wasmtime) {
                        let ComponentItem::ComponentFunc(ty) = &item.ty else {
                            continue;
                        };
                        if let Some(export) = component.get_export_index(Some(&parent), short) {
                            add(format!("{name}#{short}"), short, ty, export);
                        }
                    }
                }
                _ => {}
            }
        }
        all
    }

    fn of_component(
        engine: &EngineShared,
        index: usize,
        name: String,
        short: &str,
        ty: &ComponentFunc,
        export: ComponentExportIndex,
    ) -> Self {
        let params: Vec<Type> = ty.params().map(|(_, ty)| ty).collect();
        let result = ty.results().next();
        let not_carried = params
            .iter()
            .find_map(values::not_carried)
            .map(|what| format!("takes {what}"))
            .or_else(|| {
                let what = values::not_carried(result.as_ref()?)?;
                Some(format!("returns {what}"))
            });
        // With concurrency, Wasmtime lowers parameters in another way, which the fast paths do not know.
        let fast = !engine.settings.concurrency && !ty.async_();
        let flat = match fast {
            true => Shape::of(&params, result.as_ref()),
            false => None,
        };
        let layout = FunctionLayout::of(&params, result.as_ref());
        Self {
            index,
            only_scalars: fast && layout.as_ref().is_some_and(FunctionLayout::only_scalars),
            layout,
            passes_arenas: fast,
            signature: wave::signature(short, ty.params(), result.as_ref()),
            name,
            params,
            result,
            flat,
            not_carried,
            export: Export::Component(export),
        }
    }

    pub(crate) fn all_of_module(module: &Module) -> Vec<Arc<Self>> {
        let functions = module.exports().filter_map(|export| match export.ty() {
            ExternType::Func(ty) => Some((export.name().to_owned(), ty)),
            _ => None,
        });
        let mut all = Vec::new();
        for (name, ty) in functions {
            let params: Option<Vec<Type>> = ty.params().map(|ty| number_type(&ty)).collect();
            let results: Option<Vec<Type>> = ty.results().map(|ty| number_type(&ty)).collect();
            let not_carried = match (&params, &results) {
                (Some(_), Some(results)) if results.len() <= 1 => None,
                _ => Some("takes or returns more than plain numbers".to_owned()),
            };
            let params = params.unwrap_or_default();
            let result = results.unwrap_or_default().pop();
            let names: Vec<String> = (0..params.len()).map(|n| format!("p{n}")).collect();
            let named = names.iter().map(String::as_str).zip(params.iter().cloned());
            all.push(Arc::new(Self {
                index: all.len(),
                signature: wave::signature(&name, named, result.as_ref()),
                export: Export::Module(name.clone()),
                layout: FunctionLayout::of(&params, result.as_ref()),
                passes_arenas: false,
                only_scalars: false,
                name,
                params,
                result,
                flat: None,
                not_carried,
            }));
        }
        all
    }
}

/// Core numbers as component types, so that both read and write arguments alike.
fn number_type(ty: &ValType) -> Option<Type> {
    Some(match ty {
        ValType::I32 => Type::S32,
        ValType::I64 => Type::S64,
        ValType::F32 => Type::Float32,
        ValType::F64 => Type::Float64,
        _ => return None,
    })
}

/// Finds a function by `ns:pkg/iface@1.0.0#add`, `ns:pkg/iface#add` (any version), `iface#add` or `add` (unique).
pub fn resolve(functions: &[Arc<Function>], name: &str) -> Result<Arc<Function>> {
    if let Some(exact) = functions.iter().find(|function| function.name == name) {
        return Ok(exact.clone());
    }
    let matching: Vec<&Arc<Function>> = functions
        .iter()
        .filter(|function| matches(&function.name, name))
        .collect();
    match matching.as_slice() {
        [one] => Ok((*one).clone()),
        [] => {
            let text = format!("no function '{name}'; there {}", list(functions.iter()));
            Err(DoorError::new(Code::NotFound, text))
        }
        several => {
            let all = list(several.iter().copied());
            let text = format!("'{name}' is not unique: there {all}");
            Err(DoorError::new(Code::NotFound, text))
        }
    }
}

fn matches(full: &str, wanted: &str) -> bool {
    let Some((interface, function)) = full.split_once('#') else {
        return false;
    };
    let Some((wanted_interface, wanted_function)) = wanted.split_once('#') else {
        return wanted == function;
    };
    let unversioned = interface.split('@').next().unwrap_or(interface);
    let short = unversioned.rsplit('/').next().unwrap_or(unversioned);
    wanted_function == function && (wanted_interface == unversioned || wanted_interface == short)
}

/// What an error names at most; the rest is counted.
const LISTED_MAX: usize = 20;

fn list<'a>(functions: impl ExactSizeIterator<Item = &'a Arc<Function>>) -> String {
    let count = functions.len();
    let names: Vec<&str> = functions
        .take(LISTED_MAX)
        .map(|function| function.name.as_str())
        .collect();
    match count {
        0 => "are no functions".to_owned(),
        1 => format!("is {}", names[0]),
        n if n > LISTED_MAX => format!("are {} and {} more", names.join(", "), n - LISTED_MAX),
        _ => format!("are {}", names.join(", ")),
    }
}
