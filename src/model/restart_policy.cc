// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/restart_policy.h"

#include <algorithm>
#include <cstddef>

namespace arcella::model {
namespace {

// The first delay doubled for each death before, never past the bound.
std::chrono::milliseconds doubled(std::chrono::milliseconds delay, std::size_t times) {
  for (; times > 0 && delay < limits::kRestartDelayMax; --times) delay *= 2;
  return std::min(delay, limits::kRestartDelayMax);
}

}  // namespace

RestartDecision RestartTracker::on_death(MonotonicTime now) {
  while (!deaths_.empty() && now - deaths_.front() >= policy_.interval) deaths_.pop_front();
  deaths_.push_back(now);
  auto allowed = static_cast<std::size_t>(std::max(policy_.attempts, 0));
  bool exceeded = deaths_.size() > allowed;
  if (exceeded && policy_.give_up) return {true, std::chrono::milliseconds(0)};

  ++total_;
  RestartDecision decision{false, doubled(policy_.delay, deaths_.size() - 1)};
  if (exceeded) {
    // Until the interval that these deaths fill is over. What is kept stays bounded by the
    // attempts.
    auto rest =
        std::chrono::ceil<std::chrono::milliseconds>(deaths_.front() + policy_.interval - now);
    decision.delay = std::max(decision.delay, rest);
    while (deaths_.size() > allowed) deaths_.pop_front();
  }
  return decision;
}

}  // namespace arcella::model
