// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Moments as people and files write them: RFC 3339 in UTC.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace arcella {

// Milliseconds since the epoch -> 2026-01-31T12:00:00.000Z; "?" for a moment that no calendar has.
[[nodiscard]] std::string to_timestamp(std::int64_t milliseconds);
// Back, from any RFC 3339 time: seconds may have a fraction, the zone is Z or +hh:mm; a date alone
// is its midnight in UTC. None for anything else.
[[nodiscard]] std::optional<std::int64_t> parse_timestamp(std::string_view text);

}  // namespace arcella
