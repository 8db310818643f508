// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The shell on a screen: what a person sees after all cursor movements, as tmux draws it.
#include <gmock/gmock.h>

#include "support/daemon_fixture.h"

namespace arcella::integration {
namespace {

using ::testing::EndsWith;

class TmuxTest : public DaemonTest {
 protected:
  void SetUp() override {
    DaemonTest::SetUp();
    if (run_to_end({kTmux, "-V"}).status != 0) GTEST_SKIP() << "there is no tmux";
    const std::string command = "env HOME=" + folder_.path() + " ARCELLA_HOME=" + home() +
                                " XDG_STATE_HOME=" + folder_.path() + "/state " +
                                program_path("arcella-cli") + " shell";
    ASSERT_EQ(tmux({"-f", "/dev/null", "new-session", "-d", "-x", "70", "-y", "24", command}), 0);
  }
  void TearDown() override {
    tmux({"kill-server"});
    DaemonTest::TearDown();
  }
  int tmux(std::vector<std::string> words) {
    words.insert(words.begin(), {kTmux, "-S", folder_.path() + "/tmux"});
    const ProgramResult result = run_to_end(words);
    out_ = result.out;
    return result.status;
  }
  void keys(std::vector<std::string> words) {
    words.insert(words.begin(), "send-keys");
    ASSERT_EQ(tmux(std::move(words)), 0);
  }
  // The screen without the empty lines below; lines have no trailing blanks.
  std::string screen() {
    tmux({"capture-pane", "-p"});
    while (out_.ends_with('\n')) out_.pop_back();
    return out_;
  }
  ::testing::AssertionResult ends_with(const std::string& text) {
    if (eventually([&] { return screen().ends_with(text); })) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << "the screen is:\n" << out_;
  }

  static constexpr const char* kTmux = "/usr/bin/tmux";
  std::string out_;
};

TEST_F(TmuxTest, LineIsEditedCompletedRecalledAndRedrawn) {
  install("calc");
  ASSERT_TRUE(ends_with("arcella[0 running]>"));
  keys({"remvoe", "Space", "calc", "Tab"});
  ASSERT_TRUE(ends_with("arcella[0 running]> remvoe calc")) << "nothing is known of it";
  keys({"C-a", "wit", "C-k", "Space", "ca", "Tab"});
  ASSERT_TRUE(ends_with("arcella[0 running]> wit calc@1.0.0"));
  keys({"C-u", "list", "Space", "dep", "Tab", "Enter"});
  ASSERT_TRUE(ends_with("list deployments\nno deployments\narcella[0 running]>"));
  keys({"l", "Tab"});
  ASSERT_TRUE(
      ends_with("list  show what is installed, deployed and running\n"
                "logs  show what guests wrote to stdout and stderr\n"
                "arcella[0 running]> l"));
  keys({"C-c"});
  ASSERT_TRUE(ends_with("arcella[0 running]> l^C\narcella[0 running]>"));
  keys({"Up"});
  ASSERT_TRUE(ends_with("arcella[0 running]> list deployments"));
  // Narrower than the line, and back.
  ASSERT_EQ(tmux({"resize-window", "-x", "30", "-y", "24"}), 0);
  ASSERT_EQ(tmux({"resize-window", "-x", "70", "-y", "24"}), 0);
  keys({"Enter"});
  ASSERT_TRUE(ends_with("no deployments\narcella[0 running]>"));
}

}  // namespace
}  // namespace arcella::integration
