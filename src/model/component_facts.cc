// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/component_facts.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace arcella::model {
namespace {

// `name`, with a version or without.
bool is_interface(std::string_view stated, std::string_view name) {
  return stated.substr(0, stated.find('@')) == name;
}

// A file may leave out what toolchains add, so from WASI's interfaces that are not known here
// nothing follows.
std::optional<Kind> kind_of(const std::vector<InterfaceItem>& exports) {
  auto states = [&exports](std::string_view name) {
    return std::any_of(exports.begin(), exports.end(),
                       [name](const InterfaceItem& item) { return is_interface(item.name, name); });
  };
  if (states("wasi:http/incoming-handler") || states("wasi:http/handler")) return Kind::Http;
  if (states("wasi:cli/run") || states("_start")) return Kind::Command;
  bool of_wasi = std::any_of(exports.begin(), exports.end(), [](const InterfaceItem& item) {
    return item.name.starts_with("wasi:");
  });
  if (of_wasi) return std::nullopt;
  return Kind::Service;
}

}  // namespace

ComponentFacts facts_of(const Component& component) {
  std::vector<std::string> imports;
  for (const InterfaceItem& item : component.imports) imports.push_back(item.name);
  return {component.id.str(),     component.kind,     !component.exports.empty(),
          component.capabilities, std::move(imports), true};
}

ComponentFacts facts_of(const ComponentManifest& manifest) {
  ComponentFacts facts;
  if (manifest.id) facts.id = manifest.id->str();
  if (manifest.exports) {
    facts.kind = kind_of(*manifest.exports);
    facts.exports_something = !manifest.exports->empty();
  }
  facts.capabilities = manifest.capabilities;
  return facts;
}

}  // namespace arcella::model
