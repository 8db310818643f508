// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "aio/event.h"

#include <boost/asio/bind_cancellation_slot.hpp>

#include "aio/await.h"

namespace arcella::aio {

Event::Event(const boost::asio::any_io_executor& executor)
    : never_(executor, boost::asio::steady_timer::time_point::max()) {}

void Event::set() {
  if (set_) return;
  set_ = true;
  never_.cancel();
}

void Event::notify() {
  ++notified_;
  never_.cancel();
}

Task<Result<void>> Event::wait() {
  auto state = co_await boost::asio::this_coro::cancellation_state;
  std::uint64_t before = notified_;
  while (!set_ && notified_ == before) {
    if (is_cancelled(state)) co_return Unexpected(cancelled_error());
    co_await never_.async_wait(kAsTuple);
  }
  co_return Result<void>();
}

Task<> Event::wait_uncancelled() {
  auto token = boost::asio::bind_cancellation_slot(boost::asio::cancellation_slot(), kAsTuple);
  std::uint64_t before = notified_;
  while (!set_ && notified_ == before) co_await never_.async_wait(token);
}

}  // namespace arcella::aio
