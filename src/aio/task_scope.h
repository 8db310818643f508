// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The owner of running coroutines, after Seastar's gate: it refuses new work when it is closing,
// asks the old work to end, and waits for it. There is no other way to start a coroutine that
// nobody awaits.
//
//   scope.spawn(read_loop(socket));
//   ...
//   scope.cancel();
//   co_await scope.join();
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "aio/event.h"
#include "aio/task.h"

namespace arcella::aio {

// Owner: the object whose members the coroutines use.  Thread: the executor's.
// Stop: cancel() (or not) and co_await join() must have completed before destruction; the
// destructor checks it.
class TaskScope {
 public:
  explicit TaskScope(boost::asio::any_io_executor executor);
  ~TaskScope();
  TaskScope(const TaskScope&) = delete;
  TaskScope& operator=(const TaskScope&) = delete;

  // On the loop's own thread the task runs at once, up to its first wait; from outside, in the next
  // turn of the loop. False after cancel() or close(): the task is dropped unstarted. A task that
  // throws is a bug: the process dies.
  bool spawn(Task<> task);
  // The same, and what asks this one task to end (nothing, once it has ended). Empty when refused.
  std::function<void()> spawn_stoppable(Task<> task);
  // Refuses new tasks; the old ones go on.
  void close() noexcept { closed_ = true; }
  // close(), and asks every task to end (see aio/await.h). May be called from one of the tasks.
  void cancel();
  // Until no task is left; also when the caller is cancelled. Not from one of the tasks: it would
  // wait for itself.
  Task<> join();

  [[nodiscard]] std::size_t size() const noexcept { return tasks_.size(); }
  [[nodiscard]] bool closed() const noexcept { return closed_; }

 private:
  boost::asio::any_io_executor executor_;
  // Each owned by this list alone.
  std::list<std::shared_ptr<boost::asio::cancellation_signal>> tasks_;
  Event empty_;
  bool closed_ = false;
};

}  // namespace arcella::aio
