// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "manifest/manifests.h"

#include "manifest/interface_list.h"
#include "manifest/policy_reader.h"
#include "manifest/toml_reader.h"
#include "model/grants.h"
#include "wit/interface_name.h"

namespace arcella::manifest {
namespace {

std::optional<std::vector<model::InterfaceItem>> read_items(TableReader& component,
                                                            std::string_view key) {
  auto stated = read_interfaces(component, key);
  if (!stated) return std::nullopt;
  std::vector<model::InterfaceItem> items;
  for (StatedInterface& one : *stated) items.push_back(std::move(one.item));
  return items;
}

// One list of what the component asks for, each entry of the right form.
std::vector<std::string> read_asked(TableReader& table, std::string_view key,
                                    bool (*is_right)(std::string_view), std::string_view form) {
  auto asked = table.distinct_texts(key);
  if (!asked) return {};
  for (const Located<std::string>& one : *asked) {
    if (is_right(one.value)) continue;
    table.report(one.at, key, "'" + one.value + "' is not " + std::string(form));
  }
  return values_of(std::move(asked));
}

// By the names of interfaces; that they are imported is for the binary to say.
std::vector<std::string> read_optional_imports(TableReader& component) {
  constexpr std::string_view kKey = "optional_imports";
  auto names = component.distinct_texts(
      kKey, {.entries_max = limits::kInterfacesMax, .bytes_max = limits::kInterfaceNameBytesMax});
  if (!names) return {};
  for (const Located<std::string>& one : *names) {
    auto parsed = wit::InterfaceName::parse(one.value);
    if (!parsed.has_value()) component.report(one.at, kKey, parsed.error().message());
  }
  return values_of(std::move(names));
}

void read_capabilities(TableReader& component, model::Capabilities& capabilities) {
  auto table = component.table("capabilities");
  if (!table) return;
  capabilities.stated = true;
  capabilities.network = read_asked(*table, "network", model::is_origin,
                                    "of the form scheme://host[:port] with scheme http or https, "
                                    "for example https://api.example.com");
  capabilities.filesystem = read_asked(*table, "filesystem", model::is_guest_path,
                                       "an absolute path without '..', nor '.'");
  capabilities.environment = read_asked(*table, "environment", model::is_variable_name,
                                        "the name of a variable: not empty and without '='");
  table->finish();
}

void read_component(TableReader& table, model::ComponentManifest& manifest) {
  auto name = table.text("name");
  auto version = table.text("version");
  if (!name && !table.has("name")) table.report_missing("name", "name = \"http-logger\"");
  if (!version && !table.has("version")) table.report_missing("version", "version = \"0.1.0\"");
  if (name && version) {
    auto id = model::ComponentId::make(name->value, version->value);
    if (id.has_value()) {
      manifest.id = std::move(id).value();
    } else {
      // Whichever it is: with a version that is surely right only the name can be wrong.
      bool name_is_wrong = !model::ComponentId::make(name->value, "0.0.0").has_value();
      table.report(name_is_wrong ? name->at : version->at, name_is_wrong ? "name" : "version",
                   id.error().message());
    }
  }
  if (auto description = table.text("description")) manifest.description = description->value;
  manifest.exports = read_items(table, "exports");
  manifest.imports = read_items(table, "imports");
  manifest.optional_imports = read_optional_imports(table);
  read_capabilities(table, manifest.capabilities);
  table.finish();
}

template <class T>
Parsed<T> finished(T value, Report& report) {
  if (report.empty()) return {std::move(value), {}, report.take_notes()};
  return {std::nullopt, report.take(), report.take_notes()};
}

}  // namespace

Parsed<model::ComponentManifest> read_component_manifest(std::string_view text,
                                                         std::string_view file) {
  Report report(file);
  model::ComponentManifest manifest;
  if (auto node = parse_toml(text, report)) {
    TableReader root(*node, "", report);
    if (auto component = root.table("component")) {
      read_component(*component, manifest);
    } else if (!root.has("component")) {
      report.add({1, 1}, "there is no [component] table", "it holds at least name and version");
    }
    root.finish();
  }
  return finished(std::move(manifest), report);
}

Parsed<model::PolicyFields> read_deployment_template(std::string_view text, std::string_view file) {
  Report report(file);
  model::PolicyFields fields;
  if (auto node = parse_toml(text, report)) {
    TableReader root(*node, "", report);
    auto deployment = root.table("deployment");
    // [startup] and [resources] may stand at the root as well.
    for (std::string_view key : {"startup", "resources"}) {
      if (!deployment || !deployment->has(key) || !root.has(key)) continue;
      deployment->report(deployment->any(key)->key_at, key,
                         "given twice, here and as [" + std::string(key) + "]", "keep one");
    }
    if (deployment) {
      read_policy_fields(*deployment, fields);
      deployment->finish();
    }
    read_startup_and_resources(root, fields);
    root.finish();
  }
  return finished(std::move(fields), report);
}

}  // namespace arcella::manifest
