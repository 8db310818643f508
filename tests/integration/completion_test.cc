// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// `arcella-cli completions`: TAB in the shells of the users.
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "support/daemon_fixture.h"
#include "support/terminal.h"

namespace arcella::integration {
namespace {

// Where a shell is installed; empty if it is not.
std::string find_program(const std::string& name) {
  const char* path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe)
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::string file = folder + "/" + name;
    if (std::filesystem::exists(file)) return file;
  }
  return {};
}

class CompletionTest : public DaemonTest {
 protected:
  // A shell at a terminal, in the source tree, with our programs first.
  std::unique_ptr<Terminal> open(std::vector<std::string> argv) {
    const std::string programs = std::filesystem::path(program_path("arcella-cli")).parent_path();
    const char* path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe)
    const std::vector<std::string> variables{"HOME=" + folder_.path(), "ARCELLA_HOME=" + home(),
                                             "PATH=" + programs + ":" + (path ? path : ""),
                                             "LC_ALL=C.UTF-8"};
    return std::make_unique<Terminal>(std::move(argv), variables, source_path("."));
  }
  std::string script(const std::string& shell) {
    const ProgramResult result = cli({"completions", shell});
    EXPECT_EQ(result.status, 0);
    return folder_.write("completion." + shell, result.out);
  }
};

TEST_F(CompletionTest, BashCompletesIdsOptionsAndFiles) {
  const std::string bash = find_program("bash");
  if (bash.empty()) GTEST_SKIP() << "there is no bash";
  install("calc");
  auto terminal = open({bash, "--noprofile", "--norc", "-i"});
  terminal->type("PS1='ok''> '; source <(arcella-cli completions bash)\r");
  ASSERT_TRUE(terminal->shows("ok> ")) << terminal->shown();
  terminal->type("arcella-cli depl\texamples/calc/calc.depl\t\r");
  ASSERT_TRUE(terminal->shows("deployed calc (calc@1.0.0): stopped")) << terminal->shown();
  terminal->type("arcella-cli undeploy c\t--js\t\r");
  ASSERT_TRUE(terminal->shows("\n{\"id\":\"calc\"}")) << terminal->shown();
  // bash cuts words at the @.
  terminal->type("arcella-cli remove calc@\t\r");
  ASSERT_TRUE(terminal->shows("\nremoved calc@1.0.0")) << terminal->shown();
  terminal->type("arcella-cli list comp\t --json\r");
  ASSERT_TRUE(terminal->shows("\n{\"components\":[]}")) << terminal->shown();
  terminal->type("exit\r");
  EXPECT_EQ(terminal->wait(), 0);
}

TEST_F(CompletionTest, ZshCompletesIdsAndOptions) {
  const std::string zsh = find_program("zsh");
  if (zsh.empty()) GTEST_SKIP() << "there is no zsh";
  const std::string file = script("zsh");
  EXPECT_EQ(run_to_end({zsh, "-n", file}).status, 0);
  install("calc");
  auto terminal = open({zsh, "-f", "-i"});
  terminal->type("PS1='ok''> '; autoload -Uz compinit; compinit -u -D; source " + file + "\r");
  ASSERT_TRUE(terminal->shows("ok> ")) << terminal->shown();
  terminal->type("arcella-cli descr\tcalc@\t--js\t\r");
  ASSERT_TRUE(terminal->shows("\n{\"component\":{\"id\":\"calc@1.0.0\"")) << terminal->shown();
  terminal->type("exit\r");
  EXPECT_EQ(terminal->wait(), 0);
}

TEST_F(CompletionTest, FishCompletesIds) {
  const std::string fish = find_program("fish");
  if (fish.empty()) GTEST_SKIP() << "there is no fish";
  const std::string file = script("fish");
  EXPECT_EQ(run_to_end({fish, "--no-execute", file}).status, 0);
  install("calc");
  const ProgramResult result = run_to_end(
      {"/usr/bin/env", "HOME=" + folder_.path(), "ARCELLA_HOME=" + home(), fish, "-c",
       "source " + file + "; complete -C '" + program_path("arcella-cli") + " describe calc@'"});
  EXPECT_THAT(result.out, ::testing::HasSubstr("calc@1.0.0\t")) << result.err;
}

}  // namespace
}  // namespace arcella::integration
