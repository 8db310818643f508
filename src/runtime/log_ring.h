// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The last lines that one instance printed. What a guest writes is untrusted: it is cut into lines
// of bounded length, made inert, and kept in a ring of bounded bytes whose oldest lines are dropped
// and counted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/limits.h"

namespace arcella::runtime {

struct RingLine {
  std::int64_t time_ms = 0;  // since the epoch, when its first byte came
  bool stderr_stream = false;
  std::string text;
  std::string component = {};  // what the instance was made of
};

// Owner: the instance's record in the registry.  Thread: control.
class LogRing {
 public:
  // Called for each line as it is completed.
  using LineSink = std::function<void(const RingLine&)>;

  // A line that a worker has cut and marked fits whole.
  static constexpr std::size_t kLineBytesMax = limits::kLogLineBytesMax + 16;

  explicit LogRing(std::size_t bytes_max = limits::kLogRingBytesPerInstance)
      : bytes_max_(bytes_max) {}

  // What the instance is made of from now on.
  void set_component(std::string component) { component_ = std::move(component); }
  // When it is less than before, the oldest lines go at once.
  void set_bytes_max(std::size_t bytes_max);

  // `text` holds any bytes; a line begun by one write may be ended by the next.
  void write(bool stderr_stream, std::string_view text, std::int64_t time_ms,
             const LineSink& on_line);
  // Bytes that were lost before they came here: a line of its own says so, and they count as one
  // dropped line.
  void note_lost(std::uint64_t bytes, std::int64_t time_ms, const LineSink& on_line);
  // The instance has ended: what it left without a newline becomes a line.
  void end(const LineSink& on_line);

  // The last `count` lines, oldest first; what has no newline yet is the last of them.
  [[nodiscard]] std::vector<RingLine> tail(std::size_t count) const;
  // Lines that it no longer has, or never had.
  [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }
  // Those of them that were lost before they came here.
  [[nodiscard]] std::uint64_t lost() const noexcept { return lost_; }
  [[nodiscard]] std::size_t size() const noexcept { return lines_.size(); }
  [[nodiscard]] const RingLine* oldest() const {
    return lines_.empty() ? nullptr : &lines_.front();
  }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  void keep(RingLine line, const LineSink& on_line);
  void trim();

  std::size_t bytes_max_;
  std::deque<RingLine> lines_;
  std::size_t bytes_ = 0;  // of lines_, each with its fixed cost, so that empty lines are not free
  std::uint64_t dropped_ = 0;
  std::uint64_t lost_ = 0;
  std::string component_;
  std::array<RingLine, 2> open_;  // by stream: begun, no newline yet
};

// `text` as UTF-8 that a terminal may show: bytes that are no UTF-8 become U+FFFD, control
// characters are written out, a tab stays.
[[nodiscard]] std::string printable_line(std::string_view text);

}  // namespace arcella::runtime
