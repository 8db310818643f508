// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "aio/await.h"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace arcella::aio {

Error cancelled_error() {
  return {ErrorCode::Cancelled, "the operation was cancelled"};
}

Error error_from(const boost::system::error_code& code, std::string_view what) {
  if (code == boost::asio::error::operation_aborted) return cancelled_error();
  return Error::from_errno(code.value(), what);
}

Task<> yield() {
  co_await boost::asio::post(kAsTuple);
}

Task<Result<void>> sleep_for(std::chrono::nanoseconds time) {
  if (is_cancelled(co_await boost::asio::this_coro::cancellation_state)) {
    co_return Unexpected(cancelled_error());
  }
  auto executor = co_await boost::asio::this_coro::executor;
  boost::asio::steady_timer timer(executor, time);
  auto [error] = co_await timer.async_wait(kAsTuple);
  if (error) co_return Unexpected(cancelled_error());
  co_return Result<void>();
}

}  // namespace arcella::aio
