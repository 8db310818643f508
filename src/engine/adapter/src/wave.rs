// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Values as text for people: WAVE, in and out.

use wasmtime::component::wasm_wave::untyped::UntypedFuncCall;
use wasmtime::component::wasm_wave::wasm::DisplayType;
use wasmtime::component::{Type, Val, wasm_wave};

/// Nesting that is refused before the (recursive) parser sees the text.
const DEPTH_MAX: usize = 64;

/// Parses `1, "two", [3]`, the parameters without their parentheses.
pub fn parse_params(text: &str, types: &[Type]) -> Result<Vec<Val>, String> {
    check_depth(text)?;
    const PREFIX: &str = "f(";
    let call = format!("{PREFIX}{text})");
    let explain = |error: wasm_wave::parser::ParserError| {
        let at = error.span().start.saturating_sub(PREFIX.len()) + 1;
        let what = match (std::error::Error::source(&error), error.detail()) {
            (Some(source), _) => source.to_string(),
            (None, Some(detail)) => detail.to_owned(),
            (None, None) => error.kind().to_string(),
        };
        format!("column {at}: {what}")
    };
    let parsed = UntypedFuncCall::parse(&call).map_err(explain)?;
    parsed.to_wasm_params::<Val>(types).map_err(explain)
}

pub fn format_value(value: &Val) -> Result<String, String> {
    wasm_wave::to_string(value).map_err(|error| error.to_string())
}

/// `name: func(a: u32) -> string`.
pub fn signature<'a>(
    name: &str,
    params: impl Iterator<Item = (&'a str, Type)>,
    result: Option<&Type>,
) -> String {
    let params: Vec<String> = params
        .map(|(name, ty)| format!("{name}: {}", DisplayType(&ty)))
        .collect();
    let result = result.map_or(String::new(), |ty| format!(" -> {}", DisplayType(ty)));
    format!("{name}: func({}){result}", params.join(", "))
}

fn check_depth(text: &str) -> Result<(), String> {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut escaped = false;
    for c in text.chars() {
        if let Some(q) = quote {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                c if c == q => quote = None,
                _ => {}
            }
            continue;
        }
        match c {
            '"' | '\'' => quote = Some(c),
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MAX {
            return Err(format!("nested deeper than {DEPTH_MAX}"));
        }
    }
    Ok(())
}
