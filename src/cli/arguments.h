// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The command line as plain values. arguments.cc is the one file that knows CLI11, whose exceptions
// end there.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "cli/command_table.h"

namespace arcella::cli {

struct Arguments {
  const Command* command = nullptr;
  std::string home;    // absolute
  std::string socket;  // absolute
  bool json = false;
  // What the commands take; each uses the few that its syntax names.
  std::string target;              // the first word
  std::vector<std::string> words;  // the others
  std::vector<std::string> mounts;
  std::vector<std::string> env;
  std::optional<std::string> id;
  std::optional<std::int64_t> instance;
  std::optional<std::int64_t> timeout_ms;
  std::int64_t lines = 100;
  std::int64_t replicas = 0;
  bool follow = false;
  std::optional<std::string> path;
  std::optional<std::string> to;
  std::optional<std::string> group;
  bool force = false;
  bool dry_run = false;
};
// Instead of a command: a text for stdout (--help, --version).
struct Printed {
  std::string text;
};

// What the environment says about the defaults.
struct Environment {
  std::string arcella_home;  // ARCELLA_HOME, or empty
  std::string user_home;     // HOME, or empty
  std::string folder;        // where relative paths start
};

// `words` is argv without the program's name. InvalidParams or MethodNotFound, one line.
[[nodiscard]] Result<std::variant<Arguments, Printed>> parse_arguments(
    std::span<const std::string> words, const Environment& environment);

// `path` from `folder`, without `.` and `..`.
[[nodiscard]] std::string absolute_path(const std::string& path, const std::string& folder);

}  // namespace arcella::cli
