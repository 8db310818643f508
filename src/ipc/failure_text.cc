// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "ipc/failure_text.h"

#include <algorithm>

#include "base/limits.h"
#include "ipc/untrusted_text.h"
#include "wire/utf8.h"

namespace arcella::ipc {

std::string failure_payload(std::string_view message, std::string_view backtrace) {
  std::string text(message.substr(0, limits::kFailureMessageBytesMax));
  std::erase(text, '\0');
  text += '\0';
  text += backtrace.substr(0, limits::kFailureBacktraceBytesMax);
  return text;
}

FailureText failure_text(std::span<const std::byte> payload) {
  std::string_view text(reinterpret_cast<const char*>(payload.data()), payload.size());
  std::size_t end = std::min(text.find('\0'), text.size());
  std::string_view backtrace = text.substr(std::min(end + 1, text.size()));
  // Cut before the costlier steps, and after: replacing ill-formed bytes makes text longer.
  std::string first = wire::to_utf8(text.substr(0, std::min(end, limits::kFailureMessageBytesMax)));
  std::string rest = wire::to_utf8(backtrace.substr(0, limits::kFailureBacktraceBytesMax));
  return {harmless_line(first, limits::kFailureMessageBytesMax),
          harmless_lines(rest, limits::kFailureBacktraceBytesMax)};
}

}  // namespace arcella::ipc
