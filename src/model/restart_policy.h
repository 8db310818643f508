// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// When something that died may be started again: attempts per interval, doubled delay (words of
// Nomad, intensity of OTP). Pure: the time comes in, a decision goes out.
#pragma once

#include <chrono>
#include <deque>

#include "base/clock.h"
#include "model/deployment.h"

namespace arcella::model {

struct RestartDecision {
  bool give_up = false;
  std::chrono::milliseconds delay{0};
};

// Owner: whoever restarts.  Not thread-safe.
class RestartTracker {
 public:
  explicit RestartTracker(RestartFields policy) : policy_(policy) {}
  // Called at each death.
  [[nodiscard]] RestartDecision on_death(MonotonicTime now);
  // Forgets the past: an explicit start by hand.
  void reset() { deaths_.clear(); }
  [[nodiscard]] int total() const noexcept { return total_; }  // restarts since the daemon started

 private:
  RestartFields policy_;
  std::deque<MonotonicTime> deaths_;  // within the interval
  int total_ = 0;
};

}  // namespace arcella::model
