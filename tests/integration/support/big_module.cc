// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "support/big_module.h"

#include <cstdint>
#include <string_view>

#include "support/wasm_bytes.h"

namespace arcella::integration {
namespace {

constexpr int kStepsPerFunction = 110;

// (func (param i32) (result i32)): x = (x * odd) + (x << 3) xor seed, again and again.
std::string body_of(std::size_t seed) {
  std::string code("\0", 1);  // no locals
  for (int step = 0; step < kStepsPerFunction; ++step) {
    code += "\x20";  // local.get 0
    code += '\0';
    code += "\x41";  // i32.const
    code += static_cast<char>((seed + static_cast<std::size_t>(step)) & 0x3fU);
    code += "\x6c\x20";  // i32.mul, local.get 0
    code += '\0';
    code += "\x41\x03\x74\x6a\x21";  // i32.const 3, i32.shl, i32.add, local.set 0
    code += '\0';
  }
  code += "\x20";
  code += '\0';
  code += "\x0b";  // end
  return code;
}

}  // namespace

std::string big_module(std::size_t functions, std::string_view exported) {
  using std::string_view_literals::operator""sv;
  std::string types = wasm_number(functions + 1);
  types += '\0';  // the exported one: () -> ()
  types.append(functions, '\1');
  std::string code = wasm_number(functions + 1) + wasm_sized("\x00\x0b"sv);
  for (std::size_t i = 0; i < functions; ++i) code += wasm_sized(body_of(i));
  std::string module("\0asm\1\0\0\0"sv);
  module += wasm_section(1, "\x02\x60\x00\x00\x60\x01\x7f\x01\x7f"sv);
  module += wasm_section(3, types);
  module += wasm_section(5, "\x01\x00\x01"sv);
  module +=
      wasm_section(7, "\x02" + wasm_sized(exported) + std::string("\x00\x00\x06memory\x02\x00"sv));
  module += wasm_section(10, code);
  return module;
}

}  // namespace arcella::integration
