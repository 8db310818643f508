// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/text.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

namespace arcella {
namespace {

// Damerau's, as optimal string alignment: one letter more, less or other, or two neighbours
// swapped, is one mistake. Three rows of the table: a swap looks back over two.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> above(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before.swap(above);
    above.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      bool same = a[i - 1] == b[j - 1];
      row[j] = std::min({above[j - 1] + (same ? 0 : 1), above[j] + 1, row[j - 1] + 1});
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

template <class Part>
std::string join_parts(std::span<const Part> parts, std::string_view separator) {
  std::string joined;
  for (const Part& part : parts) {
    if (&part != parts.data()) joined += separator;
    joined += part;
  }
  return joined;
}

}  // namespace

std::optional<std::string_view> nearest_name(std::string_view word,
                                             std::span<const std::string_view> candidates) {
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  std::optional<std::string_view> best;
  for (std::string_view candidate : candidates) {
    // Cheap lower bound; it also keeps an absurdly long word from costing its square.
    std::size_t gap =
        std::max(word.size(), candidate.size()) - std::min(word.size(), candidate.size());
    if (gap >= best_distance) continue;
    std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates,
                         std::string_view otherwise) {
  std::string hint = nearest_hint(word, candidates, otherwise);
  return hint.empty() ? hint : "; " + hint;
}

std::string nearest_hint(std::string_view word, std::span<const std::string_view> candidates,
                         std::string_view otherwise) {
  const auto near = nearest_name(word, candidates);
  return near ? "did you mean '" + std::string(*near) + "'?" : std::string(otherwise);
}

std::string inert(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    // U+0080..U+009F, in UTF-8 c2 80..c2 9f: terminals obey these as they obey ESC sequences.
    bool c1 = byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (byte == '\n') {
      result += "\\n";
    } else if (byte == '\t') {
      result += "\\t";
    } else if (byte == '\r') {
      result += "\\r";
    } else if (byte < 0x20 || byte == 0x7f || c1) {
      if (c1) byte = static_cast<unsigned char>(text[++i]);
      result += "\\x";
      result += kHex[byte >> 4U];
      result += kHex[byte & 0xfU];
    } else {
      result += text[i];
    }
  }
  return result;
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
  return join_parts(parts, separator);
}

std::string join(std::span<const std::string_view> parts, std::string_view separator) {
  return join_parts(parts, separator);
}

}  // namespace arcella
