// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace arcella::ipc {

// What a call that did not return has to say; on the data channel: message, '\0', wasm backtrace.
struct FailureText {
  std::string message;
  std::string backtrace;
};

// Cut to limits::kFailureMessageBytesMax and kFailureBacktraceBytesMax.
[[nodiscard]] std::string failure_payload(std::string_view message, std::string_view backtrace);
// From anybody: also made valid UTF-8 without control characters.
[[nodiscard]] FailureText failure_text(std::span<const std::byte> payload);

}  // namespace arcella::ipc
