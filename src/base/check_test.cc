// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/check.h"

#include <gtest/gtest.h>

namespace arcella {
namespace {

TEST(Check, PassesWhenTheConditionHolds) {
  ARCELLA_CHECK(1 + 1 == 2, "arithmetic");
}

TEST(CheckDeathTest, NamesConditionAndReason) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(ARCELLA_CHECK(1 + 1 == 3, "arithmetic"),
               "check failed: 1 \\+ 1 == 3 \\(arithmetic\\)");
}

}  // namespace
}  // namespace arcella
