// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/home_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "base/file.h"
#include "base/text.h"

namespace arcella::runtime {
namespace {

constexpr std::array<std::string_view, 7> kFolders{"cfg",   "modules", "deploy", "cache",
                                                   "state", "logs",    "run"};

std::string holder_of(int file) {
  std::array<char, 16> text{};
  ssize_t length = ::pread(file, text.data(), text.size(), 0);
  std::string_view pid(text.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
  pid = pid.substr(0, pid.find('\n'));
  return pid.empty() ? std::string("another daemon") : "a daemon (pid " + inert(pid) + ")";
}

}  // namespace

Result<HomeLock> HomeLock::acquire(const std::string& home) {
  std::string path = home + "/run/daemon.lock";
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.valid()) return fail(Error::from_errno(errno, path));
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return fail(Error::from_errno(errno, "locking " + path));
    return fail(ErrorCode::Conflict,
                holder_of(file.get()) + " runs on " + home +
                    " already: stop it with `arcella-cli shutdown`, or choose another --home");
  }
  std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(file.get(), 0) != 0 ||
      ::pwrite(file.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return fail(Error::from_errno(errno, "writing " + path));
  }
  return HomeLock(std::move(file));
}

Result<void> prepare_home(const std::string& home) {
  ARCELLA_TRY_VOID(make_dir_0700(home));
  for (std::string_view folder : kFolders) {
    ARCELLA_TRY_VOID(make_dir_0700(home + "/" + std::string(folder)));
  }
  return {};
}

}  // namespace arcella::runtime
