// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/since.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace arcella::cli {
namespace {

const WallTime kNow{std::chrono::milliseconds(1'767'225'600'123)};

TEST(Since, TakesHowLongAgo) {
  EXPECT_EQ(parse_since("90s", kNow).value(), 1'767'225'510'123);
  EXPECT_EQ(parse_since("10m", kNow).value(), 1'767'225'000'123);
  EXPECT_EQ(parse_since("2h", kNow).value(), 1'767'218'400'123);
  EXPECT_EQ(parse_since("3d", kNow).value(), 1'766'966'400'123);
  EXPECT_EQ(parse_since("99999999999999d", kNow).value(), 0);
}

TEST(Since, TakesATime) {
  EXPECT_EQ(parse_since("2026-01-01T00:00:00Z", kNow).value(), 1'767'225'600'000);
  EXPECT_EQ(parse_since("2026-01-01", kNow).value(), 1'767'225'600'000);
  EXPECT_EQ(parse_since("1960-01-01", kNow).value(), 0);
}

TEST(Since, RefusesTheRestWithAnExample) {
  for (const char* text : {"", "10", "m", "-5m", "10x", "10 m", "yesterday", "1e9s"}) {
    auto parsed = parse_since(text, kNow);
    ASSERT_FALSE(parsed) << text;
    EXPECT_THAT(parsed.error().message(), ::testing::HasSubstr("10m")) << text;
  }
}

}  // namespace
}  // namespace arcella::cli
