// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Preloaded into the daemon (LD_PRELOAD): stands before the C library's functions that make files,
// descriptors and processes, and has the one fail that the test has chosen (fault_control.h).
// SQLite goes through the same functions. Workers and helpers get an environment of their own and
// run without it.
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "support/fail_at/fault_control.h"

namespace {

using arcella::integration::Fault;
using arcella::integration::FaultControl;

FaultControl* control = nullptr;

__attribute__((constructor)) void attach() {
  const char* path = std::getenv("ARCELLA_FAULTS");  // NOLINT(concurrency-mt-unsafe): one thread
  if (path == nullptr) return;
  const int fd = ::open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void* page = ::mmap(nullptr, sizeof(FaultControl), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  if (page != MAP_FAILED) control = static_cast<FaultControl*>(page);
}

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}
// The C library's own, found once.
#define NEXT(name) static const auto real = next<decltype(&::name)>(#name)

Fault chosen() {
  return control == nullptr ? Fault::None : control->fault.load();
}

// Counts a call of the chosen kind, and says whether its turn has come.
bool is_hit() {
  const std::int64_t number = ++control->calls;
  const std::int64_t at = control->at;
  const bool hit = chosen() == Fault::DiskFull ? number >= at : number == at;
  if (hit) ++control->faults;
  return hit;
}

bool is_beneath_home(const char* path) {
  const std::size_t length = std::strlen(control->home.data());
  return std::strncmp(path, control->home.data(), length) == 0 && path[length] == '/';
}

struct Path {
  char text[4096] = {};
};
Path path_of(int fd) {
  char link[64];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  Path path;
  const ssize_t length = ::readlink(link, path.text, sizeof path.text - 1);
  path.text[std::max<ssize_t>(length, 0)] = '\0';
  return path;
}
// A full disk has nothing to do with memory files; the other faults strike there too.
bool is_ours(int fd) {
  const Path path = path_of(fd);
  if (std::strncmp(path.text, "/memfd:", 7) == 0) return chosen() != Fault::DiskFull;
  return is_beneath_home(path.text);
}
bool is_ours(int folder, const char* name) {
  if (name[0] == '/') return is_beneath_home(name);
  if (folder == AT_FDCWD) return false;
  Path path = path_of(folder);
  std::strncat(path.text, "/", 2);
  return is_beneath_home(path.text);
}

// The three kinds of questions that the functions below ask; each sets errno when it says yes.
bool fails_to_change(bool ours, bool needs_space) {
  const Fault fault = chosen();
  const bool meant = (fault == Fault::DiskFull && needs_space) || fault == Fault::InputOutput;
  if (!meant || !ours || !is_hit()) return false;
  errno = fault == Fault::DiskFull ? ENOSPC : EIO;
  return true;
}
bool fails_to_describe() {
  if (chosen() != Fault::NoDescriptors || !is_hit()) return false;
  errno = EMFILE;
  return true;
}
// How much of `size` is written; all of it, mostly.
std::size_t cut(int fd, std::size_t size) {
  if (chosen() != Fault::ShortWrite || size < 2 || !is_ours(fd) || !is_hit()) return size;
  return size / 2;
}
bool fails_to_write(int fd) {
  return chosen() != Fault::None && fails_to_change(is_ours(fd), true);
}
// Space is found when it is written to, so a full disk does not show here.
bool fails_to_sync(int fd) {
  return chosen() != Fault::None && fails_to_change(is_ours(fd), false);
}
bool fails_to_resize(int fd, std::int64_t size) {
  struct stat status{};
  const bool grows = ::fstat(fd, &status) == 0 && size > status.st_size;
  return chosen() != Fault::None && fails_to_change(is_ours(fd), grows);
}
bool fails_to_open(int folder, const char* path, int flags) {
  if (chosen() == Fault::None) return false;
  const bool makes = (flags & O_CREAT) != 0;
  return fails_to_describe() || fails_to_change(is_ours(folder, path), makes);
}

mode_t mode_of(int flags, std::va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

}  // namespace

// The C library declares some of these with attributes that a definition need not repeat.
extern "C" {

#define OPEN(name)                                       \
  int name(const char* path, int flags, ...) {           \
    NEXT(name);                                          \
    std::va_list arguments;                              \
    va_start(arguments, flags);                          \
    const mode_t mode = mode_of(flags, arguments);       \
    va_end(arguments);                                   \
    if (fails_to_open(AT_FDCWD, path, flags)) return -1; \
    return real(path, flags, mode);                      \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                       \
  int name(int folder, const char* path, int flags, ...) { \
    NEXT(name);                                            \
    std::va_list arguments;                                \
    va_start(arguments, flags);                            \
    const mode_t mode = mode_of(flags, arguments);         \
    va_end(arguments);                                     \
    if (fails_to_open(folder, path, flags)) return -1;     \
    return real(folder, path, flags, mode);                \
  }
OPENAT(openat)
OPENAT(openat64)

int mkostemp(char* pattern, int flags) {
  NEXT(mkostemp);
  return fails_to_open(AT_FDCWD, pattern, flags | O_CREAT) ? -1 : real(pattern, flags);
}
DIR* opendir(const char* path) {
  NEXT(opendir);
  return fails_to_open(AT_FDCWD, path, O_RDONLY) ? nullptr : real(path);
}

ssize_t write(int fd, const void* bytes, size_t size) {
  NEXT(write);
  return fails_to_write(fd) ? -1 : real(fd, bytes, cut(fd, size));
}
ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) {
  NEXT(pwrite);
  return fails_to_write(fd) ? -1 : real(fd, bytes, cut(fd, size), at);
}
ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t at) {
  NEXT(pwrite64);
  return fails_to_write(fd) ? -1 : real(fd, bytes, cut(fd, size), at);
}
ssize_t writev(int fd, const iovec* parts, int count) {
  NEXT(writev);
  return fails_to_write(fd) ? -1 : real(fd, parts, count);
}
ssize_t sendfile(int to, int from, off_t* at, size_t size) {
  NEXT(sendfile);
  return fails_to_write(to) ? -1 : real(to, from, at, cut(to, size));
}
ssize_t sendfile64(int to, int from, off64_t* at, size_t size) {
  NEXT(sendfile64);
  return fails_to_write(to) ? -1 : real(to, from, at, cut(to, size));
}
int ftruncate(int fd, off_t size) {
  NEXT(ftruncate);
  return fails_to_resize(fd, size) ? -1 : real(fd, size);
}
int ftruncate64(int fd, off64_t size) {
  NEXT(ftruncate64);
  return fails_to_resize(fd, size) ? -1 : real(fd, size);
}
int fsync(int fd) {
  NEXT(fsync);
  return fails_to_sync(fd) ? -1 : real(fd);
}
int fdatasync(int fd) {
  NEXT(fdatasync);
  return fails_to_sync(fd) ? -1 : real(fd);
}

bool fails_to_name(int folder, const char* path, bool needs_space) {
  return chosen() != Fault::None && fails_to_change(is_ours(folder, path), needs_space);
}
int mkdir(const char* path, mode_t mode) {
  NEXT(mkdir);
  return fails_to_name(AT_FDCWD, path, true) ? -1 : real(path, mode);
}
int mkdirat(int folder, const char* path, mode_t mode) {
  NEXT(mkdirat);
  return fails_to_name(folder, path, true) ? -1 : real(folder, path, mode);
}
int rename(const char* from, const char* to) {
  NEXT(rename);
  return fails_to_name(AT_FDCWD, to, true) ? -1 : real(from, to);
}
int renameat(int from_folder, const char* from, int to_folder, const char* to) {
  NEXT(renameat);
  return fails_to_name(to_folder, to, true) ? -1 : real(from_folder, from, to_folder, to);
}
int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) {
  NEXT(renameat2);
  return fails_to_name(to_folder, to, true) ? -1 : real(from_folder, from, to_folder, to, flags);
}
int unlink(const char* path) {
  NEXT(unlink);
  return fails_to_name(AT_FDCWD, path, false) ? -1 : real(path);
}
int unlinkat(int folder, const char* path, int flags) {
  NEXT(unlinkat);
  return fails_to_name(folder, path, false) ? -1 : real(folder, path, flags);
}

