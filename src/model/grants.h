// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What a component may ask for and a deployment grant: the form of each, and whether what is
// granted was asked for (design.md section 5). Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace arcella::model {

// scheme://host[:port] with scheme http or https: no path, no pattern.
[[nodiscard]] bool is_origin(std::string_view text);
// An absolute path, or `.`, without `..` and NUL.
[[nodiscard]] bool is_guest_path(std::string_view text);
// Not empty, without `=` and NUL.
[[nodiscard]] bool is_variable_name(std::string_view text);

// Is `text` one of them?
[[nodiscard]] bool asks_for(const std::vector<std::string>& asked, std::string_view text);
// Is the guest path `granted` one of them, or below one?
[[nodiscard]] bool asks_for_path(const std::vector<std::string>& asked, std::string_view granted);

}  // namespace arcella::model
