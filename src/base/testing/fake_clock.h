// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <chrono>

#include "base/clock.h"

namespace arcella::testing {

// A clock that moves only when the test says so. Starts at an arbitrary instant that is not the
// epoch, so that a value that was never set cannot pass for "now". Thread: one.
class FakeClock final : public Clock {
 public:
  [[nodiscard]] MonotonicTime monotonic_now() const override { return monotonic_; }
  [[nodiscard]] WallTime wall_now() const override { return wall_; }

  void advance(std::chrono::nanoseconds by) {
    monotonic_ += std::chrono::duration_cast<MonotonicTime::duration>(by);
    wall_ += std::chrono::duration_cast<WallTime::duration>(by);
  }
  // Somebody sets the machine's clock: durations must not notice.
  void set_wall(WallTime to) { wall_ = to; }

 private:
  MonotonicTime monotonic_{std::chrono::hours(1)};
  WallTime wall_{std::chrono::hours(24 * 365 * 50)};
};

}  // namespace arcella::testing
