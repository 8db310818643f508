// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Frames cut from a byte stream: incremental, bounded, no I/O. Bytes go in as they come, split
// anywhere; whole frames come out. Two forms: lines for ALME, a length before each frame for the
// control channel of a worker.
//
//   codec.feed(bytes);
//   for (;;) { ARCELLA_TRY(auto frame, codec.next()); if (!frame) break; handle(*frame); }
//
// The buffer holds less than one frame plus what was fed last, if the caller takes all frames out
// after each feed. Not thread-safe. After an error the stream cannot be read on: next() repeats the
// error, feed() drops its bytes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace arcella::wire {

// What both forms share: a buffer whose front is taken off without moving the rest each time.
class FrameBuffer {
 public:
  void append(std::string_view bytes);
  [[nodiscard]] std::string_view rest() const noexcept {
    return std::string_view(bytes_).substr(taken_);
  }
  // The view stays good until the next append().
  std::string_view take(std::size_t count) noexcept;

 private:
  std::string bytes_;
  std::size_t taken_ = 0;
};

// Frames end with '\n', which is not part of them. An empty line is an empty frame.
class LineCodec {
 public:
  explicit LineCodec(std::size_t frame_bytes_max) : frame_bytes_max_(frame_bytes_max) {}

  void feed(std::string_view bytes);
  // The next frame, good until the next feed(); nullopt: more bytes are needed. LimitExceeded for a
  // line that is longer than the bound, found as soon as that many bytes are there.
  Result<std::optional<std::string_view>> next();
  // Bytes of a frame that is not complete: at the end of the stream it was cut off.
  [[nodiscard]] bool mid_frame() const noexcept { return !buffer_.rest().empty(); }

  [[nodiscard]] static std::string encode(std::string_view frame);

 private:
  std::size_t frame_bytes_max_;
  FrameBuffer buffer_;
  std::size_t searched_ = 0;  // bytes of rest() known to hold no '\n': each byte is looked at once
  std::optional<Error> error_;
};

// Frames follow their length in bytes, a little-endian u32.
class LengthCodec {
 public:
  static constexpr std::size_t kHeaderBytes = 4;

  explicit LengthCodec(std::size_t frame_bytes_max) : frame_bytes_max_(frame_bytes_max) {}

  void feed(std::string_view bytes);
  // As LineCodec::next(); LimitExceeded as soon as the length is there: nothing is allocated for
  // it.
  Result<std::optional<std::string_view>> next();
  [[nodiscard]] bool mid_frame() const noexcept { return !buffer_.rest().empty(); }

  [[nodiscard]] static std::string encode(std::string_view frame);

 private:
  std::size_t frame_bytes_max_;
  FrameBuffer buffer_;
  std::optional<Error> error_;
};

}  // namespace arcella::wire
