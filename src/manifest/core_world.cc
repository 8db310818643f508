// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "manifest/core_world.h"

#include <map>
#include <regex>
#include <set>
#include <vector>

#include "base/limits.h"
#include "wit/interface_name.h"

namespace arcella::manifest {
namespace {

using model::InterfaceItem;

bool is_typed(const InterfaceItem& item) {
  for (const std::string& function : item.functions) {
    if (function.find(':') != std::string::npos) return true;
  }
  return false;
}

// Short, and each function has a bound: no input makes the matcher slow.
bool is_signature(const std::string& function) {
  static const std::regex form(
      "[a-z][a-z0-9]*(-[a-z0-9]+)*: func\\(([a-z][a-z0-9-]*: [suf](32|64)"
      "(, [a-z][a-z0-9-]*: [suf](32|64))*)?\\)( -> [suf](32|64))?");
  return function.size() <= limits::kInterfaceNameBytesMax && std::regex_match(function, form);
}

// The interfaces of one package, each with its functions; said once however often it is used.
using Packages = std::map<std::string, std::map<std::string, std::set<std::string>>>;

Result<void> add(const std::vector<InterfaceItem>& items, const std::string& direction,
                 Packages& packages, std::string& world) {
  for (const InterfaceItem& item : items) {
    if (!is_typed(item)) continue;
    auto name = wit::InterfaceName::parse(item.name);
    if (!name.has_value() || name->interface.empty() || !name->version) {
      return fail(ErrorCode::InvalidManifest,
                  "'" + item.name +
                      "': an interface with types needs its whole name, "
                      "`namespace:package/interface@x.y.z`");
    }
    for (const std::string& function : item.functions) {
      if (is_signature(function)) continue;
      return fail(ErrorCode::InvalidManifest,
                  "'" + item.name +
                      "': expected `name: func(a: T, ...) -> T` with s32, u32, s64, "
                      "u64, f32 or f64 for T, not '" +
                      function + "'");
    }
    const std::string package = name->ns + ":" + name->package + "@" + name->version->to_string();
    packages[package][name->interface].insert(item.functions.begin(), item.functions.end());
    world += "  " + direction + " " + name->str() + ";\n";
  }
  return {};
}

}  // namespace

Result<std::optional<std::string>> core_world(const model::ComponentManifest& manifest) {
  Packages packages;
  std::string world;
  ARCELLA_TRY_VOID(
      add(manifest.imports.value_or(std::vector<InterfaceItem>()), "import", packages, world));
  ARCELLA_TRY_VOID(
      add(manifest.exports.value_or(std::vector<InterfaceItem>()), "export", packages, world));
  if (world.empty()) return std::nullopt;
  std::string text = "package arcella:stated;\n\nworld module {\n" + world + "}\n";
  for (const auto& [package, interfaces] : packages) {
    text += "\npackage " + package + " {\n";
    for (const auto& [interface, functions] : interfaces) {
      text += "  interface " + interface + " {\n";
      for (const std::string& function : functions) text += "    " + function + ";\n";
      text += "  }\n";
    }
    text += "}\n";
  }
  return text;
}

}  // namespace arcella::manifest
