// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "support/big_module.h"

#include <cstdint>

namespace arcella::integration {
namespace {

constexpr int kStepsPerFunction = 110;

// LEB128.
void append_number(std::string& out, std::size_t number) {
  while (number >= 0x80) {
    out += static_cast<char>(0x80U | (number & 0x7fU));
    number >>= 7U;
  }
  out += static_cast<char>(number);
}

void append_section(std::string& out, char id, const std::string& content) {
  out += id;
  append_number(out, content.size());
  out += content;
}

void append_sized(std::string& out, const std::string& content) {
  append_number(out, content.size());
  out += content;
}

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
  std::string module("\0asm\1\0\0\0"sv);
  append_section(module, 1, std::string("\x02\x60\x00\x00\x60\x01\x7f\x01\x7f"sv));
  std::string types;
  append_number(types, functions + 1);
  types += '\0';  // the exported one: () -> ()
  types.append(functions, '\1');
  append_section(module, 3, types);
  std::string memory("\x01\x00\x01"sv);
  append_section(module, 5, memory);
  std::string exports("\x02"sv);
  append_sized(exports, std::string(exported));
  exports += "\x00\x00\x06memory\x02\x00"sv;
  append_section(module, 7, exports);
  std::string code;
  append_number(code, functions + 1);
  append_sized(code, std::string("\x00\x0b"sv));
  for (std::size_t i = 0; i < functions; ++i) append_sized(code, body_of(i));
  append_section(module, 10, code);
  return module;
}

}  // namespace arcella::integration
