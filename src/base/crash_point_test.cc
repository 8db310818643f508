// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/crash_point.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <set>

namespace arcella {
namespace {

TEST(CrashPoint, EveryNameIsItsOwn) {
  const std::set<std::string_view> names(kCrashPoints.begin(), kCrashPoints.end());
  EXPECT_EQ(names.size(), kCrashPoints.size());
  for (std::string_view name : kCrashPoints) {
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz-."), std::string_view::npos);
  }
}

TEST(CrashPoint, NothingHappensUnlessItIsArmed) {
  ASSERT_TRUE(arm_crash_point("").has_value());
  crash_point("home.locked");
}

TEST(CrashPoint, WhatIsNoPointIsRefused) {
  for (const char* wrong : {"nowhere", "home.locked:", "home.locked:0", "home.locked:x", "log:2"}) {
    EXPECT_FALSE(arm_crash_point(wrong).has_value()) << wrong;
  }
  crash_point("home.locked");
}

TEST(CrashPointDeathTest, KillsAtTheNthPassageOfTheChosenPoint) {
  const auto walk = [](const char* armed, int passages) {
    if (!arm_crash_point(armed).has_value()) std::_Exit(1);
    crash_point("home.cleaned");
    for (int i = 0; i < passages; ++i) crash_point("home.locked");
    std::_Exit(0);
  };
  EXPECT_EXIT(walk("home.locked", 1), ::testing::KilledBySignal(SIGKILL), "");
  EXPECT_EXIT(walk("home.locked:3", 3), ::testing::KilledBySignal(SIGKILL), "");
  EXPECT_EXIT(walk("home.locked:3", 2), ::testing::ExitedWithCode(0), "");
  EXPECT_EXIT(walk("log", 1), ::testing::ExitedWithCode(0), "passed point=home.locked");
}

}  // namespace
}  // namespace arcella
