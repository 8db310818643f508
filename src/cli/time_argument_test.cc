// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/time_argument.h"

#include <gtest/gtest.h>

namespace arcella::cli {
namespace {

// 2026-01-31T12:00:00Z
constexpr std::int64_t kNow = 1'769'860'800'000;

std::int64_t since(std::string_view text) {
  auto parsed = parse_since(text, WallTime(std::chrono::milliseconds(kNow)));
  return parsed.has_value() ? *parsed : -1;
}

TEST(ParseSince, CountsBackFromNow) {
  EXPECT_EQ(since("90s"), kNow - 90'000);
  EXPECT_EQ(since("10m"), kNow - 600'000);
  EXPECT_EQ(since("2h"), kNow - 7'200'000);
  EXPECT_EQ(since("3d"), kNow - 3 * 86'400'000LL);
  EXPECT_EQ(since("0s"), kNow);
  EXPECT_EQ(since("1000000d"), 0);  // before the epoch: everything
}

TEST(ParseSince, TakesATimeOfRfc3339) {
  EXPECT_EQ(since("2026-01-31T12:00:00Z"), kNow);
  EXPECT_EQ(since("2026-01-31t12:00:00z"), kNow);
  EXPECT_EQ(since("2026-01-31 12:00:00Z"), kNow);
  EXPECT_EQ(since("2026-01-31T12:00:00.5Z"), kNow + 500);
  EXPECT_EQ(since("2026-01-31T12:00:00.123456789Z"), kNow + 123);
  EXPECT_EQ(since("2026-01-31T13:00:00+01:00"), kNow);
  EXPECT_EQ(since("2026-01-31T06:30:00-05:30"), kNow);
  EXPECT_EQ(since("2026-01-31T11:59:60Z"), kNow);
}

TEST(ParseSince, RefusesEverythingElse) {
  for (std::string_view text : {"",
                                "10",
                                "m",
                                "10M",
                                "10 m",
                                "-10m",
                                "1h30m",
                                "99999999s",
                                "1000001d",
                                "now",
                                "2026-01-31",
                                "2026-01-31T12:00:00",
                                "2026-01-31T12:00Z",
                                "2026-02-30T12:00:00Z",
                                "2026-13-01T12:00:00Z",
                                "2026-01-31T24:00:00Z",
                                "2026-01-31T12:60:00Z",
                                "2026-01-31T12:00:61Z",
                                "2026-01-31T12:00:00.Z",
                                "2026-01-31T12:00:00+0100",
                                "2026-01-31T12:00:00Zx",
                                "26-01-31T12:00:00Z"}) {
    EXPECT_EQ(since(text), -1) << text;
  }
  auto wrong = parse_since("yesterday\n", WallTime());
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().message(),
            "--since 'yesterday\\n': expected 90s, 10m, 2h or 3d, or a time like "
            "2026-01-31T12:00:00Z");
}

}  // namespace
}  // namespace arcella::cli
