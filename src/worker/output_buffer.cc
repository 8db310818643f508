// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "worker/output_buffer.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "base/text.h"
#include "wire/utf8.h"

namespace arcella::worker {
namespace {

constexpr std::string_view kCutMark = " [cut]";
// What a line costs beside its text: without it a flood of empty lines would grow without bound.
constexpr std::size_t kLineOverheadBytes = sizeof(OutputLine);

// `text` is UTF-8 that a cut may have left with half a character at its end.
std::string_view whole_characters(std::string_view text) {
  std::size_t end = text.size();
  const auto is_tail = [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U;
  };
  while (end > 0 && text.size() - end < 3 && is_tail(text[end - 1])) --end;
  if (end == 0 || static_cast<unsigned char>(text[end - 1]) < 0xc0U) return text;
  return wire::is_utf8(text.substr(end - 1)) ? text : text.substr(0, end - 1);
}

}  // namespace

std::string line_text(std::string_view bytes) {
  const std::string valid = wire::to_utf8(bytes);
  std::string text;
  // Tabs pass: a table is readable with them, and no terminal does harm with one.
  for (std::size_t begin = 0; begin <= valid.size();) {
    const std::size_t tab = std::min(valid.find('\t', begin), valid.size());
    text += inert(std::string_view(valid).substr(begin, tab - begin));
    if (tab < valid.size()) text += '\t';
    begin = tab + 1;
  }
  if (text.size() <= limits::kLogLineBytesMax) return text;
  const std::string_view head =
      whole_characters(std::string_view(text).substr(0, limits::kLogLineBytesMax));
  return std::string(head) + std::string(kCutMark);
}

void OutputBuffer::append(Partial& partial, std::string_view piece) const {
  const std::size_t room = limits::kLogLineBytesMax - partial.bytes.size();
  partial.bytes.append(piece.substr(0, room));
  if (piece.size() > room) partial.cut = true;
}

void OutputBuffer::complete(Partial& partial, bool stderr_stream) {
  std::string_view bytes = partial.bytes;
  if (partial.cut) {
    bytes = whole_characters(bytes);
  } else if (bytes.ends_with('\r')) {
    bytes.remove_suffix(1);
  }
  const std::size_t cost = bytes.size() + kLineOverheadBytes;
  if (lines_bytes_ + cost > limits::kOutputPendingBytesPerInstance) {
    dropped_ += partial.bytes.size() + 1;
  } else {
    OutputLine line{.stderr_stream = stderr_stream,
                    .text = line_text(bytes),
                    .dropped = std::exchange(dropped_, 0)};
    if (partial.cut && !line.text.ends_with(kCutMark)) line.text += kCutMark;
    lines_bytes_ += line.text.size() + kLineOverheadBytes;
    lines_.push_back(std::move(line));
  }
  partial.bytes.clear();
  partial.cut = false;
}

void OutputBuffer::write(engine::OutputStream stream, std::string_view bytes) {
  const bool stderr_stream = stream == engine::OutputStream::Stderr;
  Partial& partial = partials_[stderr_stream ? 1 : 0];
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    append(partial, bytes.substr(0, end));
    if (end == std::string_view::npos) break;
    complete(partial, stderr_stream);
    bytes.remove_prefix(end + 1);
  }
}

void OutputBuffer::finish() {
  for (const bool stderr_stream : {false, true}) {
    Partial& partial = partials_[stderr_stream ? 1 : 0];
    if (!partial.bytes.empty() || partial.cut) complete(partial, stderr_stream);
  }
  if (dropped_ > 0)
    lines_.push_back({.stderr_stream = true, .dropped = std::exchange(dropped_, 0)});
}

std::optional<OutputLine> OutputBuffer::take() {
  if (lines_.empty()) return std::nullopt;
  OutputLine line = std::move(lines_.front());
  lines_.pop_front();
  lines_bytes_ -= std::min(lines_bytes_, line.text.size() + kLineOverheadBytes);
  return line;
}

}  // namespace arcella::worker
