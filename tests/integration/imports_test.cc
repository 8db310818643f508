// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Deployments that call each other: relay, which asks whoever exports examples:calc/ops.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <string_view>

#include "support/daemon_fixture.h"

namespace arcella::integration {
namespace {

using ::testing::HasSubstr;

class Imports : public DaemonTest {
 protected:
  void SetUp() override {
    DaemonTest::SetUp();
    if (HasFatalFailure()) return;
    install("calc");
    install("relay");
  }
  void put(const std::string& name, const std::string& component, std::string_view rest) {
    deploy(folder_.write(name + ".deployment.toml", "[deployment]\nmodule_id = \"" + component +
                                                        "@1.0.0\"\n" + std::string(rest)));
  }
  void put_both_in_one_worker() {
    put("sums", "calc", "group = \"math\"\nreplicas = 2\n");
    put("relay", "relay", "group = \"math\"\nreplicas = 2\n");
    start("sums");
    start("relay");
  }
  std::string call(const std::string& text) { return cli({"call", "relay", text}).out; }
  std::string division() { return call("divide-with-remainder(7, 2)"); }
  bool serves() {
    return eventually([this] { return division() == "ok((3, 1))\n"; });
  }
  std::int64_t pid_of(const std::string& id) { return instances_of(id).at(0).at("pid").as_int64(); }
};

TEST_F(Imports, AreServedWithinOneWorker) {
  put_both_in_one_worker();
  EXPECT_EQ(call("add(20, 22)"), "42\n");
  EXPECT_EQ(call("add-often(1000)"), "1000\n");
  EXPECT_EQ(call(R"(reverse(["a", "b"]))"), "[\"b\", \"a\"]\n");
  EXPECT_EQ(call("divide(1, 0)"), "err(division-by-zero)\n");
}

TEST_F(Imports, AreServedWithinTheDaemon) {
  const std::string in_main =
      "[deployment.overrides]\nisolation = \"main\"\ntrusted = true\nasync = true\n";
  put("sums", "calc", in_main);
  put("relay", "relay", in_main);
  start("sums");
  start("relay");
  EXPECT_EQ(call("add(20, 22)"), "42\n");
}

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
  ASSERT_EQ(::kill(static_cast<pid_t>(pid_of("relay")), SIGKILL), 0);
  EXPECT_TRUE(serves());
}

TEST_F(Imports, OfAnotherProcessSayWhyTheyAreNotServed) {
  put("sums", "calc", "group = \"math\"\n");
  put("relay", "relay", "group = \"web\"\n");
  start("sums");
  start("relay");
  EXPECT_THAT(division(), HasSubstr("runs in the worker of group \\'math\\', and calls reach only "
                                    "the same process"));
}

}  // namespace
}  // namespace arcella::integration
