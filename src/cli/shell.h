// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// `arcella-cli shell`: one command after the other over one connection, typed at a terminal or read
// from a script.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/connection.h"

namespace arcella::cli {

struct ShellOptions {
  std::optional<std::string> file;  // a script; else standard input, which may be a terminal
  bool keep_going = false;          // a script goes on after a command that failed
};

// Carries out the words of one line (program.h).
using Execute =
    std::function<Result<int>(std::span<const std::string> words, const Environment& environment,
                              Surroundings& surroundings, Connection& connection)>;

// The exit status: of a script that of its first command that failed; of an interactive shell 0, or
// 128 + the signal that ended it.
[[nodiscard]] Result<int> run_shell(const ShellOptions& options, const Environment& environment,
                                    Surroundings& surroundings, const Execute& execute);

// A script from a descriptor; `name` stands before the line's number in what is reported. Carries
// out line by line: what follows a failure is not even read. The status as of run_shell.
[[nodiscard]] Result<int> run_script(int fd, const std::string& name, bool keep_going,
                                     const Environment& environment, Surroundings& surroundings,
                                     const Execute& execute);

}  // namespace arcella::cli
