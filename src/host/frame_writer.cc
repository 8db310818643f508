// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "host/frame_writer.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/limits.h"
#include "ipc/little_endian.h"

namespace arcella::host {
namespace {

using Bytes = std::span<const std::byte>;

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK;
}

}  // namespace

FrameWriter::Written FrameWriter::write(ipc::DataHeader header, Bytes payload, Bytes tail) {
  header.length = static_cast<std::uint32_t>(payload.size() + tail.size());
  const bool gather = header.length <= limits::kDataGatherFrameBytesMax && pool_.is_current();
  const MutexLock lock(mutex_);
  std::array<std::byte, ipc::kDataPlaceBytes> place;
  if (const auto put = put_shared(payload, tail)) {
    header.shared = true;
    ipc::put_little_endian(place, *put);
    payload = place;
    tail = {};
  }
  const std::array<std::byte, ipc::kDataHeaderBytes> head = ipc::encode(header);
  const std::array<Bytes, 3> parts{head, payload, tail};
  if (!gather && !blocked_) {
    send_now(parts);
    return Written::Out;
  }
  for (const Bytes bytes : parts) append(bytes);
  if (blocked_) {
    queued_.store(outbox_.size() - sent_, std::memory_order_relaxed);
    return Written::Out;
  }
  if (++gathered_ == limits::kDataGatherFramesMax) send_now({});
  return gathered_ == 1 ? Written::PutOff : Written::Out;
}

std::optional<std::uint64_t> FrameWriter::put_shared(Bytes payload, Bytes tail) {
  if (memory_ == nullptr || payload.size() + tail.size() < limits::kDataSharedPayloadBytesMin)
    return std::nullopt;
  return memory_->put(std::array{payload, tail});
}

void FrameWriter::append(Bytes bytes) {
  outbox_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

// What was put off, then `parts`; what the socket does not take stays in the outbox.
void FrameWriter::send_now(std::span<const Bytes> parts) {
  std::array<iovec, 4> pieces{};
  std::size_t count = 0;
  std::size_t total = 0;
  const auto add = [&](Bytes bytes) {
    if (bytes.empty()) return;
    total += bytes.size();
    pieces[count++] = {const_cast<std::byte*>(bytes.data()), bytes.size()};
  };
  const std::size_t before = outbox_.size();
  add(std::as_bytes(std::span(outbox_)));
  for (const Bytes bytes : parts) add(bytes);
  gathered_ = 0;
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = count;
  ssize_t went = 0;
  do {
    went = ::sendmsg(socket_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (went < 0 && errno == EINTR);
  const bool gone = went < 0 && !would_block();
  std::size_t sent = went < 0 ? 0 : static_cast<std::size_t>(went);
  if (gone || sent == total) return outbox_.clear();
  sent_ = std::min(sent, before);
  sent -= sent_;
  for (const Bytes bytes : parts) {
    const std::size_t here = std::min(sent, bytes.size());
    sent -= here;
    append(bytes.subspan(here));
  }
  blocked_ = true;
  queued_.store(outbox_.size() - sent_, std::memory_order_relaxed);
  pool_.set_interest(socket_, EnginePool::Interest::ReadableAndWritable);
}

void FrameWriter::flush() {
  const MutexLock lock(mutex_);
  if (!blocked_) {
    if (!outbox_.empty()) send_now({});
    return;
  }
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
  blocked_ = false;
  queued_.store(0, std::memory_order_relaxed);
  // Asks anew, so that what came while reading was paused is seen.
  pool_.set_interest(socket_, EnginePool::Interest::Readable);
}

}  // namespace arcella::host
