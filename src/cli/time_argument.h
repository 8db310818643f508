// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace arcella::cli {

// `--since`: how long ago (`90s`, `10m`, `2h`, `3d`) or when (RFC 3339: `2026-01-31T12:00:00Z`,
// `2026-01-31T12:00:00.5+01:00`), as milliseconds since the epoch. InvalidParams says what is
// understood.
[[nodiscard]] Result<std::int64_t> parse_since(std::string_view text, WallTime now);

}  // namespace arcella::cli
