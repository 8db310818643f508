// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/command_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alme_proto/methods.h"

namespace arcella::cli {
namespace {

using ::testing::HasSubstr;

TEST(CommandTable, HasACommandForEveryOperation) {
  for (const alme_proto::MethodInfo& method : alme_proto::methods()) {
    if (method.name == "cancel") continue;  // Ctrl-C
    EXPECT_TRUE(find_command(method.name).has_value()) << method.name;
  }
}

TEST(CommandTable, EveryCommandHasAHelpWithAnExample) {
  for (const Command& command : commands()) {
    const std::string text = help_text(command);
    EXPECT_THAT(text, HasSubstr("Usage: arcella-cli " + std::string(command.name)));
    EXPECT_THAT(text, HasSubstr("  arcella-cli " + std::string(command.name)));
    EXPECT_THAT(overview_text(), HasSubstr(std::string(command.summary)));
  }
}

TEST(CommandTable, HelpFitsATerminal) {
  for (const Command& command : commands()) {
    std::string_view text = command.help;
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      EXPECT_LE(end, 100U) << text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }
}

TEST(CommandTable, ExitCodesNameEveryErrorCode) {
  const std::string text = exit_codes_text();
  for (int i = 0; i < kErrorCodeCount; ++i) {
    EXPECT_THAT(text, HasSubstr(std::string(traits_of(static_cast<ErrorCode>(i)).name)));
  }
}

}  // namespace
}  // namespace arcella::cli
