// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include "base/result.h"
#include "cli/arguments.h"
#include "cli/client.h"
#include "cli/commands.h"

namespace arcella::cli {

// `events`: a table; with --json an array. With -f a line (or an object) per event, until the
// connection ends.
Result<int> show_events(const Arguments& arguments, Surroundings& surroundings, Client& client);

}  // namespace arcella::cli
