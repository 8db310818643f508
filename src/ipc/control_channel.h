// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The control channel: messages of ipc/control_message.h, each a frame, with descriptors beside
// them. Who asked what, and until when an answer is waited for, is the supervisor's.
#pragma once

#include <cstddef>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "aio/framed_socket.h"
#include "aio/task.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "ipc/control_message.h"

namespace arcella::ipc {

struct FromDaemon {
  ToWorker message;
  std::vector<UniqueFd> fds;
};

// The daemon's half. Descriptors that a worker sends are closed: it has none to give.
// Owner: the supervisor's worker.  Thread: control.  Stop: as aio::FramedSocket.
class DaemonControlChannel {
 public:
  DaemonControlChannel(const boost::asio::any_io_executor& executor, UniqueFd socket);

  // Any error but Cancelled means that the channel is of no more use: Unavailable: the worker
  // closed it; else it broke the protocol.
  aio::Task<Result<FromWorker>> receive();
  // Never waits. LimitExceeded when the worker does not read (limits::kControlOutboxBytesMax).
  Result<void> send(const ToWorker& message, std::vector<UniqueFd> fds = {});
  void shutdown() noexcept { socket_.shutdown(); }
  void close() noexcept { socket_.close(); }

 private:
  aio::FramedSocket socket_;
};

// The worker's half.
// Owner: the worker's main.  Thread: the one that runs the executor; other threads post to it.
class WorkerControlChannel {
 public:
  WorkerControlChannel(const boost::asio::any_io_executor& executor, UniqueFd socket);

  // Unavailable: the daemon is gone, the worker ends.
  aio::Task<Result<FromDaemon>> receive();
  Result<void> send(const FromWorker& message);
  // Until everything is written: before the process ends.
  aio::Task<Result<void>> drain() { return socket_.drain(); }
  // What the daemon has not taken yet: past limits::kOutputQueuedBytesMax output is dropped and
  // counted, so that there is always room for Replies.
  [[nodiscard]] std::size_t queued_bytes() const noexcept { return socket_.queued_bytes(); }
  void close() noexcept { socket_.close(); }

 private:
  aio::FramedSocket socket_;
};

}  // namespace arcella::ipc
