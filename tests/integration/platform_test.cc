// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// arcella:platform/control: overseer, a guest that looks at the platform and calls what runs there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "support/daemon_fixture.h"

namespace arcella::integration {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kTrustedWorker =
    "group = \"desk\"\n[deployment.overrides]\ntrusted = true\n";

class Platform : public DaemonTest {
 protected:
  void SetUp() override {
    DaemonTest::SetUp();
    if (HasFatalFailure()) return;
    install("calc");
    install("overseer");
    put("sums", "calc", "group = \"math\"\nreplicas = 2\n");
    start("sums");
  }
  std::string call(const std::string& text) { return cli({"call", "desk", text}).out; }
  void sees_and_calls() {
    EXPECT_EQ(call("report()"),
              "[\"desk overseer@1.0.0 running 1/1\", \"sums calc@1.0.0 running 2/2\"]\n");
    EXPECT_EQ(call(R"(ask("sums", "add", "20, 22"))"), "ok(\"42\")\n");
    EXPECT_THAT(call(R"(ask("sum", "add", "20, 22"))"), HasSubstr(R"(did you mean \'sums\'?)"));
    EXPECT_THAT(call(R"(ask("sums", "divide", "\"x\", 2"))"), HasSubstr("err(\"calling divide"));
    EXPECT_THAT(call("last-events(1)"), HasSubstr("deployment-started desk"));
    EXPECT_EQ(call("last-events(0)"), "[]\n");
    // The longest there are, and nothing of what a guest is told may trap it.
    EXPECT_THAT(call("last-events(4294967295)"), HasSubstr("daemon-started daemon"));
    EXPECT_EQ(deployment("desk").at("restarts").as_int64(), 0);
  }
};

TEST_F(Platform, IsServedToATrustedGuestInMain) {
  put("desk", "overseer", kInMain);
  start("desk");
  sees_and_calls();
  EXPECT_THAT(cli({"diag", "desk"}).out, HasSubstr("arcella:platform/control@0.1.0"));
}

TEST_F(Platform, IsServedToATrustedGuestInAWorker) {
  put("desk", "overseer", kTrustedWorker);
  start("desk");
  sees_and_calls();
}

TEST_F(Platform, IsNotServedToOthers) {
  put("desk", "overseer", "group = \"desk\"\n");
  const ProgramResult refused = cli({"start", "desk"});
  EXPECT_TRUE(is_one_line(refused));
  EXPECT_THAT(refused.err, HasSubstr("the platform serves it to trusted deployments only"));
}

TEST_F(Platform, ACallOfOneselfIsRefusedWithTheChain) {
  put("desk", "overseer", kTrustedWorker);
  start("desk");
  EXPECT_THAT(call(R"(ask("desk", "report", ""))"),
              HasSubstr("the call comes back to a replica that waits for it: desk/0 -> desk"));
  EXPECT_EQ(cli({"scale", "desk", "2"}).status, 0);
  EXPECT_THAT(call(R"(ask("desk", "report", ""))"), HasSubstr("desk overseer@1.0.0 running 2/2"));
}

}  // namespace
}  // namespace arcella::integration
