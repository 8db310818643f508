// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "wire/frame_codec.h"

#include <cstdint>
#include <limits>

#include "base/check.h"

namespace arcella::wire {
namespace {

Error too_long(std::size_t frame_bytes_max) {
  return {ErrorCode::LimitExceeded,
          "a frame is longer than the limit of " + std::to_string(frame_bytes_max) + " bytes"};
}

}  // namespace

void FrameBuffer::append(std::string_view bytes) {
  bytes_.erase(0, taken_);
  taken_ = 0;
  bytes_.append(bytes);
}

std::string_view FrameBuffer::take(std::size_t count) noexcept {
  std::string_view front = rest().substr(0, count);
  taken_ += front.size();
  return front;
}

void LineCodec::feed(std::string_view bytes) {
  if (!error_) buffer_.append(bytes);
}

Result<std::optional<std::string_view>> LineCodec::next() {
  if (error_) return fail(*error_);
  std::string_view rest = buffer_.rest();
  std::size_t end = rest.find('\n', searched_);
  std::size_t length = end == std::string_view::npos ? rest.size() : end;
  if (length > frame_bytes_max_) {
    error_ = too_long(frame_bytes_max_);
    return fail(*error_);
  }
  if (end == std::string_view::npos) {
    searched_ = rest.size();
    return std::nullopt;
  }
  searched_ = 0;
  std::string_view frame = buffer_.take(end + 1);
  frame.remove_suffix(1);
  return frame;
}

std::string LineCodec::encode(std::string_view frame) {
  ARCELLA_CHECK(frame.find('\n') == std::string_view::npos, "a line has no line feed within");
  std::string line;
  line.reserve(frame.size() + 1);
  line += frame;
  line += '\n';
  return line;
}

void LengthCodec::feed(std::string_view bytes) {
  if (!error_) buffer_.append(bytes);
}

Result<std::optional<std::string_view>> LengthCodec::next() {
  if (error_) return fail(*error_);
  std::string_view rest = buffer_.rest();
  if (rest.size() < kHeaderBytes) return std::nullopt;
  std::uint32_t length = 0;
  for (std::size_t i = kHeaderBytes; i-- > 0;) {
    length = length << 8U | static_cast<unsigned char>(rest[i]);
  }
  if (length > frame_bytes_max_) {
    error_ = too_long(frame_bytes_max_);
    return fail(*error_);
  }
  if (rest.size() - kHeaderBytes < length) return std::nullopt;
  buffer_.take(kHeaderBytes);
  return buffer_.take(length);
}

std::string LengthCodec::encode(std::string_view frame) {
  ARCELLA_CHECK(frame.size() <= std::numeric_limits<std::uint32_t>::max(), "the length is 32 bits");
  auto length = static_cast<std::uint32_t>(frame.size());
  std::string bytes;
  bytes.reserve(kHeaderBytes + frame.size());
  for (std::size_t i = 0; i < kHeaderBytes; ++i) {
    bytes += static_cast<char>(length >> (8 * i) & 0xffU);
  }
  bytes += frame;
  return bytes;
}

}  // namespace arcella::wire
