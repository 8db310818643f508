// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What is wrong with a file that a person wrote: where, what, and the way out. Readers return all
// of them at once.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace arcella::manifest {

struct Diagnostic {
  std::string file;
  int line = 0;    // from 1; 0: the file as a whole
  int column = 0;  // from 1
  std::string message;
  [[nodiscard]] std::string str() const;  // "file:line:column: message"
};

// A value, or why there is none. `diagnostics` is empty exactly when `value` is there.
template <class T>
struct Parsed {
  std::optional<T> value;
  std::vector<Diagnostic> diagnostics;
};

// One Error for all: the message is the first diagnostic (and how many more there are), the detail
// lists all.
[[nodiscard]] Error to_error(const std::vector<Diagnostic>& diagnostics);

}  // namespace arcella::manifest
