// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Runs an operation under a deadline: `co_await with_timeout(limits::kWorkerReadyTimeout,
// channel.receive())`.
#pragma once

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>

#include "aio/await.h"
#include "base/check.h"

namespace arcella::aio {
namespace detail {

// Shared by the waiting coroutine, the timer's handler and the cancellation slot's: any of them may
// be the last to go.
struct TimeoutState {
  explicit TimeoutState(const boost::asio::any_io_executor& executor) : timer(executor) {}
  void arm(const std::shared_ptr<TimeoutState>& self, std::chrono::nanoseconds limit);

  boost::asio::steady_timer timer;
  boost::asio::cancellation_signal signal;
  bool fired = false;
  bool done = false;
};

[[nodiscard]] Error deadline_error(std::chrono::nanoseconds limit);

template <class T>
Task<> run_into(Task<Result<T>> task, std::optional<Result<T>>& result) {
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  result = co_await std::move(task);
}

}  // namespace detail

// The task's result, or DeadlineExceeded: the task is then cancelled, and has ended when this
// returns. A task that succeeds all the same has succeeded.
template <class T>
Task<Result<T>> with_timeout(std::chrono::nanoseconds limit, Task<Result<T>> task) {
  auto executor = co_await boost::asio::this_coro::executor;
  auto outer = co_await boost::asio::this_coro::cancellation_state;
  if (is_cancelled(outer)) co_return Unexpected(cancelled_error());
  auto state = std::make_shared<detail::TimeoutState>(executor);
  state->arm(state, limit);
  auto forward = [state](boost::asio::cancellation_type type) { state->signal.emit(type); };
  auto outer_slot = outer.slot();
  if (outer_slot.is_connected()) outer_slot.assign(forward);

  std::optional<Result<T>> result;
  auto token = boost::asio::bind_cancellation_slot(state->signal.slot(), kAsTuple);
  auto child = detail::run_into<T>(std::move(task), result);
  auto [exception] = co_await boost::asio::co_spawn(executor, std::move(child), token);
  if (outer_slot.is_connected()) outer_slot.clear();
  state->done = true;
  state->timer.cancel();
  ARCELLA_CHECK(!exception && result.has_value(), "a task reports its failure as a Result");
  if (state->fired && !result->has_value()) co_return Unexpected(detail::deadline_error(limit));
  co_return std::move(*result);
}

}  // namespace arcella::aio
