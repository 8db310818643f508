// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <string>
#include <utility>

#include "aio/task_scope.h"
#include "model/progress.h"
#include "runtime/runtime_core.h"

namespace arcella::runtime {

// How many replicas of a deployment are ready, told whenever that has changed, until cancelled.
aio::Task<void> watch_ready(RuntimeCore& core, std::string deployment, model::Progress progress);
void tell_ready(const RuntimeCore& core, const std::string& deployment,
                const model::Progress& progress);

// Runs `work`, which starts or scales `deployment`, and tells meanwhile how far it is. It looks on
// from outside: the operation does not know of it.
template <class T>
aio::Task<Result<T>> with_ready_progress(RuntimeCore& core, std::string deployment,
                                         model::Progress progress, aio::Task<Result<T>> work) {
  if (!progress.wanted()) co_return co_await std::move(work);
  aio::TaskScope scope(co_await boost::asio::this_coro::executor);
  scope.spawn(watch_ready(core, deployment, progress));
  auto result = co_await std::move(work);
  scope.cancel();
  co_await scope.join();
  if (result.has_value()) tell_ready(core, deployment, progress);
  co_return result;
}

}  // namespace arcella::runtime
