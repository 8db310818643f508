// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// How an operation is run for a client that may go away, or change its mind.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "aio/await.h"
#include "aio/event.h"
#include "aio/task_scope.h"
#include "base/result.h"
#include "runtime/event_log.h"

namespace arcella::runtime {

// The work's result; a failure is an event. `operation` and `subject` are what was asked for.
template <class T>
aio::Task<Result<T>> recorded(EventLog& events, std::string operation, std::string subject,
                              aio::Task<Result<T>> work) {
  auto result = co_await std::move(work);
  if (!result.has_value()) {
    events.record(model::EventKind::OperationFailed, std::move(subject),
                  operation + ": " + result.error().message());
  }
  co_return result;
}

// An operation that changes state runs to its end in a scope of the runtime, whether or not the
// client that asked for it is still there: what is half done would have to be undone. Shared by the
// operation and by who waits for it.
template <class T>
struct Shielded {
  explicit Shielded(const boost::asio::any_io_executor& executor) : done(executor) {}
  aio::Event done;
  std::optional<Result<T>> result;
};

template <class T>
aio::Task<void> run_shielded(std::shared_ptr<Shielded<T>> state, aio::Task<Result<T>> work) {
  state->result = co_await std::move(work);
  state->done.set();
}

template <class T>
aio::Task<Result<T>> shield(aio::TaskScope& scope, aio::Task<Result<T>> work) {
  auto executor = co_await boost::asio::this_coro::executor;
  auto state = std::make_shared<Shielded<T>>(executor);
  if (!scope.spawn(run_shielded<T>(state, std::move(work)))) {
    co_return fail(ErrorCode::Unavailable, "the daemon is shutting down");
  }
  auto waited = co_await state->done.wait();
  if (!state->result) co_return fail(waited.has_value() ? aio::cancelled_error() : waited.error());
  co_return std::move(*state->result);
}

// For the steps between which an operation can be taken back: Cancelled, if it has been.
aio::Task<Result<void>> not_taken_back();

// Where an operation that can be taken back begins to change what runs: from there on it goes to
// its end. Owner: whoever runs the operation, as long as it runs.  Thread: control.
class PointOfNoReturn {
 public:
  // Cancelled: it has been taken back before.
  aio::Task<Result<void>> pass();
  [[nodiscard]] bool passed() const noexcept { return passed_; }

 private:
  bool passed_ = false;
};

// The same for an operation that can be taken back: when the caller is cancelled, so is the work,
// until it has passed its point of no return, if it has one. It has ended when this returns, and
// its own result says whether it still was in time.
template <class T>
aio::Task<Result<T>> cancellable(aio::TaskScope& scope, aio::Task<Result<T>> work,
                                 const PointOfNoReturn* point = nullptr) {
  auto executor = co_await boost::asio::this_coro::executor;
  auto state = std::make_shared<Shielded<T>>(executor);
  auto stop = scope.spawn_stoppable(run_shielded<T>(state, std::move(work)));
  if (!stop) co_return fail(ErrorCode::Unavailable, "the daemon is shutting down");
  auto waited = co_await state->done.wait();
  const bool too_late = point != nullptr && point->passed();
  if (!waited.has_value() && !too_late) stop();
  co_await state->done.wait_uncancelled();
  co_return std::move(*state->result);
}

}  // namespace arcella::runtime
