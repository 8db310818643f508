// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The daemon's few flags as plain values: where it lives, how it is started, and --set for every
// key of the configuration. To add one: here, in options.cc with its line of help, in
// docs/operating.md.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "manifest/config_reader.h"

namespace arcella::apps {

struct DaemonOptions {
  std::string home;            // absolute
  std::string worker_program;  // absolute
  std::vector<manifest::ConfigSetting> settings;
  std::optional<int> ready_fd;  // gets a newline and is closed when the daemon is ready
};
struct PrintedText {
  std::string text;
};

struct DaemonEnvironment {
  std::string arcella_home;  // ARCELLA_HOME, or empty
  std::string user_home;     // HOME, or empty
  std::string folder;        // where relative paths start
  std::string program;       // our own executable: arcella-worker lies beside it
};

// `words` is argv without the program's name. InvalidParams, one line.
[[nodiscard]] Result<std::variant<DaemonOptions, PrintedText>> parse_options(
    std::span<const std::string> words, const DaemonEnvironment& environment);

}  // namespace arcella::apps
