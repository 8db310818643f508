// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "aio/task_scope.h"

#include <exception>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>

#include "aio/await.h"
#include "base/check.h"

namespace arcella::aio {
namespace {

// Asio would otherwise throw out of the first co_await after a cancellation.
Task<> without_throwing(Task<> task) {
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  co_await std::move(task);
}

}  // namespace

TaskScope::TaskScope(boost::asio::any_io_executor executor)
    : executor_(std::move(executor)), empty_(executor_) {
  empty_.set();
}

TaskScope::~TaskScope() {
  ARCELLA_CHECK(tasks_.empty(), "join() comes before destruction: the tasks use their owner");
}

bool TaskScope::spawn(Task<> task) {
  return spawn_stoppable(std::move(task)) != nullptr;
}

std::function<void()> TaskScope::spawn_stoppable(Task<> task) {
  if (closed_) return nullptr;
  auto signal = std::make_shared<boost::asio::cancellation_signal>();
  std::weak_ptr<boost::asio::cancellation_signal> remembered = signal;
  auto own = tasks_.insert(tasks_.end(), std::move(signal));
  empty_.reset();
  auto ended = [this, own](std::exception_ptr error) {
    ARCELLA_CHECK(!error, "a task reports its failure itself");
    tasks_.erase(own);
    if (tasks_.empty()) empty_.set();
  };
  boost::asio::co_spawn(executor_, without_throwing(std::move(task)),
                        boost::asio::bind_cancellation_slot((*own)->slot(), ended));
  return [remembered = std::move(remembered)] {
    if (auto running = remembered.lock()) running->emit(boost::asio::cancellation_type::terminal);
  };
}

void TaskScope::cancel() {
  closed_ = true;
  for (auto& task : tasks_) task->emit(boost::asio::cancellation_type::terminal);
}

Task<> TaskScope::join() {
  co_await empty_.wait_uncancelled();
}

}  // namespace arcella::aio
