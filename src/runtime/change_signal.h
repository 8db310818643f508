// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <chrono>
#include <memory>
#include <utility>

#include <boost/asio/any_io_executor.hpp>

#include "aio/event.h"
#include "aio/task.h"
#include "aio/timeout.h"
#include "base/result.h"

namespace arcella::runtime {

// Wakes everybody who waits for "something has changed"; each then looks for itself whether it is
// what it waits for, and waits again if not. Looking and waiting happen in one turn of the loop, so
// no change is missed. Owner: the reconciler and the lock of operations.  Thread: control.
class ChangeSignal {
 public:
  explicit ChangeSignal(boost::asio::any_io_executor executor)
      : executor_(std::move(executor)), next_(std::make_shared<aio::Event>(executor_)) {}

  void notify() {
    // Nobody waits: most reports of a thousand replicas.
    if (next_.use_count() == 1) return;
    auto fired = std::exchange(next_, std::make_shared<aio::Event>(executor_));
    fired->set();
  }

  // The next change; Cancelled.
  aio::Task<Result<void>> wait() {
    auto event = next_;
    co_return co_await event->wait();
  }
  // The same, or DeadlineExceeded.
  aio::Task<Result<void>> wait_for(std::chrono::nanoseconds limit) {
    auto event = next_;
    co_return co_await aio::with_timeout(limit, event->wait());
  }

 private:
  boost::asio::any_io_executor executor_;
  std::shared_ptr<aio::Event> next_;  // owned by this and by those who wait for it
};

}  // namespace arcella::runtime
