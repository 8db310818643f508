// SPDX-License-Identifier: Apache-2.0 OR MIT

//! `componentize CORE.wasm COMPONENT.wasm` wraps a core WASI preview 1 module into a component with Wasmtime's adapter:
//! that for commands (what clang makes for `main`) or that for reactors; one without WASI stays without it. So
//! the C and C++ examples need nothing but clang and cargo.
//! `componentize --c-bindings WIT WORLD FOLDER` writes what such an example compiles and links to have the world's
//! imports and exports: WORLD.h, WORLD.c and the object that says its types.
//! `componentize --wit FILE.wasm` prints the interface of a component, for `script/examples --check`.

use std::path::Path;
use std::{env, fs};

use anyhow::{Context, Result, bail};
use wasi_preview1_component_adapter_provider as adapter;
use wit_bindgen_core::Files;
use wit_component::{ComponentEncoder, WitPrinter};
use wit_parser::Resolve;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--wit", input] => print_wit(input),
        ["--c-bindings", wit, world, folder] => c_bindings(wit, world, Path::new(folder)),
        [input, output] => componentize(input, output),
        _ => bail!(
            "usage: componentize CORE.wasm COMPONENT.wasm | componentize --wit FILE.wasm | \
             componentize --c-bindings WIT WORLD FOLDER"
        ),
    }
}

fn componentize(input: &str, output: &str) -> Result<()> {
    let core = fs::read(input).with_context(|| format!("reading {input}"))?;
    let mut encoder = ComponentEncoder::default();
    encoder.module(&core)?.validate(true);
    let has = |name: &str| core.windows(name.len()).any(|text| text == name.as_bytes());
    let name = adapter::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME;
    // What imports nothing of it has none of what the adapter calls. A name stands there behind its length.
    if has(name) {
        let bytes = match has("\x06_start") {
            true => adapter::WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
            false => adapter::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
        };
        encoder.adapter(name, bytes)?;
    }
    let component = encoder
        .encode()
        .with_context(|| format!("encoding {input} as a component"))?;
    fs::write(output, component).with_context(|| format!("writing {output}"))
}

fn c_bindings(wit: &str, world: &str, folder: &Path) -> Result<()> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(wit)?;
    let world = resolve.select_world(&[package], Some(world))?;
    let mut files = Files::default();
    let mut generator = wit_bindgen_c::Opts::default().build();
    generator.generate(&mut resolve, world, &mut files)?;
    for (name, content) in files.iter() {
        let path = folder.join(name);
        fs::write(&path, content).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

fn print_wit(input: &str) -> Result<()> {
    let component = fs::read(input).with_context(|| format!("reading {input}"))?;
    let decoded = wit_component::decode(&component).with_context(|| format!("decoding {input}"))?;
    let mut printer = WitPrinter::default();
    printer.print(decoded.resolve(), decoded.package(), &[])?;
    print!("{}", String::from(printer.output));
    Ok(())
}
