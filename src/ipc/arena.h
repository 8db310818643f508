// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Arenas (docs/decisions/0013) made and read by hand, for the few functions that the daemon itself
// serves. Everything else moves them as they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace arcella::ipc {

// Offsets are those of the canonical ABI. Parts are to be put in the order in which one meets them
// reading from first to last, a list before what its elements point to. Owner: one thread.
class ArenaWriter {
 public:
  // Of a result, or of parameters as one tuple, of this size; all zero.
  explicit ArenaWriter(std::size_t root_bytes) : bytes_(root_bytes) {}

  void put_u8(std::size_t at, std::uint8_t value) { bytes_[at] = std::byte{value}; }
  void put_u32(std::size_t at, std::uint32_t value);
  void put_u64(std::size_t at, std::uint64_t value);
  // A string's pointer and length.
  void put_text(std::size_t at, std::string_view text);
  // A list's pointer and length; where its first element is. Alignment: 1, 2, 4 or 8.
  std::size_t put_list(std::size_t at, std::size_t count, std::size_t element_bytes,
                       std::size_t alignment);

  [[nodiscard]] std::vector<std::byte> take() && { return std::move(bytes_); }

 private:
  void put_pointer(std::size_t at, std::size_t to, std::size_t length);

  std::vector<std::byte> bytes_;
};

// Untrusted: whoever calls may be another process. The bytes outlive it.
class ArenaReader {
 public:
  // InvalidParams: there are not even so many.
  static Result<ArenaReader> of(std::span<const std::byte> bytes, std::size_t root_bytes);

  // Within the root.
  [[nodiscard]] std::uint32_t u32(std::size_t at) const;
  // In the order of reading. InvalidParams: it does not lie where the next part begins, or is no
  // UTF-8.
  Result<std::string_view> text(std::size_t at);
  // InvalidParams: there is more than was read.
  [[nodiscard]] Result<void> finish() const;

 private:
  ArenaReader(std::span<const std::byte> bytes, std::size_t root_bytes)
      : bytes_(bytes), next_(root_bytes) {}

  std::span<const std::byte> bytes_;
  std::size_t next_;  // where the next part begins
};

}  // namespace arcella::ipc
