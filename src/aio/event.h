// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <cstdint>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "aio/task.h"
#include "base/result.h"

namespace arcella::aio {

// What coroutines of one thread wait for: a flag that stays set until reset(), so that who comes
// late does not wait; or a notify(), which wakes those who wait now and is forgotten. All waiters
// are woken. Owner: whoever sets it; outlives its waiters.  Thread: the executor's.
class Event {
 public:
  explicit Event(const boost::asio::any_io_executor& executor);
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void set();
  void reset() noexcept { set_ = false; }
  void notify();
  [[nodiscard]] bool is_set() const noexcept { return set_; }

  // Until set or notified; Cancelled.
  Task<Result<void>> wait();
  // For what must be waited for even when the caller is cancelled (the end of tasks, of a process).
  Task<> wait_uncancelled();

 private:
  boost::asio::steady_timer never_;  // its cancellation is the wake-up
  std::uint64_t notified_ = 0;       // how often
  bool set_ = false;
};

}  // namespace arcella::aio
