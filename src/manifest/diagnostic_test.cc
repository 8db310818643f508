// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "manifest/diagnostic.h"

#include <gtest/gtest.h>

namespace arcella::manifest {
namespace {

TEST(Diagnostic, NamesThePlaceIfThereIsOne) {
  EXPECT_EQ((Diagnostic{"a.toml", 3, 7, "no"}.str()), "a.toml:3:7: no");
  EXPECT_EQ((Diagnostic{"a.toml", 0, 0, "no"}.str()), "a.toml: no");
}

TEST(Diagnostic, SeveralBecomeOneErrorThatListsAll) {
  Error one = to_error({{"a.toml", 1, 1, "no"}});
  EXPECT_EQ(one.code(), ErrorCode::InvalidManifest);
  EXPECT_EQ(one.message(), "a.toml:1:1: no");
  EXPECT_EQ(one.detail(), "") << "one line is not said twice";
  Error three = to_error({{"a.toml", 1, 1, "x"}, {"a.toml", 2, 1, "y"}, {"b.toml", 1, 1, "z"}});
  EXPECT_EQ(three.message(), "a.toml:1:1: x (and 2 more)");
  EXPECT_EQ(three.detail(), "a.toml:1:1: x\na.toml:2:1: y\nb.toml:1:1: z");
}

}  // namespace
}  // namespace arcella::manifest
