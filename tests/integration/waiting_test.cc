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

#include "support/relay_fixture.h"

namespace arcella::integration {
namespace {

using ::testing::HasSubstr;

class Waiting : public RelayTest {
 protected:
  // The provider, and a consumer whose name comes before its own; each in a process of its own.
  void put_both(std::string_view patience = {}) {
    put("sums", "calc", "group = \"math\"\n");
    put("a-relay", "relay", "group = \"web\"\n" + std::string(patience));
  }
  // Of what the daemon has started since its log was so long.
  void expect_the_provider_started_first(std::size_t position) {
    const std::string log = daemon_log().substr(position);
    const std::size_t consumer = log.find("start a-relay/0");
    ASSERT_NE(consumer, std::string::npos);
    EXPECT_LT(log.find("start sums/0"), consumer);
  }
};

TEST_F(Waiting, ACallIsServedByTheReplicaThatComesLater) {
  put_both("provider_wait_ms = 30000\n");
  ASSERT_EQ(cli({"start", "a-relay", "sums"}).status, 0);
  EXPECT_EQ(division("a-relay"), kServed);
  ASSERT_EQ(cli({"stop", "sums"}).status, 0);
  auto waiting = std::async(std::launch::async, [this] { return division("a-relay"); });
  start("sums");
  EXPECT_EQ(waiting.get(), kServed);
}

TEST_F(Waiting, PatienceIsBoundedAndTheErrorSaysForWhomItWas) {
  put_both("provider_wait_ms = 100\n");
  ASSERT_EQ(cli({"start", "sums", "a-relay"}).status, 0);
  ASSERT_EQ(cli({"scale", "sums", "0"}).status, 0);
  const std::string answer = division("a-relay");
  EXPECT_THAT(answer, HasSubstr("err(\"examples:calc/ops@1.0.0#divide-with-remainder: "));
  EXPECT_THAT(answer, HasSubstr("(waited 1"));
  EXPECT_EQ(deployment("a-relay").at("restarts").as_int64(), 0);
}

TEST_F(Waiting, AStartWaitsForItsProvider) {
  put_both("provider_wait_ms = 60000\n");
  auto waiting = std::async(std::launch::async, [this] { return cli({"start", "a-relay"}); });
  start("sums");
  const ProgramResult started = waiting.get();
  EXPECT_EQ(started.status, 0) << started.err;
  EXPECT_EQ(division("a-relay"), kServed);
}

TEST_F(Waiting, AStartDoesNotWaitUnlessItIsAskedTo) {
  put_both();
  const ProgramResult refused = cli({"start", "a-relay"});
  EXPECT_TRUE(is_one_line(refused));
  EXPECT_THAT(refused.err, HasSubstr("'sums' would fit, but does not run"));
}

TEST_F(Waiting, SeveralAreStartedInTheOrderInWhichTheyNeedEachOther) {
  put_both();
  const std::size_t position = daemon_log().size();
  ASSERT_EQ(cli({"start", "a-relay", "sums"}).status, 0);
  expect_the_provider_started_first(position);
}

TEST_F(Waiting, AfterACrashOfTheDaemonProvidersComeFirst) {
  put_both();
  ASSERT_EQ(cli({"start", "sums", "a-relay"}).status, 0);
  kill_daemon(SIGKILL);
  const std::size_t position = daemon_log().size();
  ASSERT_TRUE(start_daemon());
  EXPECT_TRUE(serves("a-relay"));
  expect_the_provider_started_first(position);
}

TEST_F(Waiting, ThoseThatNeedEachOtherStartTogether) {
  install("rally");
  put_rally("here", "here", "there");
  put_rally("there", "there", "here");
  EXPECT_NE(cli({"start", "here"}).status, 0);
  ASSERT_EQ(cli({"start", "here", "there"}).status, 0);
  EXPECT_TRUE(eventually([this] { return cli({"call", "here", "play(1)"}).out == "ok(1)\n"; }));
  kill_daemon(SIGKILL);
  ASSERT_TRUE(start_daemon());
  EXPECT_TRUE(eventually([this] { return cli({"call", "there", "play(1)"}).out == "ok(1)\n"; }));
}

}  // namespace
}  // namespace arcella::integration
