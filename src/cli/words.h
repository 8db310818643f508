// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// A line of the shell as words, by the quoting rules of a POSIX shell and nothing else of it: no
// variables, no globs, no substitution (which is why it is not wordexp). libedit has a tokenizer,
// but it drops a backslash inside double quotes, where WAVE strings need theirs.
//
//   'as it stands'    "\" \\ \$ \` are escapes, other backslashes stay"    \x is x    # to the end
//
// Pure; a line is bounded by who reads it (limits::kShellLineBytesMax).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace arcella::cli {

// InvalidParams for a quote that is not closed or a backslash at the end.
[[nodiscard]] Result<std::vector<std::string>> split_words(std::string_view line);

// What stands before the cursor, for completion: nothing is an error here.
struct PartialLine {
  std::vector<std::string> words;  // whole ones before the one at the cursor
  std::string partial;             // that one, unquoted, up to the cursor; may be empty
  std::size_t start = 0;           // where it begins in the line, quote included
  char quote = 0;                  // ' or " when the cursor stands inside such quotes
  bool comment = false;            // the cursor stands in one
};
[[nodiscard]] PartialLine split_partial(std::string_view line_to_cursor);

// `word` as one word of a line, quoted only where it must be. With `quote` (' or ") it begins with
// that one, as its writer began it. Open leaves the quote for the writer to close.
enum class Closing { Closed, Open };
[[nodiscard]] std::string quote_word(std::string_view word, char quote = 0,
                                     Closing closing = Closing::Closed);

}  // namespace arcella::cli
