// SPDX-License-Identifier: Apache-2.0 OR MIT

fn main() {
    // Named here and not by CC and CXX: a change of those makes Cargo build Wasmtime again.
    println!("cargo:rerun-if-env-changed=ARCELLA_CXX");
    println!("cargo:rerun-if-changed=src/bridge.rs");
    println!("cargo:rerun-if-changed=cxx/upcalls.h");
    let compiler = std::env::var("ARCELLA_CXX").unwrap_or_else(|_| "clang++-19".to_owned());
    cxx_build::bridge("src/bridge.rs")
        .compiler(compiler)
        .include("cxx")
        .std("c++20")
        .flag_if_supported("-Wno-dollar-in-identifier-extension")
        .compile("arcella_engine_bridge");
}
