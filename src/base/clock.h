// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <chrono>
#include <cstdint>

namespace arcella {

using MonotonicTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

// As events and log lines keep a moment.
[[nodiscard]] inline std::int64_t milliseconds_since_epoch(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

// Where time comes from: passed in, never read deep inside, so that policies are tested with
// testing/fake_clock.h. Thread: any.
class Clock {
 public:
  virtual ~Clock() = default;
  // For deadlines, backoff and durations; unmoved by changes of the wall clock.
  [[nodiscard]] virtual MonotonicTime monotonic_now() const = 0;
  // For people: log lines and "since" columns.
  [[nodiscard]] virtual WallTime wall_now() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] MonotonicTime monotonic_now() const override {
    return std::chrono::steady_clock::now();
  }
  [[nodiscard]] WallTime wall_now() const override { return std::chrono::system_clock::now(); }
};

}  // namespace arcella
