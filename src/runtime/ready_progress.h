// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "aio/task_scope.h"
#include "model/progress.h"
#include "runtime/runtime_core.h"

namespace arcella::runtime {

// How many replicas are ready at the moment, of those that somebody waits for; nullopt: none are
// waited for.
using CountReady = std::function<std::optional<model::Progress::Note>()>;
[[nodiscard]] model::Progress::Note ready_note(int ready, int total);
// Of one deployment that is started or scaled.
[[nodiscard]] CountReady count_ready(const RuntimeCore& core, std::string deployment);
// Ready, or completed: at most as many as are wanted.
[[nodiscard]] int ready_of(const DeploymentRecord& record);

// Tells the count whenever something has changed, until cancelled.
aio::Task<void> watch_ready(RuntimeCore& core, CountReady count, model::Progress progress);
void tell_ready(const CountReady& count, const model::Progress& progress);

// Runs `work` and tells meanwhile how far it is. It looks on from outside: the operation does not
// know of it.
template <class T>
aio::Task<Result<T>> with_ready_progress(RuntimeCore& core, CountReady count,
                                         model::Progress progress, aio::Task<Result<T>> work) {
  if (!progress.wanted()) co_return co_await std::move(work);
  aio::TaskScope scope(co_await boost::asio::this_coro::executor);
  scope.spawn(watch_ready(core, count, progress));
  auto result = co_await std::move(work);
  scope.cancel();
  co_await scope.join();
  if (result.has_value()) tell_ready(count, progress);
  co_return result;
}

}  // namespace arcella::runtime
