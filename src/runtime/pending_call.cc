// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/pending_call.h"

#include <utility>

#include <boost/asio/post.hpp>

#include "aio/timeout.h"

namespace arcella::runtime {

void PendingCall::end(Result<engine::CallOutcome> outcome) {
  boost::asio::post(control_, [self = shared_from_this(), how = std::move(outcome)]() mutable {
    self->outcome_ = std::move(how);
    self->ended_.set();
  });
}

engine::CallDone PendingCall::done() {
  return [self = shared_from_this()](const engine::CallOutcomeView& outcome) {
    self->end(engine::CallOutcome(outcome));
  };
}

void PendingCall::begun(engine::CallHandle handle) {
  boost::asio::post(control_, [self = shared_from_this(), handle = std::move(handle)]() mutable {
    self->handle_ = std::move(handle);
    if (self->abandoned_) self->handle_.cancel();
  });
}

aio::Task<Result<engine::CallOutcome>> PendingCall::wait(std::chrono::milliseconds patience,
                                                         std::string too_late) {
  auto waited = co_await aio::with_timeout(patience, ended_.wait());
  if (outcome_) co_return std::move(*outcome_);
  abandoned_ = true;
  handle_.cancel();
  if (waited.error().code() != ErrorCode::DeadlineExceeded) co_return fail(waited.error());
  co_return fail(ErrorCode::DeadlineExceeded, std::move(too_late));
}

}  // namespace arcella::runtime
