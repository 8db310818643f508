// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Consumers whose provider is not there: who waits for it, who does not, and in which order what
// needs each other starts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <future>
#include <string>
#include <string_view>

#include "support/daemon_fixture.h"

namespace arcella::integration {
namespace {

using ::testing::HasSubstr;

class Waiting : public DaemonTest {
 protected:
  void SetUp() override {
    DaemonTest::SetUp();
    if (HasFatalFailure()) return;
    install("calc");
    install("relay");
  }
  std::string division() { return cli({"call", "a-relay", "divide-with-remainder(7, 2)"}).out; }
};

TEST_F(Waiting, ACallIsServedByTheReplicaThatComesAfterTheCrash) {
  put("sums", "calc", "group = \"math\"\n");
  put("a-relay", "relay", "group = \"web\"\nprovider_wait_ms = 30000\n");
  ASSERT_EQ(cli({"start", "a-relay", "sums"}).status, 0);
  EXPECT_EQ(division(), "ok((3, 1))\n");
  ASSERT_EQ(cli({"stop", "sums"}).status, 0);
  auto waiting = std::async(std::launch::async, [this] { return division(); });
  start("sums");
  EXPECT_EQ(waiting.get(), "ok((3, 1))\n");
}

TEST_F(Waiting, PatienceIsBoundedAndTheErrorSaysForWhomItWas) {
  put("sums", "calc", "group = \"math\"\n");
  put("a-relay", "relay", "group = \"web\"\nprovider_wait_ms = 100\n");
  ASSERT_EQ(cli({"start", "sums", "a-relay"}).status, 0);
  ASSERT_EQ(cli({"scale", "sums", "0"}).status, 0);
  const std::string answer = division();
  EXPECT_THAT(answer, HasSubstr("err(\"examples:calc/ops@1.0.0#divide-with-remainder: "));
  EXPECT_THAT(answer, HasSubstr("(waited 1"));
  EXPECT_EQ(deployment("a-relay").at("restarts").as_int64(), 0);
}

TEST_F(Waiting, AStartWaitsForItsProvider) {
  put("sums", "calc", "group = \"math\"\n");
  put("a-relay", "relay", "group = \"web\"\nprovider_wait_ms = 60000\n");
  auto waiting = std::async(std::launch::async, [this] { return cli({"start", "a-relay"}); });
  start("sums");
  const ProgramResult started = waiting.get();
  EXPECT_EQ(started.status, 0) << started.err;
  EXPECT_EQ(division(), "ok((3, 1))\n");
}

TEST_F(Waiting, AStartDoesNotWaitUnlessItIsAskedTo) {
  put("sums", "calc", "group = \"math\"\n");
  put("a-relay", "relay", "group = \"web\"\n");
  const ProgramResult refused = cli({"start", "a-relay"});
  EXPECT_TRUE(is_one_line(refused));
  EXPECT_THAT(refused.err, HasSubstr("'sums' would fit, but does not run"));
}

TEST_F(Waiting, SeveralAreStartedInTheOrderInWhichTheyNeedEachOther) {
  put("sums", "calc", "group = \"math\"\n");
  put("a-relay", "relay", "group = \"web\"\n");
  const std::size_t position = daemon_log().size();
  ASSERT_EQ(cli({"start", "a-relay", "sums"}).status, 0);
  const std::string log = daemon_log().substr(position);
  EXPECT_LT(log.find("start sums/0"), log.find("start a-relay/0"));
}

TEST_F(Waiting, AfterACrashOfTheDaemonProvidersComeFirst) {
  put("sums", "calc", "group = \"math\"\n");
  put("a-relay", "relay", "group = \"web\"\n");
  ASSERT_EQ(cli({"start", "sums", "a-relay"}).status, 0);
  kill_daemon(SIGKILL);
  const std::size_t position = daemon_log().size();
  ASSERT_TRUE(start_daemon());
  EXPECT_TRUE(eventually([this] { return division() == "ok((3, 1))\n"; }));
  const std::string log = daemon_log().substr(position);
  EXPECT_LT(log.find("start sums/0"), log.find("start a-relay/0"));
}

TEST_F(Waiting, ThoseThatNeedEachOtherStartTogether) {
  install("rally");
  const std::string wired_to = "[deployment.wiring]\n\"examples:rally/court\" = ";
  put("here", "rally", "group = \"here\"\n" + wired_to + "\"there\"\n");
  put("there", "rally", "group = \"there\"\n" + wired_to + "\"here\"\n");
  EXPECT_NE(cli({"start", "here"}).status, 0);
  ASSERT_EQ(cli({"start", "here", "there"}).status, 0);
  EXPECT_TRUE(eventually([this] { return cli({"call", "here", "play(1)"}).out == "ok(1)\n"; }));
  kill_daemon(SIGKILL);
  ASSERT_TRUE(start_daemon());
  EXPECT_TRUE(eventually([this] { return cli({"call", "there", "play(1)"}).out == "ok(1)\n"; }));
}

}  // namespace
}  // namespace arcella::integration
