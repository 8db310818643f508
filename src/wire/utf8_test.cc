// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "wire/utf8.h"

#include <gtest/gtest.h>

namespace arcella::wire {
namespace {

TEST(Utf8, AcceptsEveryLengthOfCharacter) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("plain"));
  EXPECT_TRUE(is_utf8("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x8e\x89"));
  EXPECT_TRUE(is_utf8("\xed\x9f\xbf\xee\x80\x80"));  // the characters around the surrogates
  EXPECT_TRUE(is_utf8("\xf4\x8f\xbf\xbf"));          // U+10FFFF
}

TEST(Utf8, RefusesWhatIsIllFormed) {
  EXPECT_FALSE(is_utf8("\x80"));              // a continuation alone
  EXPECT_FALSE(is_utf8("a\xc3"));             // cut off
  EXPECT_FALSE(is_utf8("\xc0\xaf"));          // overlong '/'
  EXPECT_FALSE(is_utf8("\xe0\x80\xaf"));      // overlong again
  EXPECT_FALSE(is_utf8("\xed\xa0\x80"));      // a surrogate
  EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80"));  // past U+10FFFF
  EXPECT_FALSE(is_utf8("\xff"));
}

TEST(Utf8, ReplacesEachIllFormedPartOnce) {
  EXPECT_EQ(to_utf8("caf\xe9!"), "caf\xef\xbf\xbd!");
  EXPECT_EQ(to_utf8("\xf0\x9f\x8e"), "\xef\xbf\xbd");
  EXPECT_EQ(to_utf8("\xc0\xaf"), "\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(to_utf8("\xe2\x82\xac"), "\xe2\x82\xac");
}

}  // namespace
}  // namespace arcella::wire
