// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "engine/call.h"

namespace arcella::host {

// The calls that were sent to another process and have no answer yet. Owner: CallPort. Thread: any;
// nothing is called back here.
class OutgoingCalls {
 public:
  // Takes `done` and gives the call's number, never 0 and never used again; or leaves it and gives
  // 0: limits::kDataInFlightMax calls are under way.
  [[nodiscard]] std::uint64_t add(engine::CallDone& done, MonotonicTime give_up);
  // Empty: there is no such call (any more).
  [[nodiscard]] engine::CallDone take(std::uint64_t request);
  [[nodiscard]] std::vector<engine::CallDone> take_all();

  struct Due {
    std::uint64_t request;
    engine::CallDone done;
  };
  // Those that are to be given up by now.
  [[nodiscard]] std::vector<Due> take_due(MonotonicTime now);
  [[nodiscard]] int count() const;

 private:
  // Free when `done` is empty. The generation tells a late answer from that of the slot's next
  // call.
  struct Slot {
    std::uint32_t generation = 1;
    engine::CallDone done;
    MonotonicTime give_up;
  };
  [[nodiscard]] engine::CallDone release(std::uint32_t index) ARCELLA_REQUIRES(mutex_);
  [[nodiscard]] std::uint64_t request_of(std::uint32_t index) const ARCELLA_REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::vector<Slot> slots_ ARCELLA_GUARDED_BY(mutex_);
  std::vector<std::uint32_t> free_ ARCELLA_GUARDED_BY(mutex_);
};

}  // namespace arcella::host
