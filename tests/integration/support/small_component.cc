// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "support/small_component.h"

#include <cstddef>
#include <string_view>

namespace arcella::integration {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

// Sections, names and counts stay below 128, so that a length is one byte.
std::string counted(std::string_view bytes) {
  return static_cast<char>(bytes.size()) + std::string(bytes);
}
std::string index(std::size_t number) {
  return {static_cast<char>(number)};
}
std::string section(char id, std::string_view content) {
  return id + counted(content);
}

constexpr auto kPreamble = "\0asm\x0d\0\1\0"sv;
// (module (func (export "go") (result i32) ...)); one that forwards imports "" "go" and calls it.
std::string module_of(const SmallBody& body) {
  const std::string function = body.forwards ? "\1"s : "\0"s;
  std::string bytes = "\0asm\1\0\0\0\1\5\1\x60\0\1\x7f"s;
  if (body.forwards) bytes += section(2, "\1\0\2go\0\0"s);
  bytes += section(3, "\1\0"s) + section(7, "\1\2go\0"s + function);
  std::string code = body.traps ? "\0"s : "\x41"s + body.answer;
  if (body.forwards) code = "\x10\0"s;
  return bytes + section(10, "\1"s + counted("\0"s + code + "\x0b"));
}

// () -> u32, or s32
std::string function_type(const SmallBody& body) {
  return "\x40\0\0"s + (body.is_signed ? '\x7a' : '\x79');
}

}  // namespace

std::string small_component(const std::vector<std::string>& imports,
                            const std::vector<std::string>& exports, const SmallBody& body) {
  const std::string type = function_type(body);
  std::string bytes(kPreamble);
  // Import i: instance type i, with a function type and an export of it; then instance i of it.
  for (std::size_t i = 0; i < imports.size(); ++i) {
    bytes += section(7, "\1\x42\2\1"s + type + "\4\0\2go\1\0"s);
    bytes += section(10, "\1\0"s + counted(imports[i]) + "\5" + index(i));
  }
  if (body.forwards) {
    bytes += section(6, "\1\1\0\0\2go"sv);    // function: that of import 0
    bytes += section(8, "\1\1\0\0\0"sv);      // lowered
    bytes += section(2, "\1\1\1\2go\0\0"sv);  // core instance that exports it
  }
  // What is made of the module comes after that.
  const std::string next = body.forwards ? "\1"s : "\0"s;
  bytes += section(1, module_of(body));
  bytes += section(2, body.forwards ? "\1\0\0\1\0\x12\0"sv : "\1\0\0\0"sv);  // core instance of it
  bytes += section(7, "\1"s + type);                                         // type imports.size()
  bytes += section(6, "\1\0\0\1"s + next + "\2go");  // core function: its export
  bytes += section(8, "\1\0\0"s + next + "\0"s + index(imports.size()));  // lifted
  bytes += section(5, "\1\1\1\0\2go\1"s + next);  // instance that exports it
  for (const std::string& name : exports) {
    bytes += section(11, "\1\0"s + counted(name) + "\5" + index(imports.size()) + "\0"s);
  }
  return bytes;
}

std::string small_module(const SmallModule& wanted) {
  const bool imports = !wanted.import_module.empty();
  // (i32) -> i32, (i32, i32) -> i32
  std::string module = "\0asm\1\0\0\0"s + section(1, "\2\x60\1\x7f\1\x7f\x60\2\x7f\x7f\1\x7f"sv);
  if (imports) {
    module +=
        section(2, "\1"s + counted(wanted.import_module) + counted(wanted.import_name) + "\0\1"s);
  }
  module += section(3, "\1\0"sv);
  module += section(7, "\1"s + counted(wanted.export_name) + "\0"s + index(imports ? 1 : 0));
  // (local.get 0) (i32.const 20), then (call 0) or (i32.add)
  const std::string combine = imports ? "\x10\0"s : "\x6a"s;
  return module + section(10, "\1"s + counted("\0\x20\0\x41\x14"s + combine + "\x0b"));
}

}  // namespace arcella::integration
