// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What the sources of the configuration say: a file of <home>/cfg, the environment, a flag; each
// checked against the table of keys, all mistakes of a source at once. Later sources win over
// earlier ones, key by key. Nothing here touches a disk.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "manifest/daemon_config.h"
#include "manifest/diagnostic.h"

namespace arcella::manifest {

// One key as one source has it.
struct ConfigSetting {
  const ConfigKey* key;
  model::ConfigValue value;  // checked
  std::string source;        // for people: where a change of it would have to be made
};

// `file` is named in diagnostics and sources. A file of another layer is merged key by key;
// [log.modules] as a whole.
[[nodiscard]] Parsed<std::vector<ConfigSetting>> read_config_file(std::string_view text,
                                                                  std::string_view file);

// name -> value, all variables of the process. A name below one of our sections
// (ARCELLA_LOG_LEVLE) that is no key is a mistake; any other is not ours.
using Environment = std::map<std::string, std::string>;
[[nodiscard]] Parsed<std::vector<ConfigSetting>> read_config_environment(
    const Environment& environment);

// InvalidParams; `flag` is what stands before the value ("--log-level").
[[nodiscard]] Result<ConfigSetting> read_config_flag(std::string_view key, std::string_view value,
                                                     std::string_view flag);

// The configuration with where each value came from.
struct LoadedConfig {
  DaemonConfig config;
  std::map<std::string_view, std::string> sources;  // by name of a key; absent: the default

  void apply(const std::vector<ConfigSetting>& settings);
  [[nodiscard]] std::vector<model::ConfigEntry> entries() const;
};

// What is in effect once a running daemon has read `next`: of keys that need a restart the present
// value stays. `outcome` says which keys differ.
[[nodiscard]] LoadedConfig reloaded(const LoadedConfig& present, const LoadedConfig& next,
                                    model::ReloadOutcome& outcome);

}  // namespace arcella::manifest
