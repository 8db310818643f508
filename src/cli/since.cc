// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/since.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "base/timestamp.h"

namespace arcella::cli {
namespace {

std::int64_t seconds_of(char unit) {
  switch (unit) {
    case 's':
      return 1;
    case 'm':
      return 60;
    case 'h':
      return 3600;
    case 'd':
      return 86'400;
    default:
      return 0;
  }
}

}  // namespace

Result<std::int64_t> parse_since(std::string_view text, WallTime now) {
  const std::int64_t now_ms = milliseconds_since_epoch(now);
  std::int64_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool one_letter_left = stop + 1 == text.data() + text.size();
  const std::int64_t unit = one_letter_left ? seconds_of(text.back()) : 0;
  if (error == std::errc() && number >= 0 && unit > 0) {
    // Longer ago than the epoch is everything.
    if (number > now_ms / 1000 / unit) return 0;
    return now_ms - number * unit * 1000;
  }
  if (const auto moment = parse_timestamp(text)) return std::max<std::int64_t>(*moment, 0);
  return fail(ErrorCode::InvalidParams,
              "--since '" + inert(text) +
                  "': expected how long ago (90s, 10m, 2h, 3d) or a time (2026-01-31T12:00:00Z)");
}

}  // namespace arcella::cli
