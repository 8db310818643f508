// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// <home>/cfg/arcella.toml, what the daemon reads before it does anything else; without the file the
// defaults hold. To add an option: a field here, its line in read_daemon_config(), a test, and a
// row in docs/manifest-reference.md.
//
//   [log]
//   level = "info"     # debug, info, warn, error, off
//   format = "text"    # or "json"
#pragma once

#include <string_view>

#include "base/log.h"
#include "manifest/diagnostic.h"

namespace arcella::manifest {

struct DaemonConfig {
  log::Options log;
};

// `file` is only named in diagnostics.
[[nodiscard]] Parsed<DaemonConfig> read_daemon_config(std::string_view text, std::string_view file);

}  // namespace arcella::manifest
