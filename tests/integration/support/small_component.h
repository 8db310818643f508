// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <string>
#include <vector>

namespace arcella::integration {

// A component (binary format) of these interfaces, each by its whole name; every one has the one
// function `go: func() -> u32`, which calls nothing and answers 7.
[[nodiscard]] std::string small_component(const std::vector<std::string>& imports,
                                          const std::vector<std::string>& exports);

}  // namespace arcella::integration
