// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Commands that `run` starts and that call other deployments: abacus, which asks whoever exports
// examples:calc/ops.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <memory>
#include <string>
#include <string_view>

#include "support/daemon_fixture.h"

namespace arcella::integration {
namespace {

using ::testing::HasSubstr;

// `arcella-cli run abacus` that is asked one line after the other.
class Abacus {
 public:
  Abacus(const std::string& home, const std::string& target) {
    std::array<int, 2> in{-1, -1};
    std::array<int, 2> out{-1, -1};
    EXPECT_EQ(::pipe2(in.data(), O_CLOEXEC), 0);
    EXPECT_EQ(::pipe2(out.data(), O_CLOEXEC), 0);
    ProcessOptions options;
    options.stdin_fd = in[0];
    options.stdout_fd = out[1];
    const std::vector<std::string> words{program_path("arcella-cli"), "--home", home, "run",
                                         target};
    process_ = std::make_unique<Process>(words, options);
    ::close(in[0]);
    ::close(out[1]);
    in_.reset(in[1]);
    out_.reset(out[0]);
  }

  // Its answer to a line; what there was when the deadline passed.
  std::string ask(std::string_view line) {
    const std::string text = std::string(line) + "\n";
    EXPECT_EQ(::write(in_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    std::string answer;
    while (!answer.ends_with('\n')) {
      pollfd wait{out_.get(), POLLIN, 0};
      const auto patience = std::chrono::milliseconds(kDeadline).count();
      if (::poll(&wait, 1, static_cast<int>(patience)) <= 0) break;
      std::array<char, 256> piece;
      const ssize_t count = ::read(out_.get(), piece.data(), piece.size());
      if (count <= 0) break;
      answer.append(piece.data(), static_cast<std::size_t>(count));
    }
    return answer;
  }
  // The end of its input; its exit status.
  int end() {
    in_.reset();
    return process_->wait();
  }

 private:
  std::unique_ptr<Process> process_;
  UniqueFd in_;
  UniqueFd out_;
};

class CommandImports : public DaemonTest {
 protected:
  void SetUp() override {
    DaemonTest::SetUp();
    if (HasFatalFailure()) return;
    install("calc");
    install("abacus");
  }
  bool answers(Abacus& abacus) {
    return eventually([&abacus] { return abacus.ask("7 2") == "3 remainder 1\n"; });
  }
};

TEST_F(CommandImports, AreServedByWhoeverRunsInAWorkerOrInMain) {
  put("sums", "calc", "group = \"math\"\n");
  start("sums");
  const ProgramResult first = cli({"run", "abacus"}, "7 2\n9 0\n");
  EXPECT_EQ(first.status, 0) << first.err;
  EXPECT_EQ(first.out, "3 remainder 1\n9 cannot be divided by 0\n");
  put("sums", "calc", kInMain);
  EXPECT_EQ(cli({"run", "abacus"}, "9 4\n").out, "2 remainder 1\n");
}

TEST_F(CommandImports, WithoutAProviderTheCommandDoesNotBegin) {
  const ProgramResult alone = cli({"run", "abacus"}, "7 2\n");
  EXPECT_TRUE(is_one_line(alone));
  EXPECT_EQ(alone.out, "");
  EXPECT_THAT(alone.err, HasSubstr("import examples:calc/ops@1.0.0: nobody exports it"));
  put("sums", "calc", "group = \"math\"\n");
  const ProgramResult stopped = cli({"run", "abacus"}, "7 2\n");
  EXPECT_EQ(stopped.status, alone.status);
  EXPECT_THAT(stopped.err, HasSubstr("'sums' would fit, but does not run"));
}

TEST_F(CommandImports, FollowWhatBecomesOfTheProvider) {
  put("sums", "calc", "group = \"math\"\n");
  start("sums");
  Abacus abacus(home(), "abacus");
  EXPECT_EQ(abacus.ask("7 2"), "3 remainder 1\n");
  ASSERT_TRUE(signal("sums", SIGKILL));
  EXPECT_TRUE(answers(abacus)) << "after its process was killed";
  ASSERT_EQ(cli({"stop", "sums"}).status, 0);
  EXPECT_THAT(abacus.ask("7 2"), HasSubstr("examples:calc/ops@1.0.0#divide-with-remainder: "));
  put("sums", "calc", kInMain);
  start("sums");
  EXPECT_TRUE(answers(abacus)) << "after it moved into the daemon";
  EXPECT_EQ(abacus.end(), 0);
}

TEST_F(CommandImports, ADeploymentsOwnWiringAndPatienceHold) {
  put("sums", "calc", "group = \"math\"\n");
  put("other", "calc", "group = \"math\"\n");
  start("sums");
  put("ask", "abacus",
      "group = \"commands\"\nprovider_wait_ms = 30000\n[deployment.wiring]\n"
      "\"examples:calc/ops\" = \"other\"\n");
  Abacus abacus(home(), "ask");
  start("other");
  EXPECT_EQ(abacus.ask("7 2"), "3 remainder 1\n") << "it waited for the one that it is wired to";
  ASSERT_TRUE(signal("other", SIGKILL));
  EXPECT_TRUE(answers(abacus));
  ASSERT_EQ(cli({"stop", "sums"}).status, 0);
  EXPECT_EQ(abacus.ask("9 4"), "2 remainder 1\n") << "it is not served by the other one";
  EXPECT_EQ(abacus.end(), 0);
}

TEST_F(CommandImports, OutliveTheRemovalOfTheComponent) {
  put("sums", "calc", "group = \"math\"\n");
  start("sums");
  Abacus abacus(home(), "abacus");
  EXPECT_EQ(abacus.ask("7 2"), "3 remainder 1\n");
  ASSERT_EQ(cli({"remove", "abacus"}).status, 0);
  EXPECT_EQ(abacus.ask("9 4"), "2 remainder 1\n");
  EXPECT_EQ(abacus.end(), 0);
}

}  // namespace
}  // namespace arcella::integration
