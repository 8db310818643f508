// SPDX-License-Identifier: Apache-2.0 OR MIT

//! WIT as text: the signature of a function on one line, and a world as a document.

use wit_component::WitPrinter;
use wit_parser::{Function, Handle, PackageId, Resolve, Type, TypeDefKind, WorldId};

/// `add: func(a: u32, b: u32) -> u32`.
pub fn function_signature(resolve: &Resolve, function: &Function) -> String {
    let params: Vec<String> = function
        .params
        .iter()
        .map(|param| format!("{}: {}", param.name, type_name(resolve, &param.ty)))
        .collect();
    let result = function
        .result
        .as_ref()
        .map_or_else(String::new, |ty| format!(" -> {}", type_name(resolve, ty)));
    let kind = if function.kind.is_async() {
        "async func"
    } else {
        "func"
    };
    format!("{}: {kind}({}){result}", function.name, params.join(", "))
}

fn type_name(resolve: &Resolve, ty: &Type) -> String {
    let id = match ty {
        Type::Id(id) => *id,
        Type::Bool => return "bool".into(),
        Type::U8 => return "u8".into(),
        Type::U16 => return "u16".into(),
        Type::U32 => return "u32".into(),
        Type::U64 => return "u64".into(),
        Type::S8 => return "s8".into(),
        Type::S16 => return "s16".into(),
        Type::S32 => return "s32".into(),
        Type::S64 => return "s64".into(),
        Type::F32 => return "f32".into(),
        Type::F64 => return "f64".into(),
        Type::Char => return "char".into(),
        Type::String => return "string".into(),
        Type::ErrorContext => return "error-context".into(),
    };
    let def = &resolve.types[id];
    if let Some(name) = &def.name {
        return name.clone();
    }
    let name = |ty: &Type| type_name(resolve, ty);
    let maybe = |ty: &Option<Type>| ty.as_ref().map_or_else(|| "_".to_owned(), name);
    let named = |id| resolve.types[id].name.clone().unwrap_or_default();
    match &def.kind {
        TypeDefKind::List(ty) => format!("list<{}>", name(ty)),
        TypeDefKind::FixedLengthList(ty, length) => format!("list<{}, {length}>", name(ty)),
        TypeDefKind::Map(key, value) => format!("map<{}, {}>", name(key), name(value)),
        TypeDefKind::Option(ty) => format!("option<{}>", name(ty)),
        TypeDefKind::Tuple(tuple) => {
            let types: Vec<String> = tuple.types.iter().map(name).collect();
            format!("tuple<{}>", types.join(", "))
        }
        TypeDefKind::Result(result) => match (&result.ok, &result.err) {
            (None, None) => "result".into(),
            (Some(ok), None) => format!("result<{}>", name(ok)),
            (ok, err) => format!("result<{}, {}>", maybe(ok), maybe(err)),
        },
        TypeDefKind::Handle(Handle::Own(id)) => named(*id),
        TypeDefKind::Handle(Handle::Borrow(id)) => format!("borrow<{}>", named(*id)),
        TypeDefKind::Stream(Some(ty)) => format!("stream<{}>", name(ty)),
        TypeDefKind::Stream(None) => "stream".into(),
        TypeDefKind::Future(Some(ty)) => format!("future<{}>", name(ty)),
        TypeDefKind::Future(None) => "future".into(),
        TypeDefKind::Type(ty) => name(ty),
        other => other.as_str().into(),
    }
}

/// The world and the packages it brings along, but not WASI's, which are many pages that everybody has.
pub fn world_text(resolve: &Resolve, world: WorldId) -> anyhow::Result<String> {
    let Some(main) = resolve.worlds[world].package else {
        return Ok(String::new());
    };
    let nested: Vec<PackageId> = resolve
        .packages
        .iter()
        .filter(|(id, package)| *id != main && package.name.namespace != "wasi")
        .map(|(id, _)| id)
        .collect();
    let mut printer = WitPrinter::default();
    printer.print(resolve, main, &nested)?;
    Ok(printer.output.to_string())
}
