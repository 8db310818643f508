// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <array>
#include <string_view>

#include "base/result.h"
#include "cli/completion.h"
#include "cli/shell.h"

namespace arcella::cli {

// What the shell understands beyond the command table.
inline constexpr std::array<ExtraCommand, 2> kShellCommands{
    {{"exit", "leave the shell"}, {"quit", "leave the shell"}}};

struct LineOutcome {
  int status = 0;
  bool leave = false;
};
// One line, typed or of a script: split, then exit or a command. An empty line, or a comment, is
// done.
[[nodiscard]] Result<LineOutcome> carry_out_line(std::string_view line,
                                                 const Environment& environment,
                                                 Surroundings& surroundings, Connection& connection,
                                                 const Execute& execute);

}  // namespace arcella::cli
