// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Where the daemon's configuration comes from, in the order in which later wins: the defaults,
// <home>/cfg/arcella.toml, the other <home>/cfg/*.toml by name, the environment, the flags.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "manifest/config_reader.h"

namespace arcella::runtime {

struct ConfigSources {
  std::string home;                   // absolute
  manifest::Environment environment;  // as the process was started
  std::vector<manifest::ConfigSetting> flags;
};

// Reads the files anew. InvalidManifest with every mistake of every source in its detail. Blocking.
[[nodiscard]] Result<manifest::LoadedConfig> load_config(const ConfigSources& sources);

}  // namespace arcella::runtime
