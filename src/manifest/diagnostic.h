// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What is to be said of a file that a person wrote: where, what, and the way out. Readers return
// all of it at once.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace arcella::manifest {

enum class Severity {
  Error,  // the file is refused
  Note,   // it is taken; what the note says is not what one would expect
};
[[nodiscard]] std::string_view to_string(Severity severity) noexcept;  // "error", "note"

struct Diagnostic {
  std::string file;
  int line = 0;    // from 1; 0: the file as a whole
  int column = 0;  // from 1
  std::string message;
  std::string hint = {};  // the way out; may be empty
  Severity severity = Severity::Error;
  [[nodiscard]] std::string where() const;  // "file:line:column"
  [[nodiscard]] std::string str() const;    // "file:line:column: message; hint"
};

// A value, or why there is none. `diagnostics` is empty exactly when `value` is there; notes come
// with either.
template <class T>
struct Parsed {
  std::optional<T> value;
  std::vector<Diagnostic> diagnostics;
  std::vector<Diagnostic> notes = {};
};

// One Error for all: the message is the first diagnostic (and how many more there are), the detail
// lists all when there are several.
[[nodiscard]] Error to_error(const std::vector<Diagnostic>& diagnostics);

}  // namespace arcella::manifest
