// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "ipc/shared_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>

#include "base/limits.h"
#include "base/memory_file.h"

namespace arcella::ipc {
namespace {

constexpr std::size_t kHalfBytes = limits::kDataSharedBytes;
constexpr std::size_t kCountersBytes = 4096;
constexpr std::size_t kWholeBytes = kCountersBytes + 2 * kHalfBytes;
// Of the counters, so that two cores do not take one line from each other.
constexpr std::size_t kLineBytes = 64;
constexpr int kSeals = F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;

using Counter = std::atomic_ref<std::uint64_t>;
static_assert(Counter::is_always_lock_free, "one that locks does not work between processes");

}  // namespace

Result<UniqueFd> SharedMemory::make() {
  ARCELLA_TRY(UniqueFd memory, make_memory_file("arcella-payloads"));
  if (::ftruncate(memory.get(), static_cast<off_t>(kWholeBytes)) != 0 ||
      ::fcntl(memory.get(), F_ADD_SEALS, kSeals) != 0)
    return fail(Error::from_errno(errno, "making shared memory"));
  return memory;
}

Result<void> SharedMemory::map_part(Mapped& part, const UniqueFd& memory, std::size_t from,
                                    std::size_t length, int protection) {
  void* const address = ::mmap(nullptr, length, protection, MAP_SHARED | MAP_NORESERVE,
                               memory.get(), static_cast<off_t>(from));
  if (address == MAP_FAILED) return fail(Error::from_errno(errno, "mapping shared memory"));
  part = {static_cast<std::byte*>(address), length};
  return {};
}

Result<std::unique_ptr<SharedMemory>> SharedMemory::map(const UniqueFd& memory, bool first) {
  struct stat status{};
  if (::fstat(memory.get(), &status) != 0)
    return fail(Error::from_errno(errno, "looking at shared memory"));
  const int seals = ::fcntl(memory.get(), F_GET_SEALS);
  if (status.st_size != static_cast<off_t>(kWholeBytes) || seals < 0 || (seals & kSeals) != kSeals)
    return fail(ErrorCode::InvalidRequest, "the shared memory is not of the size or seals agreed");
  constexpr int kReadWrite = PROT_READ | PROT_WRITE;
  const std::size_t halves[] = {kCountersBytes, kCountersBytes + kHalfBytes};
  std::unique_ptr<SharedMemory> made(new SharedMemory);
  ARCELLA_TRY_VOID(map_part(made->counters_, memory, 0, kCountersBytes, kReadWrite));
  ARCELLA_TRY_VOID(map_part(made->ours_, memory, halves[first ? 0 : 1], kHalfBytes, kReadWrite));
  ARCELLA_TRY_VOID(map_part(made->theirs_, memory, halves[first ? 1 : 0], kHalfBytes, PROT_READ));
  auto* const of_first = reinterpret_cast<std::uint64_t*>(made->counters_.bytes);
  auto* const of_second = reinterpret_cast<std::uint64_t*>(made->counters_.bytes + kLineBytes);
  made->taken_from_ours_ = first ? of_first : of_second;
  made->taken_from_theirs_ = first ? of_second : of_first;
  return made;
}

SharedMemory::~SharedMemory() {
  for (const Mapped& part : {counters_, ours_, theirs_}) {
    if (part.bytes != nullptr) ::munmap(part.bytes, part.length);
  }
}

std::optional<std::uint64_t> SharedMemory::put(std::span<const Bytes> parts) {
  // A peer that counts what it has not taken spoils what it reads, nothing else.
  if (Counter(*taken_from_ours_).load(std::memory_order_acquire) == put_) next_ = 0;
  std::size_t length = 0;
  for (const Bytes part : parts) length += part.size();
  if (length > ours_.length - next_) return std::nullopt;
  const std::uint64_t place = next_;
  for (const Bytes part : parts) {
    if (part.empty()) continue;
    std::memcpy(ours_.bytes + next_, part.data(), part.size());
    next_ += part.size();
  }
  next_ = std::min(ours_.length, (next_ + kLineBytes - 1) / kLineBytes * kLineBytes);
  ++put_;
  return place;
}

Result<SharedMemory::Bytes> SharedMemory::at(std::uint64_t place, std::size_t length) const {
  if (place > theirs_.length || length > theirs_.length - place)
    return fail(ErrorCode::InvalidRequest, "data channel: " + std::to_string(length) +
                                               " bytes at " + std::to_string(place) +
                                               " are not in the shared memory");
  return Bytes(theirs_.bytes + place, length);
}

void SharedMemory::taken() {
  Counter(*taken_from_theirs_).fetch_add(1, std::memory_order_release);
}

}  // namespace arcella::ipc
