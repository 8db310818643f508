// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "store/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <utility>

#include "base/file.h"
#include "base/limits.h"
#include "store/system_error.h"

namespace arcella::store {
namespace {

constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

struct CloseDir {
  void operator()(DIR* dir) const noexcept { ::closedir(dir); }
};

}  // namespace

Error Folder::error(std::string_view verb, const std::string& name) const {
  int reason = errno;
  Error result = system_error(reason, std::string(verb) + " '" + path_of(name) + "'");
  if (reason == EEXIST || reason == ENOTEMPTY) return {ErrorCode::AlreadyExists, result.message()};
  // A symbolic link, which nothing of ours is.
  if (reason == ELOOP) return {ErrorCode::InvalidParams, result.message()};
  return result;
}

Result<Folder> Folder::open(const std::string& path) {
  ARCELLA_TRY_VOID(make_dir_0700(path));
  UniqueFd fd(::open(path.c_str(), kFolderFlags));
  if (!fd.valid()) return fail(system_error(errno, "opening '" + path + "'"));
  return Folder(std::move(fd), path);
}

Result<Folder> Folder::subfolder(const std::string& name) const {
  UniqueFd fd(::openat(fd_.get(), name.c_str(), kFolderFlags));
  if (!fd.valid()) return fail(error("opening", name));
  return Folder(std::move(fd), path_of(name));
}

Result<Folder> Folder::make_subfolder(const std::string& name) const {
  if (::mkdirat(fd_.get(), name.c_str(), 0700) != 0) return fail(error("making", name));
  return subfolder(name);
}

Result<UniqueFd> Folder::open_file(const std::string& name) const {
  // Without O_NONBLOCK a pipe put there would hold us.
  int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
  UniqueFd fd(::openat(fd_.get(), name.c_str(), flags));
  if (!fd.valid()) return fail(error("opening", name));
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return fail(error("opening", name));
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorCode::InvalidParams, "opening '" + path_of(name) + "': not a regular file");
  }
  return fd;
}

Result<UniqueFd> Folder::create_file(const std::string& name) const {
  int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  UniqueFd fd(::openat(fd_.get(), name.c_str(), flags, 0600));
  if (!fd.valid()) return fail(error("creating", name));
  return fd;
}

Result<void> Folder::write_file(const std::string& name, std::string_view bytes) const {
  ARCELLA_TRY(UniqueFd fd, create_file(name));
  ARCELLA_TRY_VOID(write_all(fd, bytes, "writing '" + path_of(name) + "'"));
  if (::fsync(fd.get()) != 0) return fail(error("syncing", name));
  return {};
}

Result<void> Folder::rename_new(const std::string& from, const std::string& to) const {
  if (::renameat2(fd_.get(), from.c_str(), fd_.get(), to.c_str(), RENAME_NOREPLACE) != 0) {
    return fail(error("renaming to", to));
  }
  return {};
}

Result<void> Folder::rename_over(const std::string& from, const std::string& to) const {
  if (::renameat(fd_.get(), from.c_str(), fd_.get(), to.c_str()) != 0) {
    return fail(error("renaming to", to));
  }
  return {};
}

Result<void> Folder::exchange(const std::string& one, const std::string& other) const {
  if (::renameat2(fd_.get(), one.c_str(), fd_.get(), other.c_str(), RENAME_EXCHANGE) != 0) {
    return fail(error("exchanging", other));
  }
  return {};
}

Result<void> Folder::remove(const std::string& name) const {
  return remove_tree(name, limits::kRemoveDepthMax);
}

Result<void> Folder::remove_tree(const std::string& name, int depth) const {
  if (::unlinkat(fd_.get(), name.c_str(), 0) == 0 || errno == ENOENT) return {};
  // Linux says EISDIR of a folder, POSIX lets it be EPERM.
  if (errno != EISDIR && errno != EPERM) return fail(error("removing", name));
  if (depth == 0) {
    return fail(ErrorCode::LimitExceeded, "removing '" + path_of(name) + "': nested too deep");
  }
  ARCELLA_TRY(Folder folder, subfolder(name));
  ARCELLA_TRY(std::vector<std::string> entries, folder.names());
  for (const std::string& entry : entries) {
    ARCELLA_TRY_VOID(folder.remove_tree(entry, depth - 1));
  }
  if (::unlinkat(fd_.get(), name.c_str(), AT_REMOVEDIR) != 0) return fail(error("removing", name));
  return {};
}

Result<void> Folder::sync() const {
  if (::fsync(fd_.get()) != 0) return fail(system_error(errno, "syncing '" + path_ + "'"));
  return {};
}

bool Folder::has(const std::string& name) const noexcept {
  struct stat status{};
  return ::fstatat(fd_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
}

Result<std::vector<std::string>> Folder::names() const {
  // A description of its own: reading moves the offset, and a duplicate would share it.
  UniqueFd fd(::openat(fd_.get(), ".", kFolderFlags));
  if (!fd.valid()) return fail(system_error(errno, "reading '" + path_ + "'"));
  std::unique_ptr<DIR, CloseDir> dir(::fdopendir(fd.get()));
  if (!dir) return fail(system_error(errno, "reading '" + path_ + "'"));
  (void)fd.release();
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(dir.get());  // NOLINT(concurrency-mt-unsafe): our own stream
    if (entry == nullptr) break;
    std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(std::move(name));
  }
  if (errno != 0) return fail(system_error(errno, "reading '" + path_ + "'"));
  std::sort(names.begin(), names.end());
  return names;
}

Result<void> write_all(const UniqueFd& fd, std::string_view bytes, const std::string& what) {
  while (!bytes.empty()) {
    ssize_t written = ::write(fd.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail(system_error(errno, what));
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace arcella::store
