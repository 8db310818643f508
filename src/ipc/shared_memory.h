// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Where the large payloads of a data channel lie: memory that both of its ends have mapped, one
// half for each direction. It is sealed, so that neither can shrink it under the other. Its pages
// stay: making and giving back those of 1 MiB takes ten times as long as copying it
// (docs/decisions/0016). What is read there the peer may change at any time: copy first, then look.
//
// The writer of a half puts one payload behind the other, and begins again at the front when the
// reader has taken all of them. Layout: a page with two counters, of those taken from each half;
// the first half; the second.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/result.h"
#include "base/unique_fd.h"

namespace arcella::ipc {

// One end's view. Owner: CallPort, whose writer and reader use it.
// Thread: put() one at a time; at() and taken() any.
class SharedMemory {
 public:
  using Bytes = std::span<const std::byte>;

  // That of one channel, to be handed to both ends. No page of it is there before it is used.
  static Result<UniqueFd> make();
  // `first`: it writes the first half and reads the second, else the other way round. The
  // descriptor is not needed afterwards. InvalidRequest: not as make() makes it.
  static Result<std::unique_ptr<SharedMemory>> map(const UniqueFd& memory, bool first);
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  // Copies the parts to where the peer finds them, as one: the place in our half. Nothing: there is
  // no room before the peer has taken what is there.
  [[nodiscard]] std::optional<std::uint64_t> put(std::span<const Bytes> parts);

  // In the peer's half, as long as taken() was not called for it. InvalidRequest: outside.
  [[nodiscard]] Result<Bytes> at(std::uint64_t place, std::size_t length) const;
  void taken();

 private:
  struct Mapped {
    std::byte* bytes = nullptr;
    std::size_t length = 0;
  };
  SharedMemory() = default;
  static Result<void> map_part(Mapped& part, const UniqueFd& memory, std::size_t from,
                               std::size_t length, int protection);

  Mapped counters_;
  Mapped ours_;
  Mapped theirs_;
  std::uint64_t* taken_from_ours_ = nullptr;  // the peer counts; to be read atomically
  std::uint64_t* taken_from_theirs_ = nullptr;
  std::uint64_t put_ = 0;  // payloads so far
  std::size_t next_ = 0;   // free from here on
};

}  // namespace arcella::ipc
