// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <string>
#include <utility>

#include "engine/call.h"

namespace arcella::host {

// How a call ends that no guest has seen.
[[nodiscard]] inline engine::CallOutcome refuse_call(engine::Outcome outcome, std::string message) {
  engine::CallOutcome refusal;
  refusal.outcome = outcome;
  refusal.message = std::move(message);
  return refusal;
}

}  // namespace arcella::host
