// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include "base/result.h"
#include "cli/arguments.h"
#include "cli/client.h"
#include "cli/commands.h"

namespace arcella::cli {

// `diag`: who serves each import of a deployment.
Result<int> show_diag(const Arguments& arguments, Surroundings& surroundings, Client& client);
// `graph`: who uses whom; as text, with --dot for Graphviz.
Result<int> show_graph(const Arguments& arguments, Surroundings& surroundings, Client& client);

}  // namespace arcella::cli
