// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/rotating_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/limits.h"

namespace arcella {
namespace {

constexpr mode_t kMode = 0600;

}  // namespace

std::string rotated_path(const std::string& path, int index) {
  return index == 0 ? path : path + "." + std::to_string(index);
}

void remove_rotated(const std::string& path) {
  // A gap is no end: a crash between two renames leaves one.
  for (int i = 0; i < limits::kLogFilesKeptMax; ++i) ::unlink(rotated_path(path, i).c_str());
}

Result<void> RotatingFile::open() {
  // O_NONBLOCK: a pipe without a reader is an error, and one that is full loses lines; neither is
  // waited for.
  constexpr int kFlags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  file_.reset(::open(path_.c_str(), kFlags, kMode));
  struct stat status{};
  if (!file_.valid() || ::fstat(file_.get(), &status) != 0) {
    Error error = Error::from_errno(errno, "writing '" + path_ + "'");
    file_.reset();
    return fail(std::move(error));
  }
  regular_ = S_ISREG(status.st_mode);
  bytes_ = regular_ ? static_cast<std::size_t>(status.st_size) : 0;
  return {};
}

bool RotatingFile::append(std::string_view line) {
  std::string note;
  if (lost_ > 0) note = "[" + std::to_string(lost_) + " lines could not be written here]\n";
  const std::size_t needed = note.size() + line.size();
  bool ready = file_.valid() || open().has_value();
  if (ready && regular_ && bytes_ > 0 && bytes_ + needed > limits_.bytes_max) ready = rotate();
  if (ready && !note.empty() && write_whole(note)) {
    note.clear();
    lost_ = 0;
  }
  if (ready && note.empty() && write_whole(line)) return true;
  ++lost_;
  return false;
}

bool RotatingFile::write_whole(std::string_view bytes) {
  ssize_t written = -1;
  do {
    written = ::write(file_.get(), bytes.data(), bytes.size());
  } while (written < 0 && errno == EINTR);
  if (written == static_cast<ssize_t>(bytes.size())) {
    bytes_ += bytes.size();
    return true;
  }
  // Half a line would run into the next one.
  if (written > 0 && regular_ && ::ftruncate(file_.get(), static_cast<off_t>(bytes_)) != 0) {
    bytes_ += static_cast<std::size_t>(written);
  }
  return false;
}

bool RotatingFile::rotate() {
  const int kept = limits_.files_kept;
  // Files of a time when more were kept go as well.
  for (int i = kept; i < limits::kLogFilesKeptMax; ++i) {
    if (::unlink(rotated_path(path_, i).c_str()) != 0) break;
  }
  for (int i = kept - 1; i > 0; --i) {
    const std::string from = rotated_path(path_, i - 1);
    const std::string to = rotated_path(path_, i);
    if (::rename(from.c_str(), to.c_str()) != 0 && errno != ENOENT) return false;
  }
  if (kept <= 1 && ::unlink(path_.c_str()) != 0 && errno != ENOENT) return false;
  return open().has_value();
}

}  // namespace arcella
