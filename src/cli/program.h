// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// arcella-cli as a function: all of main() but where the words and the terminal come from.
#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/connection.h"

namespace arcella::cli {

inline constexpr int kExitInterrupted = 130;  // 128 + SIGINT, as shells have it

// Parses, carries out, reports on `surroundings.err`. Ctrl-C ends the process.
int run_program(std::span<const std::string> words, const Environment& environment,
                Surroundings& surroundings);

// One command, in a program or in its shell: the exit status, or the error that is to be reported.
[[nodiscard]] Result<int> execute(std::span<const std::string> words,
                                  const Environment& environment, Surroundings& surroundings,
                                  Connection& connection);

}  // namespace arcella::cli
