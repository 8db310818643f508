// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/guest_log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "base/limits.h"
#include "base/rotating_file.h"
#include "base/timestamp.h"
#include "base/unique_fd.h"

namespace arcella::runtime {
namespace {

constexpr std::string_view kEnding = ".log";
constexpr std::size_t kChunkBytes = 64U << 10;

// Gives the lines of one file from its end, reading it in pieces.
class BackwardReader {
 public:
  explicit BackwardReader(const std::string& path)
      : file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)) {
    struct stat status{};
    if (!file_.valid() || ::fstat(file_.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
      file_.reset();
      return;
    }
    unread_ = static_cast<std::size_t>(status.st_size);
    modified_ms_ = std::int64_t{status.st_mtim.tv_sec} * 1000 + status.st_mtim.tv_nsec / 1'000'000;
  }

  [[nodiscard]] bool there() const noexcept { return file_.valid(); }
  [[nodiscard]] std::int64_t modified_ms() const noexcept { return modified_ms_; }

  // The line before the last one given; none at the beginning, or when the bytes are used up. Good
  // until the next call.
  std::optional<std::string_view> previous(std::size_t& bytes_left) {
    for (;;) {
      // The newline at the end of what is left belongs to the line before it.
      const std::size_t end = text_.empty() ? 0 : text_.size() - 1;
      const std::size_t newline = end == 0 ? std::string::npos : text_.rfind('\n', end - 1);
      if (newline != std::string::npos) return take(newline + 1);
      if (unread_ > 0 && text_.size() <= kLongestLine && fetch(bytes_left)) continue;
      if (unread_ > 0 || text_.empty()) return std::nullopt;
      return take(0);
    }
  }

 private:
  static constexpr std::size_t kLongestLine = 4 * limits::kLogLineBytesMax + kChunkBytes;

  std::string_view take(std::size_t begin) {
    line_ = text_.substr(begin);
    text_.resize(begin);
    if (!line_.empty() && line_.back() == '\n') line_.pop_back();
    return line_;
  }

  bool fetch(std::size_t& bytes_left) {
    const std::size_t count = std::min({kChunkBytes, unread_, bytes_left});
    if (count == 0) return false;
    std::string chunk(count, '\0');
    const ssize_t got =
        ::pread(file_.get(), chunk.data(), count, static_cast<off_t>(unread_ - count));
    if (got != static_cast<ssize_t>(count)) return false;
    unread_ -= count;
    bytes_left -= count;
    text_.insert(0, chunk);
    return true;
  }

  UniqueFd file_;
  std::int64_t modified_ms_ = 0;
  std::size_t unread_ = 0;  // bytes before `text_`
  std::string text_;
  std::string line_;
};

bool passes(const model::LogLine& line, const GuestLogFilter& filter) {
  if (filter.instance && *filter.instance != line.instance) return false;
  return !filter.since_ms || line.time_ms >= *filter.since_ms;
}

// The word before the next space; what is left of `text` begins after it.
std::string_view take_word(std::string_view& text) {
  const std::size_t space = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, space);
  text.remove_prefix(std::min(space + 1, text.size()));
  return word;
}

}  // namespace

std::string guest_log_folder(const std::string& home) {
  return home + "/logs/guests";
}

std::string guest_log_path(const std::string& home, const model::DeploymentId& deployment) {
  return guest_log_folder(home) + "/" + deployment.str() + std::string(kEnding);
}

std::string to_file_line(const model::LogLine& line) {
  return to_timestamp(line.time_ms) + " " + line.component + " " + line.instance +
         (line.stderr_stream ? " stderr " : " stdout ") + line.text + "\n";
}

std::optional<model::LogLine> from_file_line(std::string_view text) {
  model::LogLine line;
  const auto time = parse_timestamp(take_word(text));
  line.component = take_word(text);
  line.instance = take_word(text);
  const std::string_view stream = take_word(text);
  line.text = text;
  line.stderr_stream = stream == "stderr";
  if (!time || (stream != "stdout" && stream != "stderr")) return std::nullopt;
  line.time_ms = *time;
  return line;
}

std::vector<model::LogLine> read_guest_log(const std::string& path, const GuestLogFilter& filter,
                                           std::size_t& bytes_left) {
  std::vector<model::LogLine> found;  // newest first
  for (int i = 0; i < limits::kLogFilesKeptMax && found.size() < filter.lines; ++i) {
    BackwardReader file(rotated_path(path, i));
    // A gap is no end: a crash between two renames leaves one.
    if (!file.there()) continue;
    // Nothing in it, nor in what is older, is as new as asked for.
    if (filter.since_ms && file.modified_ms() < *filter.since_ms) break;
    while (found.size() < filter.lines) {
      const auto text = file.previous(bytes_left);
      if (!text) break;
      auto line = from_file_line(*text);
      if (line && passes(*line, filter)) found.push_back(std::move(*line));
    }
  }
  std::reverse(found.begin(), found.end());
  return found;
}

void remove_unknown_guest_logs(const std::string& home,
                               const std::vector<model::DeploymentId>& known) {
  std::set<std::string> names;
  for (const model::DeploymentId& id : known) names.insert(id.str());
  std::error_code error;
  std::filesystem::directory_iterator entries(guest_log_folder(home), error);
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    const std::string name = entries->path().filename().string();
    const std::size_t ending = name.rfind(kEnding);  // x.log, x.log.1
    if (ending == std::string::npos || names.contains(name.substr(0, ending))) continue;
    std::error_code ignored;
    std::filesystem::remove(entries->path(), ignored);
  }
}

}  // namespace arcella::runtime
