// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/event_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string_view>
#include <utility>

#include "alme_proto/events.h"
#include "store/folder.h"
#include "wire/json.h"

namespace arcella::runtime {
namespace {

// The last `bytes_max` bytes: whoever made the file larger than we do does not make us read it.
Result<std::string> tail_of(const std::string& path, std::size_t bytes_max) {
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.valid() && errno == ENOENT) return std::string();
  struct stat info{};
  if (!file.valid() || ::fstat(file.get(), &info) != 0) return fail(Error::from_errno(errno, path));
  const auto size = static_cast<std::size_t>(std::max<off_t>(info.st_size, 0));
  std::size_t at = size > bytes_max ? size - bytes_max : 0;
  std::string text(size - at, '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    const ssize_t count = ::pread(file.get(), text.data() + filled, text.size() - filled,
                                  static_cast<off_t>(at + filled));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(Error::from_errno(errno, "reading " + path));
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  text.resize(filled);
  return text;
}

// What is no whole event (a torn line, one cut by the bound, one of a newer daemon) is passed over.
void read_lines(std::string_view text, std::vector<model::Event>& into) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return;
    auto value = wire::parse_json(text.substr(0, end));
    text.remove_prefix(end + 1);
    if (!value.has_value()) continue;
    auto event = alme_proto::event_from_json(*value);
    if (event.has_value()) into.push_back(std::move(*event));
  }
}

}  // namespace

EventFile::EventFile(const std::string& folder, std::size_t bytes_max)
    : path_(folder + "/events.jsonl"),
      older_path_(folder + "/events.1.jsonl"),
      bytes_max_(bytes_max) {}

Result<EventFile> EventFile::open(const std::string& folder, std::size_t bytes_max) {
  EventFile made(folder, bytes_max);
  ARCELLA_TRY_VOID(made.reopen());
  return made;
}

Result<void> EventFile::reopen() {
  file_.reset(::open(path_.c_str(),
                     O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  struct stat info{};
  if (!file_.valid() || ::fstat(file_.get(), &info) != 0) {
    return fail(Error::from_errno(errno, path_));
  }
  if (!S_ISREG(info.st_mode)) return fail(ErrorCode::Conflict, path_ + " is no regular file");
  bytes_ = static_cast<std::size_t>(info.st_size);
  char last = '\n';
  if (bytes_ > 0 && ::pread(file_.get(), &last, 1, info.st_size - 1) != 1) {
    return fail(Error::from_errno(errno, "reading " + path_));
  }
  mid_line_ = last != '\n';
  return {};
}

Result<void> EventFile::rotate() {
  if (::rename(path_.c_str(), older_path_.c_str()) != 0 && errno != ENOENT) {
    return fail(Error::from_errno(errno, "renaming " + path_));
  }
  return reopen();
}

Result<void> EventFile::append(std::span<const model::Event> events) {
  std::string text;
  for (const model::Event& event : events) {
    text += wire::to_text(alme_proto::to_json(event));
    text += '\n';
  }
  if (bytes_ > 0 && bytes_ + text.size() > bytes_max_) {
    ARCELLA_TRY_VOID(rotate());
  }
  if (mid_line_) text.insert(text.begin(), '\n');
  mid_line_ = true;
  ARCELLA_TRY_VOID(store::write_all(file_, text, "writing " + path_));
  mid_line_ = false;
  bytes_ += text.size();
  return {};
}

Result<std::vector<model::Event>> EventFile::read_back(std::size_t count) const {
  std::vector<model::Event> events;
  for (const std::string& path : {older_path_, path_}) {
    ARCELLA_TRY(std::string text, tail_of(path, bytes_max_));
    read_lines(text, events);
  }
  if (events.size() > count) {
    events.erase(events.begin(), events.end() - static_cast<std::ptrdiff_t>(count));
  }
  return events;
}

}  // namespace arcella::runtime
