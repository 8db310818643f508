// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "manifest/config_reader.h"

#include <algorithm>
#include <optional>

#include "base/check.h"
#include "base/text.h"
#include "manifest/toml_reader.h"

namespace arcella::manifest {
namespace {

using model::ConfigValue;

std::string expected_of(const ConfigKey& key) {
  if (key.is_table) return "a table of strings";
  if (std::holds_alternative<std::int64_t DaemonConfig::*>(key.field)) return "a whole number";
  if (std::holds_alternative<bool DaemonConfig::*>(key.field)) return "true or false";
  return "a string in quotes";
}

// [log.modules] as "a=b,c=d", the one line that an environment variable has.
std::optional<ConfigValue> joined(TableReader& section, const ConfigKey& key) {
  std::string text;
  for (const auto& [name, value] : section.text_map(key.key())) {
    if (!text.empty()) text += ',';
    text += name.value + "=" + value.value;
  }
  return text;
}

std::optional<ConfigValue> value_in(TableReader& section, const ConfigKey& key,
                                    const TomlNode& node) {
  if (key.is_table) return joined(section, key);
  switch (node.kind) {
    case TomlNode::Kind::Text:
      return ConfigValue(node.text);
    case TomlNode::Kind::Integer:
      return ConfigValue(node.integer);
    case TomlNode::Kind::Boolean:
      return ConfigValue(node.boolean);
    default:
      section.report_kind(key.key(), expected_of(key), node);
      return std::nullopt;
  }
}

void read_key(TableReader& section, const ConfigKey& key, std::string_view file,
              std::vector<ConfigSetting>& settings) {
  const TomlNode::Entry* entry = section.any(key.key());
  if (entry == nullptr) return;
  auto value = value_in(section, key, entry->value);
  if (!value) return;
  DaemonConfig checked;
  auto set = set_value(checked, key, *value);
  if (!set.has_value()) {
    section.report(entry->value.at, key.key(), set.error().message());
    return;
  }
  settings.push_back(
      {&key, value_of(checked, key), std::string(file) + ":" + std::to_string(entry->key_at.line)});
}

std::vector<std::string_view> sections() {
  std::vector<std::string_view> names;
  for (const ConfigKey& key : config_keys()) {
    if (std::find(names.begin(), names.end(), key.section()) == names.end()) {
      names.push_back(key.section());
    }
  }
  return names;
}

const ConfigKey* key_of_variable(std::string_view variable) {
  for (const ConfigKey& key : config_keys()) {
    if (key.environment_name() == variable) return &key;
  }
  return nullptr;
}

// Does it begin like the variables of one of our sections?
bool looks_like_ours(std::string_view variable) {
  return std::any_of(config_keys().begin(), config_keys().end(), [variable](const ConfigKey& key) {
    const std::string name = key.environment_name();
    return variable.starts_with(std::string_view(name).substr(0, name.size() - key.key().size()));
  });
}

std::string unknown_variable(std::string_view variable) {
  std::vector<std::string> names;
  for (const ConfigKey& key : config_keys()) names.push_back(key.environment_name());
  const std::vector<std::string_view> views(names.begin(), names.end());
  return "no key of the configuration is called so" +
         did_you_mean(variable, views, "docs/operating.md lists them");
}

}  // namespace

Parsed<std::vector<ConfigSetting>> read_config_file(std::string_view text, std::string_view file) {
  Report report(file);
  std::vector<ConfigSetting> settings;
  if (auto node = parse_toml(text, report)) {
    TableReader root(*node, "", report);
    for (std::string_view name : sections()) {
      auto section = root.table(name);
      if (!section) continue;
      for (const ConfigKey& key : config_keys()) {
        if (key.section() == name) read_key(*section, key, file, settings);
      }
      section->finish();
    }
    root.finish();
  }
  if (!report.empty()) return {std::nullopt, report.take()};
  return {std::move(settings), {}};
}

Parsed<std::vector<ConfigSetting>> read_config_environment(const Environment& environment) {
  std::vector<ConfigSetting> settings;
  std::vector<Diagnostic> diagnostics;
  for (const auto& [variable, text] : environment) {
    const std::string source = "environment " + variable;
    const ConfigKey* key = key_of_variable(variable);
    if (key == nullptr) {
      if (looks_like_ours(variable))
        diagnostics.push_back({source, 0, 0, unknown_variable(variable)});
      continue;
    }
    auto value = parse_value(*key, text);
    if (value.has_value()) {
      settings.push_back({key, std::move(*value), source});
    } else {
      diagnostics.push_back({source, 0, 0, value.error().message()});
    }
  }
  if (!diagnostics.empty()) return {std::nullopt, std::move(diagnostics)};
  return {std::move(settings), {}};
}

Result<ConfigSetting> read_config_flag(std::string_view key, std::string_view value,
                                       std::string_view flag) {
  auto known = find_config_key(key);
  if (!known.has_value()) return fail(std::move(known).error().with_context(flag));
  auto parsed = parse_value(**known, value);
  if (!parsed.has_value()) return fail(std::move(parsed).error().with_context(flag));
  return ConfigSetting{*known, std::move(*parsed), std::string(flag)};
}

void LoadedConfig::apply(const std::vector<ConfigSetting>& settings) {
  for (const ConfigSetting& setting : settings) {
    const auto set = set_value(config, *setting.key, setting.value);
    ARCELLA_CHECK(set.has_value(), "a setting was checked when it was read");
    sources[setting.key->name] = setting.source;
  }
}

std::vector<model::ConfigEntry> LoadedConfig::entries() const {
  std::vector<model::ConfigEntry> result;
  for (const ConfigKey& key : config_keys()) {
    const auto source = sources.find(key.name);
    result.push_back({std::string(key.name), value_of(config, key),
                      source == sources.end() ? "default" : source->second,
                      key.needs_restart == NeedsRestart::Yes});
  }
  return result;
}

LoadedConfig reloaded(const LoadedConfig& present, const LoadedConfig& next,
                      model::ReloadOutcome& outcome) {
  LoadedConfig result = next;
  for (const ConfigKey& key : config_keys()) {
    const ConfigValue before = value_of(present.config, key);
    const bool changed = before != value_of(next.config, key);
    if (key.needs_restart == NeedsRestart::No) {
      if (changed) outcome.applied.emplace_back(key.name);
      continue;
    }
    if (!changed) continue;
    outcome.needs_restart.emplace_back(key.name);
    const auto kept = set_value(result.config, key, before);
    ARCELLA_CHECK(kept.has_value(), "what is in effect was checked");
    const auto source = present.sources.find(key.name);
    result.sources.erase(key.name);
    if (source != present.sources.end()) result.sources[key.name] = source->second;
  }
  return result;
}

}  // namespace arcella::manifest
