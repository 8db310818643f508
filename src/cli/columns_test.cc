// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/columns.h"

#include <gtest/gtest.h>

namespace arcella::cli {
namespace {

TEST(Columns, AreNotBytes) {
  EXPECT_EQ(columns_of(""), 0U);
  EXPECT_EQ(columns_of("calc"), 4U);
  EXPECT_EQ(columns_of("caf\u00e9"), 4U);
  EXPECT_EQ(columns_of("cafe\u0301"), 4U);
  EXPECT_EQ(columns_of("\u65e5\u672c"), 4U);
  EXPECT_EQ(columns_of("\U0001f980"), 2U);
  EXPECT_EQ(columns_of("\xff\xe2\x82"), 3U) << "what is no UTF-8 takes its bytes";
}

TEST(Columns, FitCutsAtAColumnAndSaysSo) {
  EXPECT_EQ(fit_columns("greeter", 7), "greeter");
  EXPECT_EQ(fit_columns("greeter", 5), "gree\u2026");
  EXPECT_EQ(fit_columns("greeter", 0), "greeter");
  EXPECT_EQ(fit_columns("\u65e5\u672c\u8a9e", 4), "\u65e5\u2026");
  for (std::size_t width = 1; width < 12; ++width) {
    EXPECT_LE(columns_of(fit_columns("a\u65e5b\u672cc\u8a9ed", width)), width);
  }
}

TEST(Columns, ShrinkTakesFromTheLastThenFromTheWidest) {
  using Widths = std::vector<std::size_t>;
  EXPECT_EQ(shrink_columns({10, 20, 40}, 2, 74), (Widths{10, 20, 40}));
  EXPECT_EQ(shrink_columns({10, 20, 40}, 2, 60), (Widths{10, 20, 26}));
  EXPECT_EQ(shrink_columns({10, 20, 40}, 2, 40), (Widths{10, 18, 8}));
  EXPECT_EQ(shrink_columns({10, 20, 40}, 2, 5), (Widths{8, 8, 8}));
  EXPECT_EQ(shrink_columns({}, 2, 5), Widths{});
}

}  // namespace
}  // namespace arcella::cli
