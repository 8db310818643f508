// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What the TAB key does to a line of the shell: which part is replaced by what, or which candidates
// are shown. Pure; the editor (line_editor.h) carries it out.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/completion.h"

namespace arcella::cli {

struct TabEffect {
  // The line's text from here to the cursor becomes `replacement`; nothing changes without one.
  std::size_t start = 0;
  std::string replacement;
  std::vector<Candidate> shown;  // when more than one fits and the line says no more
};
[[nodiscard]] TabEffect tab(std::string_view line_to_cursor, CompletionSources& sources,
                            std::span<const ExtraCommand> extra);

// Candidates below the line: in columns, or one a line where they have notes. At most
// limits::kShellCandidatesShownMax, the rest as a number. `width` columns, 80 when 0.
[[nodiscard]] std::string candidates_text(std::span<const Candidate> candidates, std::size_t width);

}  // namespace arcella::cli
