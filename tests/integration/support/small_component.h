// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <string>
#include <vector>

namespace arcella::integration {

struct SmallBody {
  char answer = 7;         // below 64
  bool traps = false;      // instead of an answer
  bool is_signed = false;  // `go` gives an s32 and no u32
  bool forwards = false;   // answers what the first import does
};

// A component (binary format) of these interfaces, each by its whole name; every one has the one
// function `go: func() -> u32`, which answers.
[[nodiscard]] std::string small_component(const std::vector<std::string>& imports,
                                          const std::vector<std::string>& exports,
                                          const SmallBody& body = {});

// A core module with `export_name: (i32) -> i32`, the argument and twenty: or what the imported
// function (i32, i32) -> i32 makes of the argument and twenty.
struct SmallModule {
  std::string export_name;
  std::string import_module = {};  // empty: it imports nothing
  std::string import_name = {};
};
[[nodiscard]] std::string small_module(const SmallModule& wanted);

}  // namespace arcella::integration
