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
  std::optional<std::string> file;
  std::optional<std::int64_t> instance;
  std::optional<std::int64_t> timeout_ms;
  std::optional<std::string> since;
  std::int64_t lines = 100;
  std::int64_t replicas = 0;
  bool follow = false;
  std::optional<std::string> path;
  std::optional<std::string> to;
  std::optional<std::string> group;
  bool force = false;
  std::optional<std::string> component;  // a file
  std::string kind = "service";
  bool core = false;
  std::optional<std::string> into;  // a folder
  bool keep_going = false;
  bool dry_run = false;
  bool dot = false;
};
// Instead of a command: a text for stdout (--help, --version).
struct Printed {
  std::string text;
};

// What the environment says about the defaults.
struct Environment {
  std::string arcella_home;     // ARCELLA_HOME, or empty
  std::string user_home;        // HOME, or empty
  std::string folder;           // where relative paths start
  std::string socket = {};      // of the daemon when a line names neither home nor socket; or empty
  std::string state_home = {};  // XDG_STATE_HOME, or empty
};

// `words` is argv without the program's name. InvalidParams or MethodNotFound, one line.
[[nodiscard]] Result<std::variant<Arguments, Printed>> parse_arguments(
    std::span<const std::string> words, const Environment& environment);

// Where the daemon is, by the words of a line (empty: not given) and the environment.
struct DaemonPlace {
  std::string home;    // absolute
  std::string socket;  // absolute
};
[[nodiscard]] Result<DaemonPlace> place_of_daemon(const std::string& home,
                                                  const std::string& socket,
                                                  const Environment& environment);

// The options that a command takes, as the parser has them.
struct ParsedOption {
  std::vector<std::string> names;  // "-n", "--lines"
  bool takes_value = false;
};
[[nodiscard]] std::vector<ParsedOption> options_of(const Command& command);

// `path` from `folder`, without `.` and `..`.
[[nodiscard]] std::string absolute_path(const std::string& path, const std::string& folder);

}  // namespace arcella::cli
