// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <string_view>

namespace arcella {

// Arcella's own version, `x.y.z`, as CMakeLists.txt states it.
[[nodiscard]] std::string_view version() noexcept;

}  // namespace arcella
