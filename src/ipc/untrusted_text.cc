// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "ipc/untrusted_text.h"

#include "base/text.h"

namespace arcella::ipc {
namespace {

// `kept` are the characters that stay as they are.
std::string harmless(std::string_view text, std::string_view kept) {
  std::string result;
  for (;;) {
    std::size_t end = text.find_first_of(kept);
    result += inert(text.substr(0, end));
    if (end == std::string_view::npos) return result;
    result += text[end];
    text.remove_prefix(end + 1);
  }
}

}  // namespace

std::string_view cut(std::string_view text, std::size_t bytes_max) noexcept {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  // Back to the first byte of a character: the others are 10xxxxxx.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  return text.substr(0, end);
}

std::string harmless_line(std::string_view text, std::size_t bytes_max) {
  return harmless(cut(text, bytes_max), "\t");
}

std::string harmless_lines(std::string_view text, std::size_t bytes_max) {
  return harmless(cut(text, bytes_max), "\t\n");
}

}  // namespace arcella::ipc
