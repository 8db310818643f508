// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "base/crash_point.h"
#include "base/unique_fd.h"

namespace arcella {
namespace {

std::string quoted(std::string_view verb, const std::filesystem::path& path) {
  return std::string(verb) + " '" + path.string() + "'";
}

Unexpected fail_errno(std::string_view verb, const std::filesystem::path& path) {
  return fail(Error::from_errno(errno, quoted(verb, path)));
}

Unexpected fail_too_large(const std::filesystem::path& path, std::size_t bytes_max) {
  return fail(ErrorCode::LimitExceeded, quoted("reading", path) + ": larger than the limit of " +
                                            std::to_string(bytes_max) + " bytes");
}

std::string_view kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISCHR(mode) || S_ISBLK(mode)) return "a device";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "something else";
}

// Hidden, beside the file, and told from those of other files.
std::string temporary_prefix(const std::filesystem::path& path) {
  return "." + path.filename().string() + ".";
}

Result<void> write_all(int fd, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno("writing", path);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

// Fills `temporary` and moves it over `path`.
Result<void> write_and_rename(UniqueFd fd, const std::string& temporary,
                              const std::filesystem::path& path, std::string_view bytes,
                              mode_t mode) {
  ARCELLA_TRY_VOID(write_all(fd.get(), bytes, path));
  // mkostemp made it 0600; the umask is not asked, the caller said what it wants.
  if (::fchmod(fd.get(), mode) != 0) return fail_errno("setting the mode of", path);
  if (::fsync(fd.get()) != 0) return fail_errno("syncing", path);
  fd.reset();
  crash_point("file.written");
  if (::rename(temporary.c_str(), path.c_str()) != 0) return fail_errno("replacing", path);
  return {};
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::size_t bytes_max) {
  // Without O_NONBLOCK the open itself would wait for a pipe's writer.
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.valid()) return fail_errno("reading", path);
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return fail_errno("reading", path);
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorCode::InvalidParams, quoted("reading", path) + ": it is " +
                                              std::string(kind_of(status.st_mode)) +
                                              ", not a file");
  }
  if (static_cast<std::size_t>(status.st_size) > bytes_max) return fail_too_large(path, bytes_max);

  // The size is a hint: the file may grow while it is read, and files of /proc say 0. One byte of
  // room past it finds the end of a file of just that size without growing.
  std::string content;
  std::size_t filled = 0;
  std::size_t room = static_cast<std::size_t>(status.st_size) + 1;
  for (;;) {
    content.resize(filled + room);
    ssize_t got = ::read(fd.get(), content.data() + filled, room);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("reading", path);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
    if (filled > bytes_max) return fail_too_large(path, bytes_max);
    room = std::max<std::size_t>(content.size() - filled, 4096);
  }
  content.resize(filled);
  return content;
}

Result<void> atomic_write(const std::filesystem::path& path, std::string_view bytes, mode_t mode) {
  std::filesystem::path folder = path.parent_path();
  if (folder.empty()) folder = ".";
  std::string temporary = (folder / (temporary_prefix(path) + "XXXXXX")).string();
  UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd.valid()) return fail_errno("writing", path);
  auto written = write_and_rename(std::move(fd), temporary, path, bytes, mode);
  if (!written.has_value()) {
    ::unlink(temporary.c_str());
    return written;
  }
  return sync_dir(folder);
}

Result<void> remove_unfinished(const std::filesystem::path& path) {
  std::string prefix = temporary_prefix(path);
  std::error_code error;
  for (std::filesystem::directory_iterator entry(path.parent_path(), error), end;
       !error && entry != end; entry.increment(error)) {
    if (entry->path().filename().string().starts_with(prefix))
      std::filesystem::remove(entry->path(), error);
  }
  if (error) return fail(Error::from_errno(error.value(), quoted("cleaning beside", path)));
  return {};
}

Result<std::vector<std::string>> folder_entries(const std::filesystem::path& folder,
                                                std::size_t entries_max,
                                                const std::function<bool(std::string_view)>& wanted,
                                                std::string_view way_out) {
  std::vector<std::string> found;
  std::size_t entries = 0;
  std::error_code error;
  std::filesystem::directory_iterator iterator(folder, error);
  for (; !error && iterator != std::filesystem::directory_iterator(); iterator.increment(error)) {
    if (++entries > entries_max) {
      return fail(ErrorCode::LimitExceeded, folder.string() + ": more than " +
                                                std::to_string(entries_max) + " entries; " +
                                                std::string(way_out));
    }
    std::string name = iterator->path().filename().string();
    if (wanted(name)) found.push_back(std::move(name));
  }
  if (error) return fail(Error::from_errno(error.value(), folder.string()));
  std::sort(found.begin(), found.end());
  return found;
}

Result<void> sync_dir(const std::filesystem::path& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0) return fail_errno("syncing", path);
  return {};
}

Result<void> make_dir_0700(const std::filesystem::path& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return fail_errno("making", path);
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return fail_errno("opening", path);
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return fail_errno("opening", path);
  if (status.st_uid != ::geteuid()) {
    return fail(ErrorCode::PermissionDenied,
                quoted("using", path) + ": it belongs to another user");
  }
  if ((status.st_mode & 07777U) != 0700 && ::fchmod(fd.get(), 0700) != 0) {
    return fail_errno("setting the mode of", path);
  }
  return {};
}

}  // namespace arcella
