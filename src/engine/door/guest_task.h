// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// One future of the adapter, driven by us: polled first on the thread that started it, later
// wherever the Executor runs what the waker posts. Private to src/engine.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/mutex.h"
#include "engine/door/door.h"

namespace arcella::engine {

// The context of the call that this thread polls; null: none.
[[nodiscard]] const CallContext& current_context() noexcept;

// Makes `context` the current one, as long as this lives.
class InContext {
 public:
  explicit InContext(const CallContext& context) noexcept;
  ~InContext();
  InContext(const InContext&) = delete;
  InContext& operator=(const InContext&) = delete;

 private:
  const CallContext* const before_;
};

// Owners: the caller's CallHandle, whatever was posted to the executor, and the wakers that timers
// and sockets hold; none of them knows which is the last, hence shared.  Thread: any; it is polled
// by one thread at a time. What is left of it once it is over holds nothing: a waker may be kept
// for as long as the store in which it waited.
class GuestTask : public CallHandle::State,
                  public door::TaskWaker,
                  public std::enable_shared_from_this<GuestTask> {
 public:
  // `executor` outlives the task. It counts as being polled until run() or leave() is called.
  explicit GuestTask(Executor& executor, CallContext context = nullptr)
      : executor_(executor), context_(std::move(context)) {}

  // Before run() or leave().
  void adopt(rust::Box<door::Task> task) { task_.emplace(std::move(task)); }
  // Polls on this thread. Called by the starter, from then on only by what wake() posts.
  void run();
  // The poll is over, the work is not: from now on wake() posts it.
  void leave();
  // There is nothing (more) to be polled. Only by who polls it.
  void close();
  [[nodiscard]] bool done() const noexcept {
    return phase_.load(std::memory_order_acquire) == Phase::Done;
  }

  void cancel() override;
  void wake() const noexcept override;
  [[nodiscard]] std::shared_ptr<door::TaskWaker> share() const noexcept override;

 protected:
  // Called once, on the thread that polled last.
  virtual void finished(door::Task& task) = 0;

 private:
  enum class Phase : std::uint8_t {
    Idle,       // waits for wake()
    Scheduled,  // posted
    Polling,    // some thread polls
    Woken,      // the same, and wake() was called meanwhile
    Done,
  };
  [[nodiscard]] static Phase when_woken(Phase phase) noexcept;
  [[nodiscard]] bool poll();  // whether it ended
  void let_go();
  void post() const;

  Executor& executor_;
  CallContext context_;                        // only the thread that polls; null once it is over
  std::optional<rust::Box<door::Task>> task_;  // the same
  mutable std::atomic<Phase> phase_{Phase::Polling};
  std::atomic<bool> cancelled_{false};
};

// A call or a command, with whom to tell.
class CallTask final : public GuestTask {
 public:
  using GuestTask::GuestTask;
  void tell(CallDone done) { done_ = std::move(done); }

 private:
  void finished(door::Task& task) override;

  CallDone done_;
};

// The waker of a call's first poll, on the stack: most calls end in it and never need a CallTask,
// which is made when the future first keeps a waker, or when the poll is over and the call is not.
class FirstPoll final : public door::TaskWaker {
 public:
  FirstPoll(Executor& executor, CallContext context)
      : executor_(executor), context_(std::move(context)) {}
  ~FirstPoll() override = default;
  FirstPoll(const FirstPoll&) = delete;
  FirstPoll& operator=(const FirstPoll&) = delete;

  [[nodiscard]] InContext in_context() const noexcept { return InContext(context_); }
  // Ended: whatever wakes later finds nothing to do.
  void end() const;
  // Not ended: goes on as a task of its own.
  [[nodiscard]] std::shared_ptr<CallTask> go_on(rust::Box<door::Task> task, CallDone done) const;

  void wake() const noexcept override { woken_.store(true, std::memory_order_relaxed); }
  [[nodiscard]] std::shared_ptr<door::TaskWaker> share() const noexcept override { return task(); }

 private:
  const std::shared_ptr<CallTask>& task() const;

  Executor& executor_;
  const CallContext context_;
  mutable std::shared_ptr<CallTask> task_;
  mutable std::atomic<bool> woken_{false};
};

// The calls of one instance that did not end on the thread that started them, to be cancelled with
// it. Thread: any.
class PendingCalls {
 public:
  void add(std::weak_ptr<GuestTask> task);
  void cancel_all();

 private:
  Mutex mutex_;
  // Ended ones are swept when it has doubled.
  std::vector<std::weak_ptr<GuestTask>> tasks_ ARCELLA_GUARDED_BY(mutex_);
  std::size_t sweep_at_ ARCELLA_GUARDED_BY(mutex_) = 16;
};

}  // namespace arcella::engine
