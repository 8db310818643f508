// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "support/plane_component.h"

#include <string>
#include <string_view>

#include "support/wasm_bytes.h"

namespace arcella::integration {
namespace {

using std::string_literals::operator""s;
using std::string_view_literals::operator""sv;

constexpr std::string_view kComponent = "\0asm\x0d\0\1\0"sv;

// (record (field "x" u32) (field "y" u32))
std::string record(const PlaneTypes& types) {
  return "\x72\x02\x01x\x79\x01y"s + (types.is_signed ? '\x7a' : '\x79');
}

// (func (param "of" (type T)) (result u32))
std::string function(char type) {
  return "\x40\x01\x02of"s + type + "\0\x79"s;
}

// (func (export "area") (param i32 i32) (result i32) (i32.mul (local.get 0) (local.get 1)))
std::string core_module() {
  return "\0asm\1\0\0\0"s + wasm_section(1, "\x01\x60\x02\x7f\x7f\x01\x7f"sv) +
         wasm_section(3, "\x01\0"sv) + wasm_section(7, "\x01"s + wasm_sized("area") + "\0\0"s) +
         wasm_section(10, "\x01"s + wasm_sized("\0\x20\0\x20\1\x6c\x0b"sv));
}

// An interface names its types: what is instantiated with the record and the function, which have
// no names, exports them with theirs.
std::string naming_component(const PlaneTypes& types) {
  const std::string type_name = "\0"s + wasm_sized(types.name);
  const std::string area = "\0"s + wasm_sized("area");
  return std::string(kComponent) + wasm_section(7, "\1"s + record(types)) +
         wasm_section(10, "\1"s + type_name + "\3\0\0"s) +  // type 1 eq type 0
         wasm_section(7, "\1"s + function(1)) +             // type 2
         wasm_section(10, "\1"s + area + "\1\2"s) +         // func 0 of type 2
         wasm_section(11, "\1"s + type_name + "\3\1\0"s) +  // type 3 eq type 1
         wasm_section(7, "\1"s + function(3)) +             // type 4
         wasm_section(11, "\1"s + area + "\1\0\1\1\4"s);    // func 0 as type 4
}

}  // namespace

std::string plane_component(const PlaneTypes& types) {
  const std::string arguments = wasm_sized(types.name) + "\3\0"s + wasm_sized("area") + "\1\0"s;
  return std::string(kComponent) + wasm_section(1, core_module()) +
         wasm_section(2, "\1\0\0\0"sv) +                         // instantiates it
         wasm_section(7, "\2"s + record(types) + function(0)) +  // types 0 and 1
         wasm_section(6, "\1\0\0\1\0"s + wasm_sized("area")) +   // its function ...
         wasm_section(8, "\1\0\0\0\0\1"sv) +                     // ... lifted as type 1
         wasm_section(4, naming_component(types)) +              //
         wasm_section(5, "\1\0\0\2"s + arguments) +              // instantiates that
         wasm_section(11, "\1\0"s + wasm_sized("test:plane/areas@1.0.0") + "\5\0\0"s);
}

}  // namespace arcella::integration
