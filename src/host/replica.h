// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "engine/instance.h"
#include "host/engine_pool.h"
#include "host/hosted_deployment.h"
#include "host/least_busy.h"

namespace arcella::host {

// Counts what runs guests, so that the host can wait until nothing of it refers to the pool and the
// engine any more. Owners (shared): InstanceHost and the guests' tokens, for the host may have to
// go first.  Thread: any.
class LiveGuests {
 public:
  // One guest; the last member to go of what owns the guest.
  class Token {
   public:
    explicit Token(std::shared_ptr<LiveGuests> guests) : guests_(std::move(guests)) {
      guests_->add();
    }
    ~Token() { guests_->remove(); }
    Token(const Token&) = delete;
    Token& operator=(const Token&) = delete;

   private:
    const std::shared_ptr<LiveGuests> guests_;
  };
  void wait_until_none();

 private:
  void add();
  void remove();

  Mutex mutex_;
  ConditionVariable none_;
  int count_ ARCELLA_GUARDED_BY(mutex_) = 0;
};

// One replica of a service or one run of a command: its store, its output, its calls.
// Owners (shared): the deployment's list and the calls in progress. Whoever lets go last may be the
// engine in the middle of a poll, so the end of a replica is a piece of work of its own: see
// make_replica().
struct Replica : Load, std::enable_shared_from_this<Replica> {
  enum class State { Starting, Ready, Stopping, Ended };
  struct OpenCall {
    std::uint64_t id;
    engine::CallHandle handle;
  };

  Replica(std::shared_ptr<LiveGuests> guests, HostListener& listener, model::InstanceId id,
          std::shared_ptr<const engine::InstancePre> linked)
      : token(std::move(guests)), pre(std::move(linked)), output(listener, std::move(id)) {}

  // Nothing is in it, and nothing comes without being admitted. Under the deployment's mutex.
  [[nodiscard]] bool idle() const noexcept { return calls == 0 && !direct; }

  // Constant after construction; `instance` from the moment it is Ready.
  const LiveGuests::Token token;
  const std::shared_ptr<const engine::InstancePre>
      pre;  // shared with the deployment and its other replicas
  InstanceOutput output;
  std::unique_ptr<engine::Instance> instance;  // null for a command

  // Guarded by the deployment's mutex.
  State state = State::Starting;
  bool announcing = false;                  // `Started` is being reported: what follows has to wait
  std::optional<InstanceReport> last_word;  // what had to wait
  bool shutdown_begun = false;
  bool direct = false;  // it is offered for direct calls, or one is in it
  MonotonicTime stop_by{};
  std::vector<std::shared_ptr<const engine::Instance::Function>>
      functions;  // by number; filled at first use
  std::vector<OpenCall> open_calls;
};

[[nodiscard]] std::shared_ptr<Replica> make_replica(EnginePool& pool,
                                                    std::shared_ptr<LiveGuests> guests,
                                                    HostListener& listener, model::InstanceId id,
                                                    std::shared_ptr<const engine::InstancePre> pre);

}  // namespace arcella::host
