// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// arcella-cli(1) in the language of man(7), made from the command table. `arcella-cli help man`
// prints it, script/manual keeps it in packaging/man, and a test compares both.
#pragma once

#include <string>
#include <string_view>

namespace arcella::cli {

[[nodiscard]] std::string man_page();

// Text that troff shows as it is: escapes what it would obey.
[[nodiscard]] std::string troff_text(std::string_view text);

}  // namespace arcella::cli
