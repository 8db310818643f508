// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/operation.h"

namespace arcella::runtime {

aio::Task<Result<void>> not_taken_back() {
  if (aio::is_cancelled(co_await boost::asio::this_coro::cancellation_state))
    co_return fail(aio::cancelled_error());
  co_return Result<void>();
}

aio::Task<Result<void>> PointOfNoReturn::pass() {
  ARCELLA_CO_TRY_VOID(co_await not_taken_back());
  passed_ = true;
  co_return Result<void>();
}

}  // namespace arcella::runtime
