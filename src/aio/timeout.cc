// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "aio/timeout.h"

#include <string>

namespace arcella::aio::detail {

void TimeoutState::arm(const std::shared_ptr<TimeoutState>& self, std::chrono::nanoseconds limit) {
  timer.expires_after(limit);
  timer.async_wait([self](const boost::system::error_code& error) {
    if (error || self->done) return;
    self->fired = true;
    self->signal.emit(boost::asio::cancellation_type::terminal);
  });
}

Error deadline_error(std::chrono::nanoseconds limit) {
  auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(limit).count();
  return {ErrorCode::DeadlineExceeded,
          "not finished within " + std::to_string(milliseconds) + " ms"};
}

}  // namespace arcella::aio::detail
