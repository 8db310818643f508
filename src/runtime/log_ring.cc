// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/log_ring.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "wire/utf8.h"

namespace arcella::runtime {
namespace {

constexpr std::string_view kCutMark = " [cut]";

std::size_t cost_of(const RingLine& line) {
  return sizeof(RingLine) + line.text.size() + line.component.size();
}

}  // namespace

std::string printable_line(std::string_view text) {
  std::string valid = wire::to_utf8(text);
  std::string result;
  for (std::size_t begin = 0; begin <= valid.size();) {
    std::size_t tab = std::min(valid.find('\t', begin), valid.size());
    result += inert(std::string_view(valid).substr(begin, tab - begin));
    if (tab < valid.size()) result += '\t';
    begin = tab + 1;
  }
  return result;
}

void LogRing::write(bool stderr_stream, std::string_view text, std::int64_t time_ms,
                    const LineSink& on_line) {
  RingLine& open = open_[stderr_stream ? 1 : 0];
  while (!text.empty()) {
    if (open.text.empty()) open.time_ms = time_ms;
    open.stderr_stream = stderr_stream;
    std::size_t newline = text.find('\n');
    std::size_t room = kLineBytesMax - open.text.size();
    std::size_t taken = std::min({newline, text.size(), room});
    open.text += text.substr(0, taken);
    text.remove_prefix(taken);
    bool ended = !text.empty() && text.front() == '\n';
    if (ended) text.remove_prefix(1);
    bool cut = !ended && open.text.size() == kLineBytesMax;
    if (!ended && !cut) return;
    if (!open.text.empty() && open.text.back() == '\r') open.text.pop_back();
    if (cut) open.text += kCutMark;
    keep(std::exchange(open, RingLine{}), on_line);
  }
}

void LogRing::note_lost(std::uint64_t bytes, std::int64_t time_ms, const LineSink& on_line) {
  ++dropped_;
  ++lost_;
  keep({time_ms, true,
        "[" + std::to_string(bytes) + " bytes of output were lost: it came too fast]"},
       on_line);
}

void LogRing::end(const LineSink& on_line) {
  for (RingLine& open : open_) {
    if (!open.text.empty()) keep(std::exchange(open, RingLine{}), on_line);
  }
}

void LogRing::keep(RingLine line, const LineSink& on_line) {
  line.text = printable_line(line.text);
  line.component = component_;
  if (on_line) on_line(line);
  bytes_ += cost_of(line);
  lines_.push_back(std::move(line));
  trim();
}

void LogRing::set_bytes_max(std::size_t bytes_max) {
  bytes_max_ = bytes_max;
  trim();
}

void LogRing::trim() {
  while (bytes_ > bytes_max_ && !lines_.empty()) {
    bytes_ -= cost_of(lines_.front());
    lines_.pop_front();
    ++dropped_;
  }
}

std::vector<RingLine> LogRing::tail(std::size_t count) const {
  std::vector<RingLine> result;
  std::size_t first = lines_.size() > count ? lines_.size() - count : 0;
  result.assign(lines_.begin() + static_cast<std::ptrdiff_t>(first), lines_.end());
  for (const RingLine& open : open_) {
    if (!open.text.empty())
      result.push_back({open.time_ms, open.stderr_stream, printable_line(open.text), component_});
  }
  if (result.size() > count)
    result.erase(result.begin(), result.end() - static_cast<std::ptrdiff_t>(count));
  return result;
}

}  // namespace arcella::runtime
