// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "manifest/interface_check.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/text.h"
#include "manifest/interface_list.h"
#include "manifest/toml_reader.h"
#include "wit/interface_name.h"

namespace arcella::manifest {
namespace {

using model::InterfaceItem;

// A name and what it says, read once: every stated one meets every actual one.
struct Name {
  explicit Name(const std::string& name) : text(name) {
    auto parsed = wit::InterfaceName::parse(name);
    if (parsed.has_value()) interface = std::move(parsed).value();
  }
  std::string text;
  std::optional<wit::InterfaceName> interface;
};

// A function at the root of the world has no interface's name: then the words decide.
bool means(const Name& stated, const Name& actual) {
  if (!stated.interface || !actual.interface) return stated.text == actual.text;
  return wit::means(*stated.interface, *actual.interface);
}

std::string names_of(const std::vector<InterfaceItem>& items) {
  std::vector<std::string> names;
  names.reserve(items.size());
  for (const InterfaceItem& item : items) names.push_back(item.name);
  return names.empty() ? "none" : join(names, ", ");
}

class Comparison {
 public:
  Comparison(TableReader& component, std::string_view key, std::string_view verb,
             const std::vector<InterfaceItem>& actual)
      : component_(component), key_(key), verb_(verb), actual_(actual) {
    for (const InterfaceItem& item : actual_) actual_names_.emplace_back(item.name);
  }

  void run() {
    auto stated = read_interfaces(component_, key_);
    if (!stated) return;
    std::vector<bool> is_stated(actual_.size(), false);
    for (const StatedInterface& one : *stated) compare(one, is_stated);
    for (std::size_t i = 0; i < actual_.size(); ++i) {
      if (is_stated[i] || actual_[i].name.starts_with("wasi:")) continue;
      component_.report(
          component_.any(key_)->key_at, key_,
          "the binary " + verb_ + "s '" + actual_[i].name + "', which the file does not state",
          "add it");
    }
  }

 private:
  // Marks what it finds.
  void compare(const StatedInterface& stated, std::vector<bool>& is_stated) {
    const Name name(stated.item.name);
    std::set<std::string> functions;
    bool found = false;
    for (std::size_t i = 0; i < actual_.size(); ++i) {
      if (!means(name, actual_names_[i])) continue;
      found = is_stated[i] = true;
      for (const std::string& signature : actual_[i].functions) {
        functions.emplace(model::function_name(signature));
      }
    }
    if (!found) {
      component_.report(stated.at, key_,
                        "the binary does not " + verb_ + " '" + stated.item.name + "'",
                        "what it " + verb_ + "s: " + names_of(actual_));
      return;
    }
    const std::vector<std::string> there(functions.begin(), functions.end());
    for (const std::string& stated_function : stated.item.functions) {
      // With its type, if it was a core module.
      const std::string function(model::function_name(stated_function));
      if (functions.contains(function)) continue;
      component_.report(stated.at, key_,
                        "'" + name.text + "' has no function '" + function + "' in the binary",
                        "it has " + (there.empty() ? "none" : join(there, ", ")));
    }
  }

  TableReader& component_;
  std::string_view key_;
  std::string verb_;
  const std::vector<InterfaceItem>& actual_;
  std::vector<Name> actual_names_;
};

void check_optional_imports(TableReader& component, const std::vector<InterfaceItem>& imports) {
  constexpr std::string_view kKey = "optional_imports";
  auto stated = component.texts(kKey);
  if (!stated) return;
  for (const Located<std::string>& one : *stated) {
    const Name name(one.value);
    const bool there =
        std::any_of(imports.begin(), imports.end(),
                    [&name](const InterfaceItem& item) { return means(name, Name(item.name)); });
    if (there) continue;
    component.report(one.at, kKey, "the binary does not import '" + one.value + "'",
                     "what it imports: " + names_of(imports));
  }
}

}  // namespace

std::vector<Diagnostic> check_interfaces(std::string_view text, std::string_view file,
                                         const model::Inspection& inspection) {
  if (inspection.format == model::Format::CoreModule) return {};
  Report report(file);
  auto node = parse_toml(text, report);
  if (!node) return report.take();
  TableReader root(*node, "", report);
  auto component = root.table("component");
  if (!component) return report.take();
  Comparison(*component, "exports", "export", inspection.exports).run();
  Comparison(*component, "imports", "import", inspection.imports).run();
  check_optional_imports(*component, inspection.imports);
  return report.take();
}

}  // namespace arcella::manifest
