// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/man_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "cli/command_table.h"

namespace arcella::cli {
namespace {

using ::testing::HasSubstr;

TEST(ManPage, HasEveryCommandAndOption) {
  const std::string page = man_page();
  for (const Command& command : commands()) {
    EXPECT_THAT(page, HasSubstr("\n.SS " + troff_text(command.name)));
    EXPECT_THAT(page, HasSubstr(troff_text(command.example)));
  }
  EXPECT_THAT(page, HasSubstr("\n.B \\-\\-socket PATH\n"));
}

TEST(ManPage, ObeysNothingThatATextSays) {
  EXPECT_EQ(troff_text(".sh rm\n'so x"), "\\&.sh rm\n\\&\\(aqso x");
  EXPECT_EQ(troff_text("a\\b -c"), "a\\eb \\-c");
}

// Unit tests run in the source tree.
TEST(ManPage, IsTheOneThatIsKept) {
  auto kept = read_file("packaging/man/arcella-cli.1", 1U << 20);
  ASSERT_TRUE(kept.has_value());
  EXPECT_TRUE(*kept == man_page()) << "the command table changed: run script/manual";
}

}  // namespace
}  // namespace arcella::cli
