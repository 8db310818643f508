// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <vector>

#include "aio/task.h"
#include "base/clock.h"
#include "model/ids.h"

namespace arcella::runtime {

class Registry;
class RuntimeCore;

// What runs or is on its way up, the last one started first: whoever was started later may need
// what was there before.
[[nodiscard]] std::vector<model::DeploymentId> shutdown_order(const Registry& registry);

// Stops all guests gracefully, one deployment after the other; when `deadline` comes, all that are
// left at once. In memory only: what is desired stays on the disk for the next daemon.
[[nodiscard]] aio::Task<void> stop_guests(RuntimeCore& core, MonotonicTime deadline);

}  // namespace arcella::runtime
