// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "ipc/control_channel.h"

#include <utility>

#include "base/limits.h"

namespace arcella::ipc {
namespace {

constexpr aio::FramedSocketOptions kOptions{
    .framing = aio::Framing::Length,
    .frame_bytes_max = limits::kControlFrameBytesMax,
    .outbox_bytes_max = limits::kControlOutboxBytesMax,
};

}  // namespace

DaemonControlChannel::DaemonControlChannel(const boost::asio::any_io_executor& executor,
                                           UniqueFd socket)
    : socket_(executor, std::move(socket), kOptions) {}

aio::Task<Result<FromWorker>> DaemonControlChannel::receive() {
  ARCELLA_CO_TRY(aio::Frame frame, co_await socket_.read());
  co_return decode_from_worker(frame.bytes);
}

Result<void> DaemonControlChannel::send(const ToWorker& message, std::vector<UniqueFd> fds) {
  return socket_.send(encode(message), std::move(fds));
}

WorkerControlChannel::WorkerControlChannel(const boost::asio::any_io_executor& executor,
                                           UniqueFd socket)
    : socket_(executor, std::move(socket), kOptions) {}

aio::Task<Result<FromDaemon>> WorkerControlChannel::receive() {
  ARCELLA_CO_TRY(aio::Frame frame, co_await socket_.read());
  ARCELLA_CO_TRY(ToWorker message, decode_from_daemon(frame.bytes));
  co_return FromDaemon{std::move(message), std::move(frame.fds)};
}

Result<void> WorkerControlChannel::send(const FromWorker& message) {
  return socket_.send(encode(message));
}

}  // namespace arcella::ipc
