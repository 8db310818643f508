// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "manifest/interface_list.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>

#include "base/text.h"
#include "wit/interface_name.h"

namespace arcella::manifest {
namespace {

constexpr std::string_view kExpected =
    "an array of interface names, or a table from interface to item";
constexpr std::string_view kExpectedItem =
    "a function's name, an array of them, or a table of the first Arcella";

// How the first Arcella called the sorts of items; only an instance holds functions by name.
constexpr std::array<std::string_view, 8> kItemSorts{
    "instance", "func", "core_func", "module", "component", "type_def", "resource", "unknown"};

class InterfaceReader {
 public:
  InterfaceReader(TableReader& component, std::string_view key)
      : component_(component), key_(key) {}

  std::vector<StatedInterface> read(const TomlNode& node) {
    if (node.kind == TomlNode::Kind::Array) {
      if (fits(node.elements.size(), node.at)) read_names(node);
    } else if (node.kind == TomlNode::Kind::Table) {
      if (fits(node.entries.size(), node.at)) read_items(node);
    } else {
      component_.report_kind(key_, kExpected, node);
    }
    return std::move(stated_);
  }

 private:
  bool fits(std::size_t entries, Position at) {
    constexpr std::size_t kMost = limits::kInterfacesMax;
    if (entries <= kMost) return true;
    component_.report(
        at, key_,
        "has " + std::to_string(entries) + " entries, more than " + std::to_string(kMost));
    return false;
  }

  void read_names(const TomlNode& array) {
    for (const TomlNode& element : array.elements) {
      if (element.kind == TomlNode::Kind::Text) {
        add(element.text, element.at, {});
      } else {
        component_.report_kind(key_, kExpected, element);
      }
    }
  }

  void read_items(const TomlNode& table) {
    for (const TomlNode::Entry& entry : table.entries) {
      add(entry.key, entry.key_at, functions_of(entry.value));
    }
  }

  void add(const std::string& name, Position at, std::vector<std::string> functions) {
    // A function at the root of a world has a plain name, as has all of a core module.
    if (name.empty() || name.size() > limits::kInterfaceNameBytesMax) {
      component_.report(at, key_,
                        "a name has 1 to " + std::to_string(limits::kInterfaceNameBytesMax) +
                            " bytes, not " + std::to_string(name.size()));
    } else if (name.find(':') != std::string::npos) {
      auto parsed = wit::InterfaceName::parse(name);
      if (!parsed.has_value()) component_.report(at, key_, parsed.error().message());
    }
    if (!seen_.insert(name).second) {
      component_.report(at, key_, "'" + name + "' is given twice", "keep one");
    }
    stated_.push_back({{name, std::move(functions)}, at});
  }

  std::vector<std::string> functions_of(const TomlNode& item) {
    std::vector<std::string> functions;
    switch (item.kind) {
      case TomlNode::Kind::Text:
        functions.push_back(item.text);
        break;
      case TomlNode::Kind::Array:
        for (const TomlNode& element : item.elements) {
          if (element.kind == TomlNode::Kind::Text) {
            functions.push_back(element.text);
          } else {
            component_.report_kind(key_, kExpectedItem, element);
          }
        }
        break;
      case TomlNode::Kind::Table:
        return functions_of_table(item);
      case TomlNode::Kind::Integer:
      case TomlNode::Kind::Boolean:
      case TomlNode::Kind::Other:
        component_.report_kind(key_, kExpectedItem, item);
        break;
    }
    return functions;
  }

  // { instance = { exports = { log = { ... } } } }, { unknown = { } }
  std::vector<std::string> functions_of_table(const TomlNode& item) {
    for (const TomlNode::Entry& entry : item.entries) {
      if (std::find(kItemSorts.begin(), kItemSorts.end(), entry.key) != kItemSorts.end()) continue;
      component_.report(entry.key_at, key_, "'" + entry.key + "' is no sort of item",
                        "known are " + join(kItemSorts, ", "));
    }
    const TomlNode::Entry* instance = item.find("instance");
    const TomlNode::Entry* exports =
        instance == nullptr ? nullptr : instance->value.find("exports");
    std::vector<std::string> functions;
    if (exports == nullptr) return functions;
    for (const TomlNode::Entry& one : exports->value.entries) functions.push_back(one.key);
    return functions;
  }

  TableReader& component_;
  std::string_view key_;
  std::vector<StatedInterface> stated_;
  std::set<std::string> seen_;
};

}  // namespace

std::optional<std::vector<StatedInterface>> read_interfaces(TableReader& component,
                                                            std::string_view key) {
  const TomlNode::Entry* entry = component.any(key);
  if (entry == nullptr) return std::nullopt;
  return InterfaceReader(component, key).read(entry->value);
}

}  // namespace arcella::manifest
