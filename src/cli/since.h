// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace arcella::cli {

// A moment of the past as people write it, in milliseconds since the epoch: so long ago (90s, 10m,
// 2h, 3d), or a time of RFC 3339. InvalidParams.
[[nodiscard]] Result<std::int64_t> parse_since(std::string_view text, WallTime now);

}  // namespace arcella::cli
