// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include "base/result.h"
#include "cli/arguments.h"
#include "cli/commands.h"

namespace arcella::cli {

// `init NAME`: component.toml, deployment-template.toml and NAME.deployment.toml with comments, in
// ./NAME or --folder. AlreadyExists when one of them is there: then nothing is written. Needs no
// daemon.
[[nodiscard]] Result<int> init(const Arguments& arguments, Surroundings& surroundings);

}  // namespace arcella::cli
