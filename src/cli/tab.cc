// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/tab.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "base/text.h"
#include "cli/columns.h"
#include "cli/words.h"

namespace arcella::cli {
namespace {

constexpr std::size_t kWidthUnknown = 80;
constexpr std::size_t kGap = 2;

// `add(20, 22)` is one word only in quotes: a path or a name that needs them gets them.
std::string as_typed(const Candidate& candidate, char quote) {
  std::string text =
      quote_word(candidate.text, quote, candidate.whole ? Closing::Closed : Closing::Open);
  if (candidate.whole) text += ' ';
  return text;
}

}  // namespace

TabEffect tab(std::string_view line_to_cursor, CompletionSources& sources,
              std::span<const ExtraCommand> extra) {
  const PartialLine line = split_partial(line_to_cursor);
  TabEffect effect;
  effect.start = line.start;
  if (line.comment) return effect;
  Completion found = complete(line.words, line.partial, sources, extra);
  if (found.candidates.size() == 1) {
    effect.replacement = as_typed(found.candidates.front(), line.quote);
    return effect;
  }
  const std::string prefix = common_prefix(found.candidates);
  if (prefix.size() > line.partial.size()) {
    effect.replacement = quote_word(prefix, line.quote, Closing::Open);
    return effect;
  }
  effect.shown = std::move(found.candidates);
  return effect;
}

std::string candidates_text(std::span<const Candidate> candidates, std::size_t width) {
  if (width == 0) width = kWidthUnknown;
  const auto shown =
      candidates.first(std::min(candidates.size(), limits::kShellCandidatesShownMax));
  std::size_t widest = 0;
  bool notes = false;
  for (const Candidate& candidate : shown) {
    widest = std::max(widest, columns_of(inert(candidate.text)));
    notes = notes || !candidate.note.empty();
  }
  const std::size_t per_line = notes ? 1 : std::max<std::size_t>(1, width / (widest + kGap));
  std::string out;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    std::string cell = inert(shown[i].text);
    const bool last = (i + 1) % per_line == 0 || i + 1 == shown.size();
    if (!last || !shown[i].note.empty()) cell.append(widest + kGap - columns_of(cell), ' ');
    out += fit_columns(cell + inert(shown[i].note), last ? width : width + kGap);
    if (last) out += '\n';
  }
  if (shown.size() < candidates.size()) {
    out += "... and " + std::to_string(candidates.size() - shown.size()) + " more\n";
  }
  return out;
}

}  // namespace arcella::cli
