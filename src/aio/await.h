// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The few words that every coroutine here needs. Asio operations are awaited with `kAsTuple`, so
// that errors come as values: `auto [error, count] = co_await socket.async_read_some(buffer,
// kAsTuple);`
//
// Cancellation: a TaskScope asks its coroutines to end; the operation that one is waiting in
// returns Cancelled, and so does every later one of aio. Nothing is thrown. A loop therefore ends
// at the first Cancelled it sees.
#pragma once

#include <chrono>
#include <string_view>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

#include "aio/task.h"
#include "base/result.h"

namespace arcella::aio {

inline constexpr boost::asio::as_tuple_t<boost::asio::use_awaitable_t<>> kAsTuple{
    boost::asio::use_awaitable_t<>{}};

// `is_cancelled(co_await boost::asio::this_coro::cancellation_state)`
[[nodiscard]] inline bool is_cancelled(const boost::asio::cancellation_state& state) noexcept {
  return state.cancelled() != boost::asio::cancellation_type::none;
}

[[nodiscard]] Error cancelled_error();
// Cancelled for operation_aborted, else as Error::from_errno.
[[nodiscard]] Error error_from(const boost::system::error_code& code, std::string_view what);

// Lets everything else that is ready on the thread run first: for loops that an outsider can keep
// busy.
Task<> yield();
// Cancelled, or nothing after the time.
Task<Result<void>> sleep_for(std::chrono::nanoseconds time);

}  // namespace arcella::aio
