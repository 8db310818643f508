// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/timestamp.h"

#include <gtest/gtest.h>

namespace arcella {
namespace {

TEST(Timestamp, IsUtcWithMilliseconds) {
  EXPECT_EQ(to_timestamp(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_timestamp(1'767'225'600'123), "2026-01-01T00:00:00.123Z");
  EXPECT_EQ(to_timestamp(-1), "1969-12-31T23:59:59.999Z");
}

TEST(Timestamp, SurvivesTheWayBack) {
  for (std::int64_t time : {std::int64_t{0}, std::int64_t{1'767'225'600'123}, std::int64_t{-1}}) {
    EXPECT_EQ(parse_timestamp(to_timestamp(time)), time);
  }
}

TEST(Timestamp, ReadsWhatRfc3339Allows) {
  EXPECT_EQ(parse_timestamp("2026-01-01T01:00:00+01:00"), 1'767'225'600'000);
  EXPECT_EQ(parse_timestamp("2025-12-31T23:30:00-00:30"), 1'767'225'600'000);
  EXPECT_EQ(parse_timestamp("2026-01-01t00:00:00.1z"), 1'767'225'600'100);
  EXPECT_EQ(parse_timestamp("2026-01-01 00:00:00.123456Z"), 1'767'225'600'123);
  EXPECT_EQ(parse_timestamp("2026-01-01"), 1'767'225'600'000);
}

TEST(Timestamp, RefusesTheRest) {
  for (const char* text :
       {"", "2026", "2026-13-01", "2026-02-30", "2026-01-01T", "2026-01-01T00:00Z",
        "2026-01-01T00:00:00", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00Zx", "+026-01-01", "2026-01-01T00:00:00+1"}) {
    EXPECT_EQ(parse_timestamp(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace arcella
