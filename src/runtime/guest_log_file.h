// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What the guests of one deployment printed, on the disk: <home>/logs/guests/<deployment>.log and
// the rotated files beside it. One line each:
//
//   2026-01-31T12:00:00.000Z calc@1.0.0 calc/0 stdout text
//
// The text was made inert before (log_ring.h), so a guest can neither forge a line nor move the
// cursor of who prints the file. Plain functions that block: they run on a thread of their own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/ids.h"
#include "model/views.h"

namespace arcella::runtime {

[[nodiscard]] std::string guest_log_folder(const std::string& home);
[[nodiscard]] std::string guest_log_path(const std::string& home,
                                         const model::DeploymentId& deployment);

// With the newline.
[[nodiscard]] std::string to_file_line(const model::LogLine& line);
// Without it; none for a line that is not of this form (what a crash cut off, a note of lost
// lines).
[[nodiscard]] std::optional<model::LogLine> from_file_line(std::string_view text);

struct GuestLogFilter {
  std::optional<std::string> instance = {};  // "<deployment>/<index>"
  std::optional<std::int64_t> since_ms = {};
  std::size_t lines = 0;  // the last so many
};
// The last lines that pass, oldest first. Reads from the end, and no more than `bytes_left`, which
// it takes down: lines further back are not found.
[[nodiscard]] std::vector<model::LogLine> read_guest_log(const std::string& path,
                                                         const GuestLogFilter& filter,
                                                         std::size_t& bytes_left);

// Deletes the files of deployments that are not in `known`.
void remove_unknown_guest_logs(const std::string& home,
                               const std::vector<model::DeploymentId>& known);

}  // namespace arcella::runtime
