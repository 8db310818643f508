// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/ready_progress.h"

#include <algorithm>
#include <cstdint>

#include "aio/await.h"
#include "base/limits.h"

namespace arcella::runtime {

model::Progress::Note ready_note(int ready, int total) {
  return {"starting", static_cast<std::uint64_t>(ready), static_cast<std::uint64_t>(total)};
}

int ready_of(const DeploymentRecord& record) {
  return std::min(count_up(record), record.deployment.spec.replicas);
}

CountReady count_ready(const RuntimeCore& core, std::string deployment) {
  return [&core, id = std::move(deployment)]() -> std::optional<model::Progress::Note> {
    auto found = core.registry.find_deployment(id);
    if (!found.has_value()) return std::nullopt;  // the operation says so itself
    return ready_note(ready_of(**found), (*found)->deployment.spec.replicas);
  };
}

void tell_ready(const CountReady& count, const model::Progress& progress) {
  if (auto note = count()) progress.tell(*note);
}

aio::Task<void> watch_ready(RuntimeCore& core, CountReady count, model::Progress progress) {
  for (;;) {
    tell_ready(count, progress);
    auto changed = co_await core.reconciler.changed().wait();
    if (!changed.has_value()) co_return;
    // A thousand reports come in a burst: once is enough for all of them.
    auto rested = co_await aio::sleep_for(limits::kProgressInterval);
    if (!rested.has_value()) co_return;
  }
}

}  // namespace arcella::runtime
