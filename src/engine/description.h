// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What a .wasm says about itself, read without compiling or running it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace arcella::engine {

enum class Kind { Service, Command, Http };  // design.md section 1
enum class Format { Component, CoreModule };

struct NamedType {
  std::string name;
  std::string definition;  // one level deep: `record { x: u32, y: coordinate }`
  std::string shape;
};

// One imported or exported item. `name` is an interface (`ns:pkg/iface@1.0.0`) or, at the root of
// the world, a function's name. For a core module: "module.name" of an import, the name of an
// export.
struct Item {
  std::string name;
  std::vector<std::string>
      functions;  // WIT signatures `add: func(a: u32, b: u32) -> u32`; empty for pure types
  std::vector<std::string> shapes;  // of each function of a component (adapter/src/item.rs)
  std::vector<NamedType> types;     // that the functions mention; none if there is too much of them
};

struct Description {
  Format format = Format::Component;
  Kind kind = Kind::Service;
  bool runnable = false;  // a command, an http handler or a service with at least one function
  bool needs_concurrency = false;  // imports or exports WASI 0.3 or async functions
  std::string metadata_name;       // "name" custom section / component-name; may be empty
  std::string metadata_version;    // "version" custom section; may be empty
  std::vector<Item> imports;
  std::vector<Item> exports;
  std::string wit;  // the world as WIT text; for a core module a list of its imports and exports as
                    // comments
};

// `wasm` is untrusted: run this in the compile helper. InvalidComponent says what is wrong and
// where (offset).
[[nodiscard]] Result<Description> describe(std::span<const std::byte> wasm);

}  // namespace arcella::engine
