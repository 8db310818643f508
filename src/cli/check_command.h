// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include "base/result.h"
#include "cli/arguments.h"
#include "cli/commands.h"

namespace arcella::cli {

// `check FILE...`: the findings on standard output, with --json as an array; InvalidManifest when
// one of them is an error. Needs no daemon.
[[nodiscard]] Result<int> check(const Arguments& arguments, Surroundings& surroundings);

}  // namespace arcella::cli
