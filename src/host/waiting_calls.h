// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "engine/call.h"
#include "host/engine_pool.h"

namespace arcella::host {

// Calls of one deployment's imports that found nobody ready to take them (Outcome::NotReady: no
// guest has seen them) and are tried again until somebody is, or their patience is over. Bounded:
// limits::kWaitingCallsMax and limits::kWaitingCallBytesMax; what does not fit is answered at once.
// Owners (shared): the deployment's Imports and the calls.  Thread: any; no lock is held while a
// call is tried or told its end.
class WaitingCalls final : public std::enable_shared_from_this<WaitingCalls> {
 public:
  // Tries the call once. The arguments live until it returns. `timeout` 0: none.
  using Attempt = std::function<engine::CallHandle(
      std::span<const std::byte> arguments, std::chrono::milliseconds timeout, engine::CallDone)>;

  // `patience`: how long a call may wait, whatever its own timeout. The pool outlives the calls.
  WaitingCalls(EnginePool& pool, std::chrono::milliseconds patience)
      : pool_(pool), patience_(patience) {}

  // The first attempt is made on this thread. `done` runs exactly once, on any thread, also before
  // this returns; Unavailable, when nobody was ready in time.
  engine::CallHandle begin(Attempt attempt, std::span<const std::byte> arguments,
                           std::chrono::milliseconds timeout, engine::CallDone done);
  // Somebody may be ready now: each is tried anew, on the pool. Also done now and then without it
  // (limits::kWaitingCallRetry), for a replica that comes back is no change of a binding.
  void try_again();
  // Nothing waits any more.
  void close(const std::string& why);

 private:
  class Call;
  using CallPtr = std::shared_ptr<Call>;

  // False: it may not wait (any longer).
  [[nodiscard]] bool add(const CallPtr& call);
  // False: it does not wait.
  [[nodiscard]] bool remove(const Call& call);
  [[nodiscard]] std::vector<CallPtr> take_all();

  EnginePool& pool_;
  const std::chrono::milliseconds patience_;
  Mutex mutex_;
  std::vector<CallPtr> waiting_ ARCELLA_GUARDED_BY(mutex_);  // first come, first
  std::size_t bytes_ ARCELLA_GUARDED_BY(mutex_) = 0;
  bool timer_runs_ ARCELLA_GUARDED_BY(mutex_) = false;
  bool closed_ ARCELLA_GUARDED_BY(mutex_) = false;
};

}  // namespace arcella::host
