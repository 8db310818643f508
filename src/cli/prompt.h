// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The shell's prompt says how the daemon is: `arcella[3 running]> `.
#pragma once

#include <string>

#include "cli/arguments.h"
#include "cli/connection.h"

namespace arcella::cli {

struct DaemonState {
  enum class Kind { Answers, Absent, Silent };
  Kind kind = Kind::Absent;
  int running = 0;  // deployments
};
// Within limits::kShellPromptTimeout.
[[nodiscard]] DaemonState ask_state(Connection& connection, const Environment& environment);
[[nodiscard]] std::string prompt_text(const DaemonState& state);

}  // namespace arcella::cli
