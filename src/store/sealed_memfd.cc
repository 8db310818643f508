// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "store/sealed_memfd.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "base/memory_file.h"
#include "store/system_error.h"

namespace arcella::store {
namespace {

constexpr int kSeals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;

// One call moves at most this much: what sendfile takes on Linux.
constexpr std::uint64_t kSendMax = 0x7fff'f000;
constexpr std::size_t kBufferBytes = 1U << 20U;

Unexpected fail_short() {
  return fail(ErrorCode::Io, "copying an artifact: it is shorter than it says");
}

// For sources that sendfile refuses.
Result<void> copy_by_buffer(const UniqueFd& source, off_t offset, std::uint64_t length,
                            const UniqueFd& to) {
  std::vector<std::byte> buffer(
      static_cast<std::size_t>(std::min<std::uint64_t>(length, kBufferBytes)));
  while (length > 0) {
    auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(length, buffer.size()));
    ssize_t got = ::pread(source.get(), buffer.data(), wanted, offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(system_error(errno, "reading an artifact"));
    if (got == 0) return fail_short();
    auto count = static_cast<std::size_t>(got);
    for (std::size_t done = 0; done < count;) {
      ssize_t written = ::write(to.get(), buffer.data() + done, count - done);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return fail(system_error(errno, "copying an artifact"));
      done += static_cast<std::size_t>(written);
    }
    offset += got;
    length -= count;
  }
  return {};
}

Result<void> copy(const UniqueFd& source, std::uint64_t from, std::uint64_t length,
                  const UniqueFd& to) {
  auto offset = static_cast<off_t>(from);
  while (length > 0) {
    auto wanted = static_cast<std::size_t>(std::min(length, kSendMax));
    ssize_t sent = ::sendfile(to.get(), source.get(), &offset, wanted);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EINVAL) return copy_by_buffer(source, offset, length, to);
    if (sent < 0) return fail(system_error(errno, "copying an artifact"));
    if (sent == 0) return fail_short();
    length -= static_cast<std::uint64_t>(sent);
  }
  return {};
}

}  // namespace

Result<UniqueFd> copy_to_sealed_memfd(const UniqueFd& source, std::uint64_t offset,
                                      std::uint64_t length) {
  // It never runs; native code is mapped from it, which does not ask for its execute bit.
  ARCELLA_TRY(UniqueFd fd, make_memory_file("arcella-artifact"));
  ARCELLA_TRY_VOID(copy(source, offset, length, fd));
  if (::fcntl(fd.get(), F_ADD_SEALS, kSeals) != 0) {
    return fail(system_error(errno, "sealing a memory file"));
  }
  if (::lseek(fd.get(), 0, SEEK_SET) != 0)
    return fail(system_error(errno, "rewinding a memory file"));
  return fd;
}

Result<Mapping> Mapping::map(const UniqueFd& fd, std::size_t length) {
  if (length == 0) return Mapping(nullptr, 0);
  // All pages at once: the whole is read through right after.
  void* address = ::mmap(nullptr, length, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd.get(), 0);
  if (address == MAP_FAILED) return fail(system_error(errno, "mapping an artifact"));
  return Mapping(address, length);
}

Mapping::Mapping(Mapping&& other) noexcept
    : address_(std::exchange(other.address_, nullptr)), length_(std::exchange(other.length_, 0)) {}

Mapping::~Mapping() {
  if (address_ != nullptr) ::munmap(address_, length_);
}

}  // namespace arcella::store
