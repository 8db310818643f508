// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// A log file of bounded size: `x.log` is written, `x.log.1` to `x.log.<n-1>` are what was before
// it, the highest the oldest. Writing never fails to the outside: what a full or broken disk does
// not take is counted, and the file says so itself once it can be written again. A line is written
// whole or not at all.
//
// Ours and not spdlog's: the guests' files need the same, thousands of them without a descriptor
// each, and a full disk has to be told from a lost line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"

namespace arcella {

struct RotationLimits {
  std::size_t bytes_max = 0;  // of one file; a longer line has one to itself
  int files_kept = 1;         // the one that is written included
  friend bool operator==(const RotationLimits&, const RotationLimits&) = default;
};

// The path of a file of the row: 0 is the one that is written.
[[nodiscard]] std::string rotated_path(const std::string& path, int index);

// Owner: who logs.  Thread: one at a time.
class RotatingFile {
 public:
  RotatingFile(std::string path, RotationLimits limits) : path_(std::move(path)), limits_(limits) {}

  // For who wants to know whether it can be; append() opens by itself. Goes on at the end of what
  // is there. Only regular files are rotated; a device or a pipe is written as it is.
  Result<void> open();
  // Without giving up what is counted.
  void close() noexcept { file_.reset(); }
  void set_limits(RotationLimits limits) noexcept { limits_ = limits; }

  // `line` ends with a newline. False: it is lost, and counted.
  bool append(std::string_view line);
  // A line that was lost before it came here.
  void note_lost(std::uint64_t lines) noexcept { lost_ += lines; }
  // Since the file last said so.
  [[nodiscard]] std::uint64_t lost() const noexcept { return lost_; }

 private:
  [[nodiscard]] bool write_whole(std::string_view bytes);
  bool rotate();

  std::string path_;
  RotationLimits limits_;
  UniqueFd file_;
  bool regular_ = false;
  std::size_t bytes_ = 0;
  std::uint64_t lost_ = 0;
};

// Deletes the whole row.
void remove_rotated(const std::string& path);

}  // namespace arcella
