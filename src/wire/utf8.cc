// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "wire/utf8.h"

#include <algorithm>
#include <cstddef>

namespace arcella::wire {
namespace {

struct Step {
  std::size_t length;  // bytes of the character, or of the ill-formed part
  bool well_formed;
};

// The character at the front of `text`, which is not empty. The second byte's range is narrower for
// some first bytes (Unicode, table 3-7): that rules out overlong forms, surrogates and what is past
// U+10FFFF.
Step step(std::string_view text) noexcept {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char first = byte(0);
  if (first < 0x80) return {1, true};
  if (first < 0xc2 || first > 0xf4) return {1, false};
  std::size_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  for (std::size_t i = 1; i < length; ++i) {
    if (i >= text.size() || byte(i) < low || byte(i) > high) return {i, false};
    low = 0x80;
    high = 0xbf;
  }
  return {length, true};
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    // Nearly all text is ASCII: that is skipped in a loop the compiler makes wide.
    auto ascii_end = std::find_if(text.begin(), text.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0x80U) != 0;
    });
    text.remove_prefix(static_cast<std::size_t>(ascii_end - text.begin()));
    if (text.empty()) return true;
    Step next = step(text);
    if (!next.well_formed) return false;
    text.remove_prefix(next.length);
  }
  return true;
}

std::string to_utf8(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    Step next = step(text);
    result += next.well_formed ? text.substr(0, next.length) : std::string_view("\xef\xbf\xbd");
    text.remove_prefix(next.length);
  }
  return result;
}

}  // namespace arcella::wire
