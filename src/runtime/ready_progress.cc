// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/ready_progress.h"

#include <algorithm>
#include <cstdint>

#include "aio/await.h"
#include "base/limits.h"

namespace arcella::runtime {

void tell_ready(const RuntimeCore& core, const std::string& deployment,
                const model::Progress& progress) {
  auto found = core.registry.find_deployment(deployment);
  if (!found.has_value()) return;  // the operation says so itself
  const DeploymentRecord& record = **found;
  const int total = record.deployment.spec.replicas;
  const int up = std::min(count_up(record), total);
  progress.count("starting", static_cast<std::uint64_t>(up), static_cast<std::uint64_t>(total));
}

aio::Task<void> watch_ready(RuntimeCore& core, std::string deployment, model::Progress progress) {
  for (;;) {
    tell_ready(core, deployment, progress);
    auto changed = co_await core.reconciler.changed().wait();
    if (!changed.has_value()) co_return;
    // A thousand reports come in a burst: once is enough for all of them.
    auto rested = co_await aio::sleep_for(limits::kProgressInterval);
    if (!rested.has_value()) co_return;
  }
}

}  // namespace arcella::runtime
