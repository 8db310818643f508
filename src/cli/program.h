// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What every command line goes through, be it the program's (run_program, commands.h) or one of its
// shell: parsed, then given to whoever carries it out.
#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/connection.h"

namespace arcella::cli {

// One command, in a program or in its shell: the exit status, or the error that is to be reported.
[[nodiscard]] Result<int> execute(std::span<const std::string> words,
                                  const Environment& environment, Surroundings& surroundings,
                                  Connection& connection);

}  // namespace arcella::cli
