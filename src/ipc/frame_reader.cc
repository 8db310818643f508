// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "ipc/frame_reader.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/limits.h"
#include "ipc/little_endian.h"

namespace arcella::ipc {
namespace {

constexpr std::size_t kPieceBytes = 1U << 20;
// Read in one go: more would wait in memory for whoever handles it.
constexpr std::size_t kBatchBytes = 1U << 20;

// Room for the next piece of a payload of which `have` bytes are there.
void make_room(DataFrame& frame, std::size_t have) {
  if (have < frame.payload.size()) return;
  frame.payload.resize(std::min<std::size_t>(frame.header.length, have + kPieceBytes));
}

}  // namespace

// The copy is the one look that is taken: what is checked is what is used.
Result<void> FrameReader::take_shared(DataFrame& frame, std::span<const std::byte> place) const {
  if (memory_ == nullptr)
    return fail(ErrorCode::InvalidRequest, "data channel: there is no shared memory");
  ARCELLA_TRY(const auto bytes,
              memory_->at(get_little_endian<std::uint64_t>(place), frame.header.length));
  frame.payload.assign(bytes.begin(), bytes.end());
  memory_->taken();
  return {};
}

Result<std::size_t> FrameReader::cut(std::vector<DataFrame>& frames) {
  std::size_t shared_bytes = 0;
  while (end_ - begin_ >= kDataHeaderBytes) {
    std::array<std::byte, kDataHeaderBytes> bytes;
    std::memcpy(bytes.data(), ahead_.data() + begin_, bytes.size());
    ARCELLA_TRY(const DataHeader header, decode(bytes));
    DataFrame frame{header, {}};
    if (header.shared) {
      const auto place = std::span(ahead_).subspan(begin_, end_ - begin_).subspan(kDataHeaderBytes);
      if (place.size() < kDataPlaceBytes) break;
      shared_bytes += header.length;
      // All of these were put before any of them was taken: they cannot lie in the same place.
      if (shared_bytes > limits::kDataSharedBytes)
        return fail(ErrorCode::InvalidRequest, "data channel: more than the shared memory holds");
      ARCELLA_TRY_VOID(take_shared(frame, place));
      begin_ += kDataHeaderBytes + kDataPlaceBytes;
      frames.push_back(std::move(frame));
      continue;
    }
    begin_ += bytes.size();
    const std::size_t here = std::min<std::size_t>(header.length, end_ - begin_);
    const auto from = ahead_.begin() + static_cast<std::ptrdiff_t>(begin_);
    if (here < header.length) frame.payload.reserve(header.length);
    frame.payload.assign(from, from + static_cast<std::ptrdiff_t>(here));
    begin_ += here;
    if (here < header.length) {
      open_ = std::move(frame);
      open_bytes_ = here;
      break;
    }
    frames.push_back(std::move(frame));
  }
  // The rest is less than a header and a place: to the front, so that there is always room for one.
  std::memmove(ahead_.data(), ahead_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  return shared_bytes;
}

Result<FrameReader::Progress> FrameReader::read(int socket, std::vector<DataFrame>& frames,
                                                std::size_t frames_max, bool to_the_end) {
  for (std::size_t bytes = 0; frames.size() < frames_max && bytes < kBatchBytes;) {
    if (open_) make_room(*open_, open_bytes_);
    std::byte* const to = open_ ? open_->payload.data() + open_bytes_ : ahead_.data() + end_;
    const std::size_t room = open_ ? open_->payload.size() - open_bytes_ : ahead_.size() - end_;
    const ssize_t got = ::recv(socket, to, room, MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Progress::Drained;
    // Of a peer that has left something unread, and said once: what it had sent is still there.
    if (got < 0 && errno == ECONNRESET && !std::exchange(reset_, true)) continue;
    if (got <= 0) return Progress::Closed;
    const auto count = static_cast<std::size_t>(got);
    bytes += count;
    if (open_) {
      open_bytes_ += count;
      if (open_bytes_ == open_->header.length) {
        frames.push_back(std::move(*open_));
        open_.reset();
      }
    } else {
      end_ += count;
      ARCELLA_TRY(const std::size_t shared_bytes, cut(frames));
      bytes += shared_bytes;
    }
    // A stream socket gives what it has: less than there was room for means nothing is left
    // (epoll(7)).
    if (count < room && !open_ && !to_the_end) return Progress::Drained;
  }
  return Progress::MayHaveMore;
}

}  // namespace arcella::ipc
