// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Events on the disk: <home>/logs/events.jsonl, one JSON object per line as ALME shows it. Appended
// to, never rewritten; not synced, because it is history that no decision rests on: a power cut may
// cost the last lines, `kill -9` of the daemon only what it had not yet handed over. A line that a
// crash has torn is left in place and ignored. At limits::kEventFileBytesMax the file becomes
// events.1.jsonl, which replaces the one before.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "model/event.h"

namespace arcella::runtime {

// Owner: EventLog.  Thread: any, one at a time. Blocking.
class EventFile {
 public:
  // `folder` exists.
  static Result<EventFile> open(const std::string& folder,
                                std::size_t bytes_max = limits::kEventFileBytesMax);

  // After an error the next append() begins on a line of its own.
  Result<void> append(std::span<const model::Event> events);
  // The last `count`, oldest first.
  [[nodiscard]] Result<std::vector<model::Event>> read_back(std::size_t count) const;

 private:
  EventFile(const std::string& folder, std::size_t bytes_max);
  Result<void> reopen();
  Result<void> rotate();

  std::string path_;
  std::string older_path_;
  std::size_t bytes_max_;
  UniqueFd file_;
  std::size_t bytes_ = 0;
  bool mid_line_ = false;  // what is there does not end a line
};

}  // namespace arcella::runtime
