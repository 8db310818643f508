// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Sixty-four consumers call a provider of another process all the time, whatever happens to it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "support/relay_fixture.h"

namespace arcella::integration {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kConsumers = 64;
// Of the consumer; and what a busy machine may add before the answer is seen.
constexpr milliseconds kCallTimeout{5000};
constexpr milliseconds kSlack{10'000};

// The way from the consumers to the provider: through the daemon, or from worker to worker.
enum class Way { ThroughDaemon, Direct };

class ConsumersTest : public RelayTest, public ::testing::WithParamInterface<Way> {
 protected:
  void SetUp() override {
    RelayTest::SetUp();
    if (HasFatalFailure()) return;
    put("sums", "calc",
        "group = \"math\"\nreplicas = 4\n[deployment.overrides.resources]\n"
        "call_timeout_ms = 1000\nfuel = 100_000\n"
        "[deployment.restart]\nattempts = 1000\ninterval_seconds = 1\ndelay_ms = 10\n");
    put("relay", "relay",
        "group = \"web\"\nreplicas = " + std::to_string(kConsumers) + "\n" +
            (GetParam() == Way::Direct ? "direct = true\n" : ""));
    start("sums");
    start("relay");
    for (int i = 0; i < kConsumers; ++i) threads_.emplace_back([this] { consume(); });
    all_are_served("at the start");
  }
  void TearDown() override {
    over_ = true;
    for (std::thread& thread : threads_) thread.join();
    for (const std::string& text : strange_) ADD_FAILURE() << text;
    EXPECT_EQ(deployment("relay").at("restarts").as_int64(), 0) << "no consumer has died of it";
    RelayTest::TearDown();
  }

  // From now on each consumer is served again.
  void all_are_served(const char* when) {
    const int before = served_;
    EXPECT_TRUE(eventually([&] { return served_ >= before + 4 * kConsumers; })) << when;
  }

 private:
  void consume() {
    AlmeConnection alme(socket());
    while (!over_) {
      const auto begun = steady_clock::now();
      const wire::Json answer = alme.ask(
          "call",
          {{"deployment", "relay"}, {"function", "divide-with-remainder"}, {"args", "7, 2"}});
      const auto took = steady_clock::now() - begun;
      judge(wire::to_text(answer));
      if (took > kCallTimeout + kSlack) note("an answer took too long");
    }
  }
  // Served, or an error of the function that says why not; nothing else.
  void judge(const std::string& answer) {
    if (answer.find("ok((3, 1))") != std::string::npos) {
      ++served_;
    } else if (answer.find("err(\\\"examples:calc/ops@1.0.0#divide-with-remainder: ") !=
               std::string::npos) {
      ++refused_;
    } else {
      note(answer);
    }
  }
  void note(const std::string& text) {
    const std::lock_guard lock(mutex_);
    if (strange_.size() < 5) strange_.insert(text);
  }

  std::vector<std::thread> threads_;
  std::atomic<bool> over_ = false;
  std::mutex mutex_;
  std::set<std::string> strange_;

 protected:
  std::atomic<int> served_ = 0;
  std::atomic<int> refused_ = 0;
};

TEST_P(ConsumersTest, OutliveTheProvidersProcess) {
  ASSERT_TRUE(signal("sums", SIGKILL));
  all_are_served("after a kill");
  ASSERT_TRUE(signal("sums", SIGSTOP));
  EXPECT_TRUE(eventually([this] { return refused_ >= kConsumers; })) << "each is told";
  ASSERT_TRUE(signal("sums", SIGCONT));
  all_are_served("after a stop");
}

TEST_P(ConsumersTest, OutliveItsReplicas) {
  std::string many = "[0";
  for (int i = 0; i < 20'000; ++i) many += ", 1";
  many += "]";
  AlmeConnection vandal(socket());
  for (int i = 0; i < 8; ++i)
    vandal.ask("call", {{"deployment", "sums"}, {"function", "sum"}, {"args", many}});
  EXPECT_GT(deployment("sums").at("restarts").as_int64(), 0);
  all_are_served("after replicas ran out of fuel");
}

TEST_P(ConsumersTest, FollowEveryChangeOfTheDeployment) {
  ASSERT_EQ(cli({"scale", "sums", "0"}).status, 0);
  EXPECT_TRUE(eventually([this] { return refused_ >= kConsumers; }));
  ASSERT_EQ(cli({"scale", "sums", "2"}).status, 0);
  all_are_served("after scale to nothing and back");
  put("sums", "calc", "group = \"web\"\n");
  all_are_served("after a move into the consumers' own process");
  put("sums", "calc", "group = \"other\"\n");
  all_are_served("after a move into a third process");
  put("sums", "calc", kInMain);
  all_are_served("after a move into the daemon");
}

// Both are there: no call falls between them.
TEST_P(ConsumersTest, AreHandedToAnotherProviderWithoutAFailure) {
  put("also", "calc", "group = \"math\"\nreplicas = 4\n");
  start("also");
  EXPECT_TRUE(eventually([this] {
    return cli_json({"diag", "relay"}).at("imports").at(0).at("provider").as_string() == "also";
  }));
  all_are_served("by the other provider");
  EXPECT_EQ(refused_, 0);
}

// The one that stops is called until all are bound to the other.
TEST_P(ConsumersTest, AreHandedOnByAProviderThatStops) {
  put("other", "calc", "group = \"numbers\"\nreplicas = 4\n");
  start("other");
  const std::string used(
      cli_json({"diag", "relay"}).at("imports").at(0).at("provider").as_string());
  ASSERT_EQ(cli({"stop", used}).status, 0);
  all_are_served("by the one that stays");
  EXPECT_EQ(refused_, 0);
}

INSTANTIATE_TEST_SUITE_P(Ways, ConsumersTest, ::testing::Values(Way::ThroughDaemon, Way::Direct),
                         [](const auto& test) {
                           return test.param == Way::Direct ? "Direct" : "ThroughDaemon";
                         });

}  // namespace
}  // namespace arcella::integration
