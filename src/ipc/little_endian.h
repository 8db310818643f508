// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Numbers in little-endian bytes, whatever the machine's order; compilers make one move of it on a
// little-endian one. The bytes are as many as the number has, or more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace arcella::ipc {

template <class Number>
void put_little_endian(std::span<std::byte> bytes, Number number) noexcept {
  const auto bits = static_cast<std::make_unsigned_t<Number>>(number);
  for (std::size_t i = 0; i < sizeof(Number); ++i)
    bytes[i] = static_cast<std::byte>(bits >> (8 * i));
}

template <class Number>
[[nodiscard]] Number get_little_endian(std::span<const std::byte> bytes) noexcept {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i)
    bits |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
  return static_cast<Number>(bits);
}

}  // namespace arcella::ipc
