// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/history_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/unique_fd.h"

namespace arcella::cli {
namespace {

namespace fs = std::filesystem;

// A line that somebody else put there must not move the cursor when it is recalled.
bool is_plain(std::string_view line) {
  return !line.empty() && line.size() <= limits::kShellHistoryLineBytesMax && inert(line) == line;
}

Result<void> make_folders(const fs::path& folder) {
  std::error_code error;
  if (fs::is_directory(folder, error)) return {};
  if (folder.has_parent_path() && folder != folder.parent_path()) {
    ARCELLA_TRY_VOID(make_folders(folder.parent_path()));
  }
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return fail(Error::from_errno(errno, inert(folder.string())));
  }
  return {};
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

}  // namespace

Result<HistoryFile> HistoryFile::open(std::string path) {
  HistoryFile made(std::move(path));
  if (!made.path_.empty()) {
    ARCELLA_TRY_VOID(made.load());
  }
  return made;
}

Result<void> HistoryFile::load() {
  ARCELLA_TRY_VOID(make_folders(fs::path(path_).parent_path()));
  std::error_code no_file;
  if (!fs::exists(path_, no_file)) return {};
  ARCELLA_TRY(auto text, read_file(path_, limits::kShellHistoryBytesMax));
  std::size_t found = 0;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    const std::string_view line = std::string_view(text).substr(start, end - start);
    ++found;
    if (is_plain(line)) lines_.emplace_back(line);
    start = end + 1;
  }
  if (lines_.size() > limits::kShellHistoryLinesMax) {
    const auto surplus = static_cast<std::ptrdiff_t>(lines_.size() - limits::kShellHistoryLinesMax);
    lines_.erase(lines_.begin(), lines_.begin() + surplus);
  }
  if (!lines_.empty()) last_ = lines_.back();
  if (found != lines_.size()) return atomic_write(path_, joined(lines_));
  return {};
}

Result<bool> HistoryFile::append(const std::string& line) {
  if (line.empty() || line.front() == ' ' || line.front() == '\t' || line == last_) return false;
  if (!is_plain(line)) return false;
  last_ = line;
  if (path_.empty()) return true;
  const UniqueFd file(
      ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.valid()) return fail(Error::from_errno(errno, inert(path_)));
  // It may be older than this program, or made by hand.
  if (::fchmod(file.get(), 0600) != 0) return fail(Error::from_errno(errno, inert(path_)));
  const std::string text = line + "\n";
  // One write: whole lines, whoever else appends.
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return fail(Error::from_errno(errno, inert(path_)));
  }
  return true;
}

std::string history_path(const std::string& xdg_state_home, const std::string& user_home) {
  // The specification: a path that is not absolute is to be ignored.
  if (xdg_state_home.starts_with('/')) return xdg_state_home + "/arcella/cli_history";
  if (user_home.starts_with('/')) return user_home + "/.local/state/arcella/cli_history";
  return {};
}

}  // namespace arcella::cli
