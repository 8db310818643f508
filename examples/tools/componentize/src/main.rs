// SPDX-License-Identifier: Apache-2.0 OR MIT

//! `componentize CORE.wasm COMPONENT.wasm` wraps a core WASI preview 1 command (what clang makes for `main`) into a
//! component with Wasmtime's command adapter, and a core module without WASI into one without imports of it,
//! so that the C++ examples need nothing but clang and cargo.
//! `componentize --wit FILE.wasm` prints the interface of a component, for `script/examples --check`.

use std::{env, fs};

use anyhow::{Context, Result, bail};
use wasi_preview1_component_adapter_provider as adapter;
use wit_component::{ComponentEncoder, WitPrinter};

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--wit", input] => print_wit(input),
        [input, output] => componentize(input, output),
        _ => bail!("usage: componentize CORE.wasm COMPONENT.wasm | componentize --wit FILE.wasm"),
    }
}

fn componentize(input: &str, output: &str) -> Result<()> {
    let core = fs::read(input).with_context(|| format!("reading {input}"))?;
    let mut encoder = ComponentEncoder::default();
    encoder.module(&core)?.validate(true);
    let name = adapter::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME;
    // What imports nothing of it is no command either, and has none of what the adapter calls.
    if core
        .windows(name.len())
        .any(|window| window == name.as_bytes())
    {
        encoder.adapter(name, adapter::WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER)?;
    }
    let component = encoder
        .encode()
        .with_context(|| format!("encoding {input} as a component"))?;
    fs::write(output, component).with_context(|| format!("writing {output}"))
}

fn print_wit(input: &str) -> Result<()> {
    let component = fs::read(input).with_context(|| format!("reading {input}"))?;
    let decoded = wit_component::decode(&component).with_context(|| format!("decoding {input}"))?;
    let mut printer = WitPrinter::default();
    printer.print(decoded.resolve(), decoded.package(), &[])?;
    print!("{}", String::from(printer.output));
    Ok(())
}
