// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What one instance printed and the daemon has not taken yet: cut into lines, made inert, bounded.
// A guest that prints faster than the daemon reads loses output, which is counted, and never waits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "engine/instance.h"

namespace arcella::worker {

struct OutputLine {
  bool stderr_stream = false;
  std::string text{};         // valid UTF-8, no control character but tab, at most
                              // limits::kLogLineBytesMax and a mark
  std::uint64_t dropped = 0;  // bytes lost before it
};

// Bytes of a guest as a line may show them.
[[nodiscard]] std::string line_text(std::string_view bytes);

// Not thread-safe.
class OutputBuffer {
 public:
  // `bytes` is untrusted, cut anywhere. A line is complete with its line end.
  void write(engine::OutputStream stream, std::string_view bytes);
  // The instance has ended: what lacks its line end is a line too, and what was lost at the end is
  // told.
  void finish();
  [[nodiscard]] std::optional<OutputLine> take();
  [[nodiscard]] bool empty() const noexcept { return lines_.empty(); }

 private:
  struct Partial {
    std::string bytes;  // of the line that is not complete, at most limits::kLogLineBytesMax
    bool cut = false;   // it is longer: the rest of it is skipped
  };
  void append(Partial& partial, std::string_view piece) const;
  void complete(Partial& partial, bool stderr_stream);

  std::array<Partial, 2> partials_;  // stdout, stderr
  std::deque<OutputLine> lines_;
  std::size_t lines_bytes_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace arcella::worker
