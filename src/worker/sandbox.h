// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What a worker process gives up before it touches anything that a guest made. Each measure is one
// entry of the report, so that what is active can be shown; a system call filter and Landlock rules
// join here.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace arcella::worker {

struct SandboxMeasure {
  std::string name;  // "no-new-privs"
  bool active = false;
  std::string reason{};  // why not
};

// For the whole process, for good. Once, before other threads run guests. A measure that this
// kernel refuses is reported, not an error: the process boundary itself stands.
[[nodiscard]] std::vector<SandboxMeasure> enter_sandbox();

}  // namespace arcella::worker
