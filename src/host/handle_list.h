// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The list behind an arena with handles (engine::Encoding::Handles; adapter/src/handle_list.rs): in
// the order of the arena the number of each, 8 bytes, then how many there are, 4 bytes,
// little-endian. The arena itself needs no look.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"

namespace arcella::host {

// In a number: the handle is moved, not lent for the call.
inline constexpr std::uint64_t kMovedHandle = std::uint64_t{1} << 63;

// InvalidRequest: it is not whole.
[[nodiscard]] Result<std::vector<std::uint64_t>> handles_of(std::span<const std::byte> values);
// The same values with other numbers, as many of them.
[[nodiscard]] std::vector<std::byte> with_handles(std::span<const std::byte> values,
                                                  std::span<const std::uint64_t> numbers);

// Which instance of its process made a number (engine::Instance::holder).
[[nodiscard]] constexpr std::uint32_t holder_of(std::uint64_t number) noexcept {
  return static_cast<std::uint32_t>((number & ~kMovedHandle) >> 32);
}

// As they are in a Drop frame: 8 bytes each.
[[nodiscard]] std::vector<std::byte> encode_numbers(std::span<const std::uint64_t> numbers);
[[nodiscard]] std::vector<std::uint64_t> decode_numbers(std::span<const std::byte> bytes);

}  // namespace arcella::host