int memfd_create(const char* name, unsigned flags) {
  NEXT(memfd_create);
  return fails_to_describe() ? -1 : real(name, flags);
}
int socket(int domain, int type, int protocol) {
  NEXT(socket);
  return fails_to_describe() ? -1 : real(domain, type, protocol);
}
int socketpair(int domain, int type, int protocol, int fds[2]) {
  NEXT(socketpair);
  return fails_to_describe() ? -1 : real(domain, type, protocol, fds);
}
int accept(int listener, sockaddr* address, socklen_t* length) {
  NEXT(accept);
  return fails_to_describe() ? -1 : real(listener, address, length);
}
int accept4(int listener, sockaddr* address, socklen_t* length, int flags) {
  NEXT(accept4);
  return fails_to_describe() ? -1 : real(listener, address, length, flags);
}
int pipe2(int fds[2], int flags) {
  NEXT(pipe2);
  return fails_to_describe() ? -1 : real(fds, flags);
}
int dup(int fd) {
  NEXT(dup);
  return fails_to_describe() ? -1 : real(fd);
}
int fcntl(int fd, int command, ...) {
  NEXT(fcntl);
  std::va_list arguments;
  va_start(arguments, command);
  void* argument =
      va_arg(arguments, void*);  // of any size up to a pointer's, as the C library does
  va_end(arguments);
  const bool duplicates = command == F_DUPFD || command == F_DUPFD_CLOEXEC;
  return duplicates && fails_to_describe() ? -1 : real(fd, command, argument);
}
// A process and its descriptor. The trailing arguments are those of the one form that we use.
int clone(int (*start)(void*), void* stack, int flags, void* argument, ...) {
  NEXT(clone);
  std::va_list arguments;
  va_start(arguments, argument);
  void* pidfd = va_arg(arguments, void*);
  va_end(arguments);
  const bool describes = (flags & CLONE_PIDFD) != 0;
  return describes && fails_to_describe() ? -1 : real(start, stack, flags, argument, pidfd);
}

}  // extern "C"
