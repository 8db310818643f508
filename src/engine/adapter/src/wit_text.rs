// SPDX-License-Identifier: Apache-2.0 OR MIT

//! WIT as text: functions and types on one line, and a world as a document.

use wit_component::WitPrinter;
use wit_parser::{Function, Handle, PackageId, Resolve, Type, TypeDefKind, WorldId};

/// How a type is written where another one or a function mentions it.
pub type Mention<'a> = dyn FnMut(&Type) -> String + 'a;

/// `add: func(a: u32, b: point) -> u32`.
pub fn function_signature(resolve: &Resolve, function: &Function) -> String {
    let text = function_text(function, &mut |ty| type_name(resolve, ty));
    format!("{}: {text}", function.name)
}

/// `func(a: u32, b: point) -> u32`.
pub fn function_text(function: &Function, mention: &mut Mention) -> String {
    let params = listed(&function.params, |param| {
        format!("{}: {}", param.name, mention(&param.ty))
    });
    let result = function.result.as_ref();
    let result = result.map_or_else(String::new, |ty| format!(" -> {}", mention(ty)));
    let kind = if function.kind.is_async() {
        "async func"
    } else {
        "func"
    };
    format!("{kind}({params}){result}")
}

/// A type as it is mentioned: by its name if it has one.
pub fn type_name(resolve: &Resolve, ty: &Type) -> String {
    let id = match ty {
        Type::Id(id) => *id,
        simple => return simple_name(simple).into(),
    };
    let def = &resolve.types[id];
    match &def.name {
        Some(name) => name.clone(),
        None => type_text(&def.kind, &mut |ty| type_name(resolve, ty)),
    }
}

/// A type as it is defined: `record { x: u32, y: coordinate }`.
pub fn type_text(kind: &TypeDefKind, mention: &mut Mention) -> String {
    let braced = |kind: &str, content: String| format!("{kind} {{ {content} }}");
    match kind {
        TypeDefKind::Record(record) => {
            let field =
                |field: &wit_parser::Field| format!("{}: {}", field.name, mention(&field.ty));
            braced("record", listed(&record.fields, field))
        }
        TypeDefKind::Variant(variant) => {
            let case = |case: &wit_parser::Case| match &case.ty {
                Some(ty) => format!("{}({})", case.name, mention(ty)),
                None => case.name.clone(),
            };
            braced("variant", listed(&variant.cases, case))
        }
        TypeDefKind::Enum(cases) => braced("enum", listed(&cases.cases, |case| case.name.clone())),
        TypeDefKind::Flags(flags) => {
            braced("flags", listed(&flags.flags, |flag| flag.name.clone()))
        }
        TypeDefKind::List(ty) => format!("list<{}>", mention(ty)),
        TypeDefKind::FixedLengthList(ty, length) => format!("list<{}, {length}>", mention(ty)),
        TypeDefKind::Map(key, value) => {
            let key = mention(key);
            format!("map<{key}, {}>", mention(value))
        }
        TypeDefKind::Option(ty) => format!("option<{}>", mention(ty)),
        TypeDefKind::Tuple(tuple) => format!("tuple<{}>", listed(&tuple.types, mention)),
        TypeDefKind::Result(result) => match (&result.ok, &result.err) {
            (None, None) => "result".into(),
            (Some(ok), None) => format!("result<{}>", mention(ok)),
            (ok, Some(err)) => {
                let ok = ok.as_ref().map_or_else(|| "_".to_owned(), &mut *mention);
                format!("result<{ok}, {}>", mention(err))
            }
        },
        TypeDefKind::Handle(Handle::Own(id)) => mention(&Type::Id(*id)),
        TypeDefKind::Handle(Handle::Borrow(id)) => format!("borrow<{}>", mention(&Type::Id(*id))),
        TypeDefKind::Stream(Some(ty)) => format!("stream<{}>", mention(ty)),
        TypeDefKind::Future(Some(ty)) => format!("future<{}>", mention(ty)),
        TypeDefKind::Type(ty) => mention(ty),
        other => other.as_str().into(),
    }
}

fn listed<T>(values: &[T], text: impl FnMut(&T) -> String) -> String {
    values.iter().map(text).collect::<Vec<_>>().join(", ")
}

/// Of a type without a definition.
pub fn simple_name(ty: &Type) -> &'static str {
    match ty {
        Type::Id(_) => unreachable!("has a definition"),
        Type::Bool => "bool",
        Type::U8 => "u8",
        Type::U16 => "u16",
        Type::U32 => "u32",
        Type::U64 => "u64",
        Type::S8 => "s8",
        Type::S16 => "s16",
        Type::S32 => "s32",
        Type::S64 => "s64",
        Type::F32 => "f32",
        Type::F64 => "f64",
        Type::Char => "char",
        Type::String => "string",
        Type::ErrorContext => "error-context",
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
