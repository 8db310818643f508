// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Deployments that call each other: relay, which asks whoever exports examples:calc/ops, and
// teller, which holds resources of vault.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <string_view>

#include "support/relay_fixture.h"
#include "support/routes.h"

namespace arcella::integration {
namespace {

using ::testing::HasSubstr;

class Imports : public RelayTest {
 protected:
  void put_both_in_one_worker() {
    put("sums", "calc", "group = \"math\"\nreplicas = 2\n");
    put("relay", "relay", "group = \"math\"\nreplicas = 2\n");
    start("sums");
    start("relay");
  }
  std::string call(const std::string& text) { return cli({"call", "relay", text}).out; }
};

class ImportsByRoute : public Imports, public ::testing::WithParamInterface<Route> {
 protected:
  void SetUp() override {
    Imports::SetUp();
    if (HasFatalFailure()) return;
    put("sums", "calc", placed(GetParam().provider));
    put("relay", "relay", consumer_of(GetParam()));
    start("sums");
    start("relay");
  }
};

TEST_P(ImportsByRoute, AreServed) {
  EXPECT_EQ(call("add(20, 22)"), "42\n");
  EXPECT_EQ(call("add-often(1000)"), "1000\n");
  EXPECT_EQ(call(R"(reverse(["a", "b"]))"), "[\"b\", \"a\"]\n");
  EXPECT_EQ(call("divide(1, 0)"), "err(division-by-zero)\n");
  EXPECT_EQ(call("divide-with-remainder(7, 0)"), "err(\"7 cannot be divided by 0\")\n");
}

TEST_P(ImportsByRoute, AreBoundAgainWhenTheProviderComesBack) {
  EXPECT_TRUE(serves());
  ASSERT_EQ(cli({"stop", "sums"}).status, 0);
  EXPECT_THAT(division(), HasSubstr("err(\"examples:calc/ops@1.0.0#divide-with-remainder: "));
  start("sums");
  EXPECT_TRUE(serves());
  if (!GetParam().provider.empty()) {
    ASSERT_TRUE(signal("sums", SIGKILL));
    EXPECT_TRUE(serves());
  }
}

INSTANTIATE_TEST_SUITE_P(Places, ImportsByRoute, ::testing::ValuesIn(routes_between_stores()),
                         [](const auto& test) { return test.param.name; });

// teller holds accounts of vault.
class ResourcesByRoute : public DaemonTest, public ::testing::WithParamInterface<Route> {
 protected:
  void SetUp() override {
    DaemonTest::SetUp();
    if (HasFatalFailure()) return;
    install("vault");
    install("teller");
    put("safe", "vault", placed(GetParam().provider));
    put("teller", "teller", consumer_of(GetParam()));
    start("safe");
    start("teller");
  }
  std::string call(const std::string& text) { return cli({"call", "teller", text}).out; }
  // That others hold of the vault's accounts.
  bool handles_become(std::int64_t count) {
    return eventually([this, count] {
      return cli_json({"describe", "safe"}).at("statistics").at("handles").as_int64() == count;
    });
  }
};

TEST_P(ResourcesByRoute, AreMadeUsedMovedAndDropped) {
  EXPECT_EQ(call("open(\"ann\")"), "0\n");
  EXPECT_EQ(call("open(\"bob\")"), "1\n");
  EXPECT_EQ(call("deposit(0, 10)"), "ok(10)\n");
  EXPECT_EQ(call("deposit(1, 21)"), "ok(21)\n");
  EXPECT_EQ(call("note(0, [1, 2])"), "[1, 2]\n");
  EXPECT_EQ(call("richest([0, 1])"), "ok(some(1))\n");
  EXPECT_EQ(call("split(1)"), "ok((\"bob\", 2, some(3)))\n");
  EXPECT_EQ(call("pass([0, 2])"), "ok([4, 5])\n");
  EXPECT_EQ(call("merge([4, 5, 3])"), "ok(6)\n");
  EXPECT_EQ(call("balance-often(6, 100)"), "ok(31)\n");
  EXPECT_EQ(call("opened()"), "ok(1)\n");
  EXPECT_TRUE(handles_become(1));
  call("close(6)");
  EXPECT_EQ(call("opened()"), "ok(0)\n");
  EXPECT_TRUE(handles_become(0));
}

TEST_P(ResourcesByRoute, DieWithEitherSide) {
  call("hoard(50)");
  EXPECT_TRUE(handles_become(50));
  EXPECT_THAT(cli({"call", "teller", "crash()"}).err, HasSubstr("unreachable"));
  EXPECT_TRUE(handles_become(0));
  EXPECT_TRUE(eventually([this] { return call("hoard(3)") == "3\n"; }));
  EXPECT_THAT(call("burn(0)"), HasSubstr("err("));
  EXPECT_THAT(call("balance(1)"), HasSubstr("that made the handle is gone"));
  EXPECT_TRUE(eventually([this] { return call("opened()") == "ok(0)\n"; }));
  EXPECT_THAT(call("balance(1)"), HasSubstr("that made the handle is gone"));
  call("close-all()");
  EXPECT_EQ(call("open(\"ann\")"), "0\n");
  EXPECT_EQ(call("balance(0)"), "ok(0)\n");
  EXPECT_TRUE(handles_become(1));
}

class ResourcesOfAConsumersProcess : public ResourcesByRoute {};

TEST_P(ResourcesOfAConsumersProcess, AreDroppedWithIt) {
  call("hoard(50)");
  EXPECT_TRUE(handles_become(50));
  ASSERT_TRUE(signal("teller", SIGKILL));
  EXPECT_TRUE(handles_become(0));
  EXPECT_TRUE(eventually([this] { return call("hoard(2)") == "2\n"; }));
}

class ResourcesOfAProvidersProcess : public ResourcesByRoute {};

TEST_P(ResourcesOfAProvidersProcess, AreErrorsWithoutIt) {
  call("hoard(3)");
  ASSERT_TRUE(signal("safe", SIGKILL));
  EXPECT_TRUE(eventually([this] { return call("opened()") == "ok(0)\n"; }));
  EXPECT_THAT(call("balance(1)"), HasSubstr("err("));
  call("close-all()");
  EXPECT_EQ(call("hoard(2)"), "2\n");
  EXPECT_EQ(call("balance(1)"), "ok(0)\n");
  EXPECT_TRUE(handles_become(2));
  EXPECT_EQ(deployment("teller").at("restarts").as_int64(), 0);
}

INSTANTIATE_TEST_SUITE_P(Places, ResourcesByRoute, ::testing::ValuesIn(routes_between_stores()),
                         [](const auto& test) { return test.param.name; });
INSTANTIATE_TEST_SUITE_P(Places, ResourcesOfAConsumersProcess,
                         ::testing::Values(Route{"WorkerToMain", "math", ""},
                                           Route{"WorkerToWorker", "math", "web"},
                                           Route{"DirectlyToWorker", "math", "web", Joint::Direct}),
                         [](const auto& test) { return test.param.name; });
INSTANTIATE_TEST_SUITE_P(Places, ResourcesOfAProvidersProcess,
                         ::testing::Values(Route{"MainToWorker", "", "math"},
                                           Route{"WorkerToWorker", "math", "web"},
                                           Route{"DirectlyToWorker", "math", "web", Joint::Direct}),
                         [](const auto& test) { return test.param.name; });

TEST_F(Imports, AProviderThatGoesAndComesBackLeavesItsConsumerRunning) {
  put_both_in_one_worker();
  EXPECT_TRUE(serves());
  ASSERT_EQ(cli({"stop", "sums"}).status, 0);
  EXPECT_THAT(division(), HasSubstr("err(\"examples:calc/ops@1.0.0#divide-with-remainder: "));
  start("sums");
  EXPECT_TRUE(serves());
  ASSERT_EQ(cli({"scale", "sums", "0"}).status, 0);
  EXPECT_THAT(division(), HasSubstr("err("));
  ASSERT_EQ(cli({"scale", "sums", "3"}).status, 0);
  EXPECT_TRUE(serves());
  EXPECT_EQ(deployment("relay").at("restarts").as_int64(), 0);
}

TEST_F(Imports, AnotherProviderTakesOver) {
  put_both_in_one_worker();
  put("also-sums", "calc", "group = \"math\"\n");
  start("also-sums");
  // Of two that are alike the smaller name.
  EXPECT_TRUE(eventually([this] {
    return cli_json({"diag", "relay"}).at("imports").at(0).at("provider").as_string() ==
           "also-sums";
  }));
  EXPECT_TRUE(serves());
  ASSERT_EQ(cli({"undeploy", "also-sums", "--force"}).status, 0);
  EXPECT_TRUE(serves());
}

TEST_F(Imports, AreBoundAgainInAWorkerThatDied) {
  put_both_in_one_worker();
  EXPECT_TRUE(serves());
  ASSERT_TRUE(signal("relay", SIGKILL));
  EXPECT_TRUE(serves());
}

// The provider's process neither runs nor ends.
TEST_F(Imports, ACallOfAStoppedProcessEndsAtItsDeadline) {
  put("sums", "calc",
      "group = \"math\"\n[deployment.overrides.resources]\ncall_timeout_ms = 200\n");
  put("relay", "relay", "group = \"web\"\n");
  start("sums");
  start("relay");
  EXPECT_TRUE(serves());
  ASSERT_TRUE(signal("sums", SIGSTOP));
  EXPECT_THAT(division(), HasSubstr("there was no answer in time"));
  ASSERT_TRUE(signal("sums", SIGCONT));
  EXPECT_TRUE(serves());
  EXPECT_EQ(deployment("relay").at("restarts").as_int64(), 0);
}

TEST_F(Imports, ACircleOfCallsThroughProcessesIsRefusedWithItsChain) {
  install("rally");
  put_rally("here", "here", "there");
  put_rally("there", "here", "here");
  ASSERT_EQ(cli({"start", "--group", "here"}).status, 0);
  put_rally("there", "there", "here");
  ASSERT_NE(pid_of("here"), pid_of("there"));
  EXPECT_TRUE(eventually([this] { return cli({"call", "here", "play(1)"}).out == "ok(1)\n"; }));
  EXPECT_THAT(cli({"call", "here", "play(2)"}).out,
              HasSubstr("the call comes back to a replica that waits for it: here/0 -> there/0 -> "
                        "here"));
}

}  // namespace
}  // namespace arcella::integration
