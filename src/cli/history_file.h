// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The lines of earlier shells: one file, one line each, 0600 in a folder of 0700, because a line
// may hold what was given to a guest. A line is appended as soon as it is entered, so that two
// shells at once lose nothing of each other and a killed one nothing of its own; what is too much
// is cut off when the next shell starts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace arcella::cli {

// Owner: the shell.  Thread: one. Errors are for the shell to tell once: it works without a
// history.
class HistoryFile {
 public:
  // Keeps nothing at all when `path` is empty. Makes the folders above it that are not there.
  static Result<HistoryFile> open(std::string path);

  // The last limits::kShellHistoryLinesMax, oldest first.
  [[nodiscard]] const std::vector<std::string>& lines() const noexcept { return lines_; }
  // Not kept: an empty line, one that begins with a blank (its writer hides it), the last one
  // again. True if it is kept: then it also belongs into the editor's memory.
  [[nodiscard]] Result<bool> append(const std::string& line);

 private:
  explicit HistoryFile(std::string path) : path_(std::move(path)) {}
  Result<void> load();

  std::string path_;
  std::vector<std::string> lines_;
  std::string last_;
};

// <state>/arcella/cli_history, where <state> is XDG_STATE_HOME, else ~/.local/state; empty when
// there is neither. https://specifications.freedesktop.org/basedir-spec
[[nodiscard]] std::string history_path(const std::string& xdg_state_home,
                                       const std::string& user_home);

}  // namespace arcella::cli
