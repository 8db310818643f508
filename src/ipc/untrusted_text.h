// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace arcella::ipc {

// At most `bytes_max` bytes of UTF-8 text, never half a character.
[[nodiscard]] std::string_view cut(std::string_view text, std::size_t bytes_max) noexcept;

// Text of a worker, cut, with its control characters written out (base/text.h) except tabs...
[[nodiscard]] std::string harmless_line(std::string_view text, std::size_t bytes_max);
// ... and except tabs and line feeds.
[[nodiscard]] std::string harmless_lines(std::string_view text, std::size_t bytes_max);

}  // namespace arcella::ipc
