// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <string>
#include <string_view>

namespace arcella::wire {

// Well-formed UTF-8 as of RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

// `text` with each maximal ill-formed part replaced by U+FFFD, as the Unicode standard
// (section 3.9) recommends.
[[nodiscard]] std::string to_utf8(std::string_view text);

}  // namespace arcella::wire
