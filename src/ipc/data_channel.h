// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The data channel: calls to a worker and their results, as frames of ipc/data_frame.h on a stream
// socket. Any number of calls are under way; each Call is answered by exactly one Result with the
// same `request`, in any order. This is the daemon's half, which lives on its control thread and
// never waits. The worker's is worker/data_port.h: it is read and written by the very threads that
// run guests, so that a call costs one wake-up on each side.
//
// The payload of a Result other than Returned is text: see FailureText. Specification:
// docs/ipc-protocol.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "aio/task.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "ipc/data_frame.h"

namespace arcella::ipc {

// What a call that did not return has to say: message, '\0', wasm backtrace.
struct FailureText {
  std::string message;
  std::string backtrace;
};
// From a worker: made valid UTF-8 without control characters, cut to
// limits::kFailureMessageBytesMax and kFailureBacktraceBytesMax.
[[nodiscard]] FailureText failure_text(std::span<const std::byte> payload);

struct DataReply {
  DataHeader header;
  std::vector<std::byte> payload;
};

// Owner: the supervisor's worker.  Thread: control.  Stop: close(), and run() must have returned,
// before destruction.
class DataChannel {
 public:
  using Done = std::function<void(Result<DataReply>)>;

  DataChannel(const boost::asio::any_io_executor& executor, UniqueFd socket);
  ~DataChannel();
  DataChannel(const DataChannel&) = delete;
  DataChannel& operator=(const DataChannel&) = delete;

  // Sends a Call; `header.kind`, `length` and `request` are set here. The payload is written at
  // once as far as the socket takes it, only the rest is copied. `done` runs exactly once: with the
  // Result, or Unavailable when the channel closes. Returns the number for cancel(), or 0 if `done`
  // already ran: LimitExceeded for a payload over its bound, Unavailable with
  // limits::kDataInFlightMax calls or kDataQueuedBytesMax under way, or when closed.
  std::uint64_t call(DataHeader header, std::span<const std::byte> payload, Done done);
  // Tells the worker, and runs `done` with Cancelled before it returns. Nothing happens for a call
  // that has ended.
  void cancel(std::uint64_t request);

  // Reads results until the channel closes; the error says why (Unavailable: the worker closed it;
  // InvalidRequest: it spoke nonsense). Closes the channel.
  aio::Task<Error> run();
  // The worker is known to be dead: run() returns when the results that have arrived are read.
  void shutdown() noexcept;
  // Fails what is under way with Unavailable and `reason`. Idempotent.
  void close(std::string reason);
  [[nodiscard]] int in_flight() const noexcept;

 private:
  struct State;
  // Shared with the handler of a write that waits for the socket: it may run after the destructor.
  std::shared_ptr<State> state_;
};

}  // namespace arcella::ipc
