// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Bytes that can no longer change: a memfd sealed against writing, growing, shrinking and
// unsealing. Whoever maps it later maps what was checked, whatever happens to the file it was
// copied from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"
#include "base/unique_fd.h"

namespace arcella::store {

// `length` bytes of `source` from `offset`, copied in the kernel. Io if there are fewer. The
// position of `source` is left alone.
[[nodiscard]] Result<UniqueFd> copy_to_sealed_memfd(const UniqueFd& source, std::uint64_t offset,
                                                    std::uint64_t length);

// A whole descriptor mapped for reading.
class Mapping {
 public:
  static Result<Mapping> map(const UniqueFd& fd, std::size_t length);
  Mapping(Mapping&& other) noexcept;
  Mapping& operator=(Mapping&&) = delete;
  ~Mapping();
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
    return {static_cast<const std::byte*>(address_), length_};
  }

 private:
  Mapping(void* address, std::size_t length) : address_(address), length_(length) {}
  void* address_;
  std::size_t length_;
};

}  // namespace arcella::store
