// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include "aio/event.h"
#include "aio/task.h"
#include "base/result.h"
#include "engine/call.h"

namespace arcella::runtime {

// A call between its begin and its end on an engine's thread, and the coroutine on the control
// thread that waits for it and may be cancelled first.
// Owners (shared): the coroutine and the call's CallDone.
class PendingCall final : public std::enable_shared_from_this<PendingCall> {
 public:
  explicit PendingCall(boost::asio::any_io_executor control)
      : control_(std::move(control)), ended_(control_) {}

  // From any thread. Its end, once.
  void end(Result<engine::CallOutcome> outcome);
  [[nodiscard]] engine::CallDone done();
  // From any thread, also after its end: how to cancel it.
  void begun(engine::CallHandle handle);

  // Control thread, once. The outcome. DeadlineExceeded with `too_late` after `patience`,
  // Cancelled: then the call is cancelled too.
  aio::Task<Result<engine::CallOutcome>> wait(std::chrono::milliseconds patience,
                                              std::string too_late);

 private:
  const boost::asio::any_io_executor control_;
  // Only the control thread touches what follows.
  aio::Event ended_;
  std::optional<Result<engine::CallOutcome>> outcome_;
  engine::CallHandle handle_;
  bool abandoned_ = false;  // nobody waits any more
};

}  // namespace arcella::runtime
