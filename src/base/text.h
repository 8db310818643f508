// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The few things that messages for people need and the standard library lacks.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace arcella {

// The candidate closest to `word` by edit distance, for "did you mean"; none when nothing is near
// (more than a third of the word would have to change). The first wins a tie. The result points
// into `candidates`.
[[nodiscard]] std::optional<std::string_view> nearest_name(
    std::string_view word, std::span<const std::string_view> candidates);

// The end of a message about a word that nobody knows: "; did you mean 'group'?" when one of the
// candidates is near, else "; " and `otherwise`, or nothing when that is empty.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       std::span<const std::string_view> candidates,
                                       std::string_view otherwise = {});
// The same without "; ", where the way out stands by itself.
[[nodiscard]] std::string nearest_hint(std::string_view word,
                                       std::span<const std::string_view> candidates,
                                       std::string_view otherwise);

// `text` with control characters written out (`\n`, `\x1b`), for text that comes from a guest, a
// file or a client and goes to a terminal or a log: it cannot start a new line or move the cursor.
// UTF-8 passes, except the C1 controls.
[[nodiscard]] std::string inert(std::string_view text);

// "a, b, c".
[[nodiscard]] std::string join(std::span<const std::string> parts, std::string_view separator);
[[nodiscard]] std::string join(std::span<const std::string_view> parts, std::string_view separator);

}  // namespace arcella
