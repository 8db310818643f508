// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The daemon's configuration as it is shown: the results of `config` and `reload`.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace arcella::model {

using ConfigValue = std::variant<bool, std::int64_t, std::string>;
[[nodiscard]] inline std::string to_string(const ConfigValue& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  return std::get<std::string>(value);
}

// What is in effect now.
struct ConfigEntry {
  std::string key;  // "log.level"
  ConfigValue value;
  std::string source;  // "cfg/arcella.toml:3", "environment ARCELLA_LOG_LEVEL", "--log-level",
                       // "default"
  bool needs_restart = false;  // a change of it takes effect only at the next start
};

// Keys whose value in files, environment and flags differs from the one that was in effect.
struct ReloadOutcome {
  std::vector<std::string> applied;
  std::vector<std::string> needs_restart;
};

}  // namespace arcella::model
