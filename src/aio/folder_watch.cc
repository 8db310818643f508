// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "aio/folder_watch.h"

#include <sys/inotify.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "aio/await.h"
#include "base/unique_fd.h"

namespace arcella::aio {
namespace {

// Not IN_MODIFY: a file that is being written is nobody's business before it is closed.
constexpr std::uint32_t kMask = IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM |
                                IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR |
                                IN_DONT_FOLLOW;

std::optional<FolderEvent> decode(const inotify_event& event, std::string_view name) {
  using What = FolderEvent::What;
  if ((event.mask & IN_Q_OVERFLOW) != 0) return FolderEvent{What::Overflow, -1, {}};
  // After IN_DELETE_SELF comes IN_IGNORED, and after remove() too: what was before it has said so.
  if ((event.mask & IN_IGNORED) != 0) return std::nullopt;
  if ((event.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT)) != 0) {
    return FolderEvent{What::FolderGone, event.wd, {}};
  }
  if (name.empty()) return std::nullopt;  // the folder's own attributes
  What what = (event.mask & IN_MOVED_TO) != 0      ? What::EntryMoved
              : (event.mask & IN_CLOSE_WRITE) != 0 ? What::EntryWritten
                                                   : What::Entry;
  return FolderEvent{what, event.wd, std::string(name)};
}

}  // namespace

std::vector<FolderEvent> decode_folder_events(std::string_view bytes) {
  std::vector<FolderEvent> events;
  while (bytes.size() >= sizeof(inotify_event)) {
    inotify_event event{};
    std::memcpy(&event, bytes.data(), sizeof event);
    bytes.remove_prefix(sizeof event);
    std::string_view name = bytes.substr(0, event.len);
    bytes.remove_prefix(name.size());
    name = name.substr(0, name.find('\0'));  // padded with zeros
    if (auto decoded = decode(event, name)) events.push_back(std::move(*decoded));
  }
  return events;
}

FolderWatch::FolderWatch(const boost::asio::any_io_executor& executor, int descriptor)
    : descriptor_(executor, descriptor) {}

Result<std::unique_ptr<FolderWatch>> FolderWatch::open(
    const boost::asio::any_io_executor& executor) {
  UniqueFd descriptor(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!descriptor.valid()) {
    return fail(Error::from_errno(
        errno, "watching folders (fs.inotify.max_user_instances bounds how many can)"));
  }
  return std::unique_ptr<FolderWatch>(new FolderWatch(executor, descriptor.release()));
}

Result<int> FolderWatch::add(const std::string& path) {
  int folder = ::inotify_add_watch(descriptor_.native_handle(), path.c_str(), kMask);
  if (folder < 0) return fail(Error::from_errno(errno, "watching '" + path + "'"));
  return folder;
}

void FolderWatch::remove(int folder) noexcept {
  ::inotify_rm_watch(descriptor_.native_handle(), folder);
}

Task<Result<std::vector<FolderEvent>>> FolderWatch::next() {
  auto state = co_await boost::asio::this_coro::cancellation_state;
  for (;;) {
    if (is_cancelled(state)) co_return Unexpected(cancelled_error());
    auto [error, count] =
        co_await descriptor_.async_read_some(boost::asio::buffer(buffer_), kAsTuple);
    if (error) co_return Unexpected(error_from(error, "watching folders"));
    auto events = decode_folder_events(std::string_view(buffer_.data(), count));
    if (!events.empty()) co_return events;
  }
}

}  // namespace arcella::aio
