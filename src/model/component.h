// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What a component is, apart from how it runs: read from its binary and its component.toml, kept in
// the store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/ids.h"

namespace arcella::model {

enum class Kind { Service, Command, Http };
enum class Format { Component, CoreModule };

[[nodiscard]] std::string_view to_string(Kind kind) noexcept;      // "service", "command", "http"
[[nodiscard]] std::string_view to_string(Format format) noexcept;  // "component", "core-module"
[[nodiscard]] std::optional<Kind> kind_from(std::string_view text) noexcept;
[[nodiscard]] std::optional<Format> format_from(std::string_view text) noexcept;

// What the component asks for; a deployment grants (design.md section 5). A component that states
// it asks for nothing else; one that does not (a bare binary) leaves it to the administrator.
struct Capabilities {
  std::vector<std::string> network;      // origins: scheme://host[:port]
  std::vector<std::string> filesystem;   // guest paths; what is below one is asked for with it
  std::vector<std::string> environment;  // names of variables
  bool stated = false;
  friend bool operator==(const Capabilities&, const Capabilities&) = default;
};

// A type that an interface gives a name to, or uses.
struct NamedType {
  std::string name;
  std::string definition;  // one level deep: `record { x: u32, y: coordinate }`
  std::string shape;
  friend bool operator==(const NamedType&, const NamedType&) = default;
};

// An imported or exported interface or function: in a binary with its WIT signatures, in a
// component.toml with the names of those functions that the file states.
struct InterfaceItem {
  std::string name;
  std::vector<std::string> functions;
  // The structure of each function, without the names of types: equal exactly if the component
  // model takes one for the other (engine/adapter/src/item.rs). Empty if it is not known: of a core
  // module, and of what was installed before it was kept.
  std::vector<std::string> shapes = {};
  // To tell what the functions' types are; maybe not all.
  std::vector<NamedType> types = {};
  friend bool operator==(const InterfaceItem&, const InterfaceItem&) = default;
};

// `add` of "add: func(a: u32, b: u32) -> u32".
[[nodiscard]] std::string_view function_name(std::string_view signature) noexcept;
// `ns:pkg/iface@1.0.0#add`, as a function of an interface is asked for.
[[nodiscard]] std::string full_function_name(std::string_view interface, std::string_view function);

// component.toml as written. Without the file every field is empty.
struct ComponentManifest {
  std::optional<ComponentId> id;
  std::string description;
  std::optional<std::vector<InterfaceItem>> exports;  // nullopt: not stated, the binary decides
  std::optional<std::vector<InterfaceItem>> imports;
  std::vector<std::string> optional_imports;
  Capabilities capabilities;
};

// What the compile helper found in a .wasm. The helper read untrusted bytes: its words are bounded
// and checked where they are decoded (ipc/inspection.h).
struct Inspection {
  Format format = Format::Component;
  Kind kind = Kind::Service;
  bool runnable = false;           // has something that can be started or called
  bool needs_concurrency = false;  // WASI 0.3 or async functions
  std::string metadata_name;       // from the binary's custom sections; may be empty
  std::string metadata_version;
  std::vector<InterfaceItem> imports;
  std::vector<InterfaceItem> exports;
  std::string wit;
  friend bool operator==(const Inspection&, const Inspection&) = default;
};

// An installed component.
struct Component {
  ComponentId id;
  std::string description = {};
  Format format = Format::Component;
  Kind kind = Kind::Service;
  bool needs_concurrency = false;
  std::vector<InterfaceItem> imports = {};
  std::vector<InterfaceItem> exports = {};
  std::string wit = {};
  // Interfaces of `imports` that it can do without, by the names that component.toml states.
  std::vector<std::string> optional_imports = {};
  Capabilities capabilities = {};
  std::string content_hash = {};  // of the .wasm, hex; names the content in the code cache
  std::uint64_t wasm_bytes = 0;
  std::int64_t installed_at = 0;  // seconds since the epoch
};

}  // namespace arcella::model
