// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "manifest/manifests.h"

#include "base/text.h"
#include "manifest/policy_reader.h"
#include "manifest/toml_reader.h"

namespace arcella::manifest {
namespace {

// `exports` and `imports`: an array of names, or a table from interface to what is used of it.
std::optional<std::vector<std::string>> read_interfaces(TableReader& table, std::string_view key) {
  const TomlNode::Entry* entry = table.any(key);
  if (entry == nullptr) return std::nullopt;
  constexpr std::string_view kExpected =
      "an array of interface names, or a table from interface to item";
  std::vector<std::string> names;
  auto add = [&](const std::string& name, const TomlNode& node) {
    if (name.empty()) table.report(node.at, key, "an interface name is not empty");
    names.push_back(name);
  };
  auto is_item = [](const TomlNode& node) {
    return node.kind == TomlNode::Kind::Text || node.kind == TomlNode::Kind::Array ||
           node.kind == TomlNode::Kind::Table;
  };
  if (entry->value.kind == TomlNode::Kind::Array) {
    for (const TomlNode& element : entry->value.elements) {
      if (element.kind == TomlNode::Kind::Text) {
        add(element.text, element);
      } else {
        table.report_kind(key, kExpected, element);
      }
    }
  } else if (entry->value.kind == TomlNode::Kind::Table) {
    for (const TomlNode::Entry& inner : entry->value.entries) {
      add(inner.key, inner.value);
      if (!is_item(inner.value)) table.report_kind(key, kExpected, inner.value);
    }
  } else {
    table.report_kind(key, kExpected, entry->value);
  }
  return names;
}

void read_capabilities(TableReader& component, model::Capabilities& capabilities) {
  auto table = component.table("capabilities");
  if (!table) return;
  capabilities.network = table->texts("network").value_or(std::vector<std::string>());
  capabilities.filesystem = table->texts("filesystem").value_or(std::vector<std::string>());
  capabilities.environment = table->texts("environment").value_or(std::vector<std::string>());
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
  manifest.exports = read_interfaces(table, "exports");
  manifest.imports = read_interfaces(table, "imports");
  read_capabilities(table, manifest.capabilities);
  table.finish();
}

template <class T>
Parsed<T> finished(T value, Report& report) {
  if (report.empty()) return {std::move(value), {}};
  return {std::nullopt, report.take()};
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
      report.add({}, "there is no [component] table; it holds at least name and version");
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
                         "given twice, here and as [" + std::string(key) + "]; keep one");
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
