// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "host/waiting_calls.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/limits.h"
#include "host/call_refusal.h"

namespace arcella::host {

using engine::CallOutcomeView;
using engine::Outcome;
using std::chrono::milliseconds;

namespace {

MonotonicTime now() {
  return std::chrono::steady_clock::now();
}

}  // namespace

// From its first attempt to its end; tried by one thread at a time.
class WaitingCalls::Call final : public engine::CallHandle::State,
                                 public std::enable_shared_from_this<Call> {
 public:
  Call(std::shared_ptr<WaitingCalls> owner, Attempt attempt, std::span<const std::byte> arguments,
       milliseconds timeout, engine::CallDone done)
      : begun_(now()),
        owner_(std::move(owner)),
        attempt_(std::move(attempt)),
        arguments_(arguments.begin(), arguments.end()),
        timeout_(timeout),
        done_(std::move(done)) {}

  void go() {
    if (cancelled_) return end(refuse_call(Outcome::Cancelled, "cancelled"));
    std::uint64_t number = 0;
    {
      const MutexLock lock(mutex_);
      number = ++attempts_;
    }
    engine::CallHandle handle =
        attempt_(arguments_, time_left(),
                 [self = shared_from_this()](const CallOutcomeView& how) { self->attempted(how); });
    {
      const MutexLock lock(mutex_);
      // Waiting again by now, or even tried again by another thread.
      if (number != attempts_ || !done_) return;
      inner_ = handle;
    }
    if (cancelled_) handle.cancel();
  }

  void cancel() override {
    cancelled_ = true;
    if (owner_->remove(*this)) return end(refuse_call(Outcome::Cancelled, "cancelled"));
    engine::CallHandle handle;
    {
      const MutexLock lock(mutex_);
      handle = inner_;
    }
    handle.cancel();
  }

  void end(const CallOutcomeView& how) {
    engine::CallDone done;
    {
      const MutexLock lock(mutex_);
      done.swap(done_);
      inner_ = {};
    }
    if (done) done(how);
  }

  [[nodiscard]] bool may_wait() const { return !cancelled_ && now() < begun_ + owner_->patience_; }
  [[nodiscard]] std::size_t bytes() const { return arguments_.size(); }

 private:
  void attempted(const CallOutcomeView& how) {
    if (how.outcome != Outcome::NotReady) return end(how);
    // Not touched after it: another thread may try it at once.
    std::string why(how.message);
    if (owner_->add(shared_from_this())) return;
    if (cancelled_) return end(refuse_call(Outcome::Cancelled, "cancelled"));
    const auto waited = std::chrono::duration_cast<milliseconds>(now() - begun_);
    if (waited.count() > 0) why += " (waited " + std::to_string(waited.count()) + " ms)";
    end(refuse_call(Outcome::Unavailable, std::move(why)));
  }

  // Of its own timeout; past it, whoever set that ends the call.
  [[nodiscard]] milliseconds time_left() const {
    if (timeout_.count() == 0) return timeout_;
    const auto waited = std::chrono::duration_cast<milliseconds>(now() - begun_);
    return std::max(timeout_ - waited, milliseconds(1));
  }

  const MonotonicTime begun_;
  const std::shared_ptr<WaitingCalls> owner_;
  const Attempt attempt_;
  const std::vector<std::byte> arguments_;
  const milliseconds timeout_;
  std::atomic<bool> cancelled_ = false;
  Mutex mutex_;
  engine::CallDone done_ ARCELLA_GUARDED_BY(mutex_);  // empty: it has ended
  std::uint64_t attempts_ ARCELLA_GUARDED_BY(mutex_) = 0;
  engine::CallHandle inner_ ARCELLA_GUARDED_BY(mutex_);  // of the last attempt
};

engine::CallHandle WaitingCalls::begin(Attempt attempt, std::span<const std::byte> arguments,
                                       milliseconds timeout, engine::CallDone done) {
  auto call = std::make_shared<Call>(shared_from_this(), std::move(attempt), arguments, timeout,
                                     std::move(done));
  call->go();
  return engine::CallHandle(std::move(call));
}

void WaitingCalls::try_again() {
  for (CallPtr& call : take_all()) pool_.post([call = std::move(call)] { call->go(); });
}

void WaitingCalls::close(const std::string& why) {
  {
    const MutexLock lock(mutex_);
    closed_ = true;
  }
  for (const CallPtr& call : take_all()) call->end(refuse_call(Outcome::Unavailable, why));
}

bool WaitingCalls::add(const CallPtr& call) {
  const MutexLock lock(mutex_);
  if (closed_ || !call->may_wait() || waiting_.size() >= limits::kWaitingCallsMax ||
      bytes_ + call->bytes() > limits::kWaitingCallBytesMax)
    return false;
  waiting_.push_back(call);
  bytes_ += call->bytes();
  if (!std::exchange(timer_runs_, true)) {
    pool_.post_after(limits::kWaitingCallRetry, [self = shared_from_this()] {
      {
        const MutexLock timer_lock(self->mutex_);
        self->timer_runs_ = false;
      }
      self->try_again();
    });
  }
  return true;
}

bool WaitingCalls::remove(const Call& call) {
  CallPtr removed;  // outlives the lock
  const MutexLock lock(mutex_);
  const auto found = std::ranges::find(waiting_, &call, &CallPtr::get);
  if (found == waiting_.end()) return false;
  removed = std::move(*found);
  waiting_.erase(found);
  bytes_ -= call.bytes();
  return true;
}

std::vector<WaitingCalls::CallPtr> WaitingCalls::take_all() {
  std::vector<CallPtr> taken;
  const MutexLock lock(mutex_);
  taken.swap(waiting_);
  bytes_ = 0;
  return taken;
}

}  // namespace arcella::host
