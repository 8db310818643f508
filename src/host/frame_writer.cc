// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "host/frame_writer.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace arcella::host {
namespace {

using Bytes = std::span<const std::byte>;

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK;
}

iovec part(Bytes bytes) {
  return {const_cast<std::byte*>(bytes.data()), bytes.size()};
}

}  // namespace

void FrameWriter::write(ipc::DataHeader header, Bytes payload, Bytes tail) {
  header.length = static_cast<std::uint32_t>(payload.size() + tail.size());
  const std::array<std::byte, ipc::kDataHeaderBytes> head = ipc::encode(header);
  const std::array<Bytes, 3> parts{head, payload, tail};
  const MutexLock lock(mutex_);
  std::size_t sent = 0;
  if (outbox_.empty()) {
    std::array<iovec, 3> pieces{part(head), part(payload), part(tail)};
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = tail.empty() ? 2 : 3;
    const ssize_t count = ::sendmsg(socket_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0 && !would_block() && errno != EINTR) return;
    sent = count < 0 ? 0 : static_cast<std::size_t>(count);
    if (sent == head.size() + header.length) return;
  }
  const bool first = outbox_.empty();
  for (Bytes rest : parts) {
    const std::size_t gone = std::min(sent, rest.size());
    sent -= gone;
    rest = rest.subspan(gone);
    outbox_.append(reinterpret_cast<const char*>(rest.data()), rest.size());
  }
  queued_.store(outbox_.size() - sent_, std::memory_order_relaxed);
  if (first) pool_.set_interest(socket_, EnginePool::Interest::ReadableAndWritable);
}

void FrameWriter::flush() {
  const MutexLock lock(mutex_);
  if (outbox_.empty()) return;
  while (sent_ < outbox_.size()) {
    const ssize_t count = ::send(socket_, outbox_.data() + sent_, outbox_.size() - sent_,
                                 MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && would_block()) {
      // What is sent must not stay in memory while there is always something to send.
      if (sent_ > outbox_.size() / 2) outbox_.erase(0, std::exchange(sent_, 0));
      queued_.store(outbox_.size() - sent_, std::memory_order_relaxed);
      return;
    }
    if (count < 0) break;  // the peer is gone
    sent_ += static_cast<std::size_t>(count);
  }
  outbox_.clear();
  outbox_.shrink_to_fit();
  sent_ = 0;
  queued_.store(0, std::memory_order_relaxed);
  // Asks anew, so that what came while reading was paused is seen.
  pool_.set_interest(socket_, EnginePool::Interest::Readable);
}

}  // namespace arcella::host
