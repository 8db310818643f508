// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The control thread: one io_context, run by the thread that calls run(), and the signals that end
// a process.
#pragma once

#include <exception>
#include <functional>
#include <initializer_list>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "aio/task.h"
#include "base/check.h"

namespace arcella::aio {

// A write to a closed socket or pipe is an error of that write, not the end of the process. Once,
// at the start of main.
void ignore_broken_pipes() noexcept;

// Owner: main.  Thread: the one that runs it.
class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  [[nodiscard]] boost::asio::io_context& io() noexcept { return io_; }
  [[nodiscard]] boost::asio::any_io_executor executor() { return io_.get_executor(); }

  // Calls `handler` on the loop's thread each time one of these signals comes; the default action
  // no longer happens. Once. The watch alone does not keep run() going.
  void on_signals(std::initializer_list<int> signals, std::function<void(int)> handler);

  // Runs `task` and everything else until the task has ended, and gives its value. What else is
  // still waiting then stays.
  template <class T>
  T run(Task<T> task) {
    std::optional<T> value;
    boost::asio::co_spawn(io_, run_into(std::move(task), value),
                          [this](const std::exception_ptr& error) {
                            ARCELLA_CHECK(!error, "a task reports its failure as a Result");
                            io_.stop();
                          });
    run_io();
    ARCELLA_CHECK(value.has_value(), "the task has ended");
    return std::move(*value);
  }

 private:
  template <class T>
  static Task<> run_into(Task<T> task, std::optional<T>& value) {
    value = co_await std::move(task);
  }
  void run_io();
  void wait_for_signal();

  boost::asio::io_context io_;
  boost::asio::signal_set signals_;
  std::function<void(int)> on_signal_;
};

}  // namespace arcella::aio
