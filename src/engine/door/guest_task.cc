// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "engine/door/guest_task.h"

#include <algorithm>
#include <utility>

namespace arcella::engine {

namespace {

const CallContext no_context;
thread_local const CallContext* context_of_thread = &no_context;

}  // namespace

const CallContext& current_context() noexcept {
  return *context_of_thread;
}

InContext::InContext(const CallContext& context) noexcept
    : before_(std::exchange(context_of_thread, &context)) {}

InContext::~InContext() {
  context_of_thread = before_;
}

void GuestTask::run() {
  // An exchange, not a store: whoever called wake() while this was Scheduled wrote to phase_ as
  // well (see there), so what it did before, a cancel() for one, is seen by the poll that follows.
  phase_.exchange(Phase::Polling, std::memory_order_acq_rel);
  if (!poll()) {
    leave();
    return;
  }
  phase_.store(Phase::Done, std::memory_order_release);
  {
    const InContext scope(context_);
    finished(**task_);
  }
  let_go();
}

bool GuestTask::poll() {
  const InContext scope(context_);
  door::Task& task = **task_;
  if (!cancelled_.load(std::memory_order_acquire)) return task.poll(*this);
  task.cancel();
  return true;
}

void GuestTask::close() {
  phase_.store(Phase::Done, std::memory_order_release);
  let_go();
}

void GuestTask::let_go() {
  // A waker may outlive the call, and be kept by what the call itself keeps: a store holds the last
  // one that waited in it, the context of the call holds the replica, the replica holds the store.
  task_.reset();
  context_.reset();
}

void GuestTask::leave() {
  Phase polling = Phase::Polling;
  if (phase_.compare_exchange_strong(polling, Phase::Idle, std::memory_order_acq_rel)) return;
  // Woken while it ran, by itself when it used up its slice: once more, after what the executor has
  // in its queue.
  phase_.store(Phase::Scheduled, std::memory_order_release);
  post();
}

void GuestTask::cancel() {
  cancelled_.store(true, std::memory_order_release);
  wake();
}

GuestTask::Phase GuestTask::when_woken(Phase phase) noexcept {
  if (phase == Phase::Idle) return Phase::Scheduled;
  return phase == Phase::Polling ? Phase::Woken : phase;
}

void GuestTask::wake() const noexcept {
  Phase phase = phase_.load(std::memory_order_acquire);
  // Written even where it stays as it is: a mere load that finds Scheduled could be of a moment at
  // which run() has already passed on to look at what this thread wrote before it called wake(),
  // and did not find it yet. Of two writes to phase_ one is the later, and it sees the other's
  // past.
  do {
    if (phase == Phase::Done) return;
  } while (!phase_.compare_exchange_weak(phase, when_woken(phase), std::memory_order_acq_rel));
  if (phase == Phase::Idle) post();
}

std::shared_ptr<door::TaskWaker> GuestTask::share() const noexcept {
  // The adapter hands wakers on as const; only wake() and share() are ever called through them.
  return std::const_pointer_cast<GuestTask>(shared_from_this());
}

void GuestTask::post() const {
  executor_.post([self = std::const_pointer_cast<GuestTask>(shared_from_this())] { self->run(); });
}

void CallTask::finished(door::Task& task) {
  // What the callback captured goes with the call, not with the last waker.
  const CallDone done = std::move(done_);
  door::tell(done, task);
}

void FirstPoll::end() const {
  if (task_ != nullptr) task_->close();
}

std::shared_ptr<CallTask> FirstPoll::go_on(rust::Box<door::Task> task, CallDone done) const {
  const std::shared_ptr<CallTask>& shared = this->task();
  shared->adopt(std::move(task));
  shared->tell(std::move(done));
  if (woken_.load(std::memory_order_relaxed)) shared->wake();
  return shared;
}

const std::shared_ptr<CallTask>& FirstPoll::task() const {
  if (task_ == nullptr) task_ = std::make_shared<CallTask>(executor_, context_);
  return task_;
}

void PendingCalls::add(std::weak_ptr<GuestTask> task) {
  const MutexLock lock(mutex_);
  if (tasks_.size() >= sweep_at_) {
    std::erase_if(tasks_, [](const std::weak_ptr<GuestTask>& candidate) {
      const auto alive = candidate.lock();
      return alive == nullptr || alive->done();
    });
    sweep_at_ = std::max<std::size_t>(16, tasks_.size() * 2);
  }
  tasks_.push_back(std::move(task));
}

void PendingCalls::cancel_all() {
  std::vector<std::weak_ptr<GuestTask>> tasks;
  {
    const MutexLock lock(mutex_);
    tasks.swap(tasks_);
  }
  for (const auto& task : tasks) {
    if (const auto alive = task.lock()) alive->cancel();
  }
}

}  // namespace arcella::engine
