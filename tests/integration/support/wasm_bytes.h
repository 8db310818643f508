// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The binary format of WebAssembly, as far as the tests write it themselves.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace arcella::integration {

// LEB128.
inline std::string wasm_number(std::size_t number) {
  std::string out;
  for (; number >= 0x80; number >>= 7U) out += static_cast<char>(0x80U | (number & 0x7fU));
  out += static_cast<char>(number);
  return out;
}

// With its length before it: a name, a body.
inline std::string wasm_sized(std::string_view content) {
  return wasm_number(content.size()).append(content);
}

inline std::string wasm_section(char id, std::string_view content) {
  return id + wasm_sized(content);
}

}  // namespace arcella::integration
