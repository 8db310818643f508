// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/shutdown.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/log.h"
#include "runtime/runtime_core.h"

namespace arcella::runtime {
namespace {

// False: the time is up.
aio::Task<bool> wait_gone(RuntimeCore& core, model::DeploymentId id, MonotonicTime deadline) {
  for (;;) {
    const DeploymentRecord* record = core.registry.find(id);
    if (record == nullptr || !occupies_a_process(*record)) co_return true;
    const auto left = deadline - core.clock.monotonic_now();
    if (left <= left.zero()) co_return false;
    const auto changed = co_await core.reconciler.changed().wait_for(left);
    if (!changed.has_value()) co_return false;
  }
}

}  // namespace

std::vector<model::DeploymentId> shutdown_order(const Registry& registry) {
  std::vector<std::pair<std::uint64_t, model::DeploymentId>> running;
  for (const auto& [id, record] : registry.deployments()) {
    if (occupies_a_process(record)) running.emplace_back(record.load_order, id);
  }
  std::sort(running.begin(), running.end(), std::greater<>());
  std::vector<model::DeploymentId> order;
  order.reserve(running.size());
  for (auto& [number, id] : running) order.push_back(std::move(id));
  return order;
}

aio::Task<void> stop_guests(RuntimeCore& core, MonotonicTime deadline) {
  // What has not begun yet does not begin any more.
  for (auto& [id, record] : core.registry.deployments()) {
    if (!occupies_a_process(record)) record.desired = model::Desired::Stopped;
  }
  const std::vector<model::DeploymentId> order = shutdown_order(core.registry);
  bool in_time = true;
  for (const model::DeploymentId& id : order) {
    if (DeploymentRecord* record = core.registry.find(id)) {
      record->desired = model::Desired::Stopped;
    }
    core.reconciler.kick();
    if (!in_time) continue;
    in_time = co_await wait_gone(core, id, deadline);
    if (in_time) {
      log::debug("runtime", "stopped", {{"deployment", id.str()}});
    } else {
      log::warn("runtime", "guests are slow to stop: the rest is stopped at once",
                {{"deployment", id.str()}});
    }
  }
}

}  // namespace arcella::runtime
