// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/shell_line.h"

#include <algorithm>
#include <vector>

#include "cli/words.h"

namespace arcella::cli {

Result<LineOutcome> carry_out_line(std::string_view line, const Environment& environment,
                                   Surroundings& surroundings, Connection& connection,
                                   const Execute& execute) {
  ARCELLA_TRY(auto words, split_words(line));
  LineOutcome outcome;
  if (words.empty()) return outcome;
  const std::string& first = words.front();
  outcome.leave = std::any_of(kShellCommands.begin(), kShellCommands.end(),
                              [&](const ExtraCommand& known) { return known.name == first; });
  if (outcome.leave && words.size() > 1) {
    return fail(ErrorCode::InvalidParams, first + " takes nothing");
  }
  if (outcome.leave) return outcome;
  if (first == "shell") return fail(ErrorCode::InvalidParams, "this is the shell already");
  ARCELLA_TRY(outcome.status, execute(words, environment, surroundings, connection));
  return outcome;
}

}  // namespace arcella::cli
