// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "ipc/untrusted_text.h"

#include <gtest/gtest.h>

namespace arcella::ipc {
namespace {

TEST(UntrustedText, IsCutBetweenCharacters) {
  EXPECT_EQ(cut("hello", 5), "hello");
  EXPECT_EQ(cut("hello", 4), "hell");
  EXPECT_EQ(cut("h\u00e9llo", 2), "h");
  EXPECT_EQ(cut("\U0001F600", 3), "");
  EXPECT_EQ(cut("", 0), "");
}

TEST(UntrustedText, CannotMoveTheCursor) {
  EXPECT_EQ(harmless_line("a\tb\n\x1b[31mc", 100), "a\tb\\n\\x1b[31mc");
  EXPECT_EQ(harmless_lines("a\tb\n\x1b[31mc\r\n", 100), "a\tb\n\\x1b[31mc\\r\n");
  EXPECT_EQ(harmless_line("abcdef", 3), "abc");
}

}  // namespace
}  // namespace arcella::ipc
