// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/completion_script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/testing/fake_daemon.h"

namespace arcella::cli {
namespace {

using testing::FakeDaemon;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string answer_to(std::vector<std::string> words, const std::string& home = "/nonexistent") {
  Connection connection;
  return completion_answer(words, {home, "", "/"}, connection);
}

TEST(CompletionAnswer, TakesALineOrItsWords) {
  const std::string expected = "undeploy\tstop and delete deployments\n";
  EXPECT_EQ(answer_to({"--line", "arcella-cli und"}), expected);
  EXPECT_EQ(answer_to({"--line", "/usr/bin/arcella-cli --json und"}), expected);
  EXPECT_EQ(answer_to({"--", "und"}), expected);
  EXPECT_EQ(answer_to({"--", "--home", "/x", "und"}), expected);
}

TEST(CompletionAnswer, NamesComeFromTheDaemonOfTheLine) {
  FakeDaemon daemon({R"({"jsonrpc":"2.0","id":1,"result":{"components":[{"id":"calc@1.0.0",)"
                     R"("kind":"service","format":"component","description":"tab\there",)"
                     R"("wasm_bytes":1,"installed_at":1,"deployments":0}]}})"
                     "\n"});
  EXPECT_EQ(answer_to({"--line", "arcella-cli --home " + daemon.home() + " remove c"}),
            "calc@1.0.0\ttab\\there\n");
}

TEST(CompletionAnswer, LeavesFilesToTheShell) {
  EXPECT_EQ(answer_to({"--", "install", ""}), ":files\n");
  EXPECT_EQ(answer_to({"--", "--home", ""}), ":folders\n");
}

TEST(CompletionAnswer, WhatItCannotReadIsNothing) {
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"--"}, {"--line"}, {"--line", "arcella-cli # st"}, {"--", "nonsense", ""}}) {
    EXPECT_EQ(answer_to(words), "");
  }
}

TEST(CompletionScript, IsThereForThreeShells) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    auto script = completion_script(shell);
    ASSERT_TRUE(script.has_value()) << shell;
    EXPECT_THAT(*script, HasSubstr(std::string(kCompleteWord)));
  }
  auto refused = completion_script("tcsh");
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message(), StartsWith("there are completions for bash, zsh, fish"));
}

}  // namespace
}  // namespace arcella::cli
