// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Asynchronous functions (WASI 0.3) from deployment to deployment, by every route: what a consumer
// begins at once is under way at once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/daemon_fixture.h"
#include "support/routes.h"

namespace arcella::integration {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

class AsyncImportsTest : public DaemonTest {
 protected:
  void SetUp() override {
    DaemonTest::SetUp();
    if (HasFatalFailure()) return;
    const ProgramResult installed = cli({"install", source_path("tests/guests/later")});
    ASSERT_EQ(installed.status, 0) << installed.err;
  }

  void put_both(const Route& route) {
    if (route.joint == Joint::Fused) {
      put("provider", "later", placed(route.provider));
    } else {
      // It is a consumer, too, though nobody asks it.
      const Route back{"Back", route.provider, route.consumer, route.joint};
      put("provider", "later", joined(back, "tests:later/ops", "consumer"));
      start("provider");
    }
    put("consumer", "later", joined(route, "tests:later/ops", "provider"));
    start("consumer");
  }

  ProgramResult ask(const std::string& call) {
    return cli({"call", "consumer", "tests:later/asked#" + call});
  }
};

class AsyncImports : public AsyncImportsTest, public ::testing::WithParamInterface<Route> {};

TEST_P(AsyncImports, AreServed) {
  put_both(GetParam());
  if (HasFatalFailure()) return;
  EXPECT_EQ(ask("add(20, 22)").out, "42\n");
  EXPECT_EQ(ask(R"(reverse([{name: "abc", weight: some(7)}, {name: ""}]))").out,
            "ok([{name: \"cba\", weight: some(7)}, {name: \"\"}])\n");
  EXPECT_EQ(ask("reverse([])").out, "err(\"nothing to reverse\")\n");
  EXPECT_EQ(ask("add-at-once(50)").out, "1275\n");
}

INSTANTIATE_TEST_SUITE_P(Ways, AsyncImports, ::testing::ValuesIn(all_routes()),
                         [](const auto& test) { return std::string(test.param.name); });

// More than the provider's queue and the caller's table of handles hold, whichever is full first.
TEST_F(AsyncImportsTest, MoreAtOnceThanThereIsRoomForIsAnError) {
  put_both({"WorkerToWorker", "a", "b"});
  if (HasFatalFailure()) return;
  const ProgramResult flood = ask("add-at-once(100000)");
  EXPECT_NE(flood.status, 0);
  EXPECT_THAT(flood.err, AnyOf(HasSubstr("tests:later/ops@1.0.0#add"), HasSubstr("handle limit")));
  // It died of it, and so did the provider if its guest was in the middle of a call that was cut.
  for (const char* name : {"consumer", "provider"}) ASSERT_EQ(cli({"stop", name}).status, 0);
  for (const char* name : {"provider", "consumer"}) start(name);
  const ProgramResult after = ask("add(1, 2)");
  EXPECT_EQ(after.out, "3\n") << after.err;
}

// Their engine has concurrency then, and a guest's event loop is on the stack while it calls.
TEST_F(AsyncImportsTest, PlainOnesAreServedInTheSameProcess) {
  put("later", "later", placed("a"));
  start("later");
  install("calc");
  install("relay");
  put("calc", "calc", placed("a"));
  start("calc");
  put("relay", "relay", placed("a"));
  start("relay");
  EXPECT_EQ(cli({"call", "relay", "add(20, 22)"}).out, "42\n");
  EXPECT_EQ(cli({"call", "relay", R"(echo-string("here"))"}).out, "\"here\"\n");
}

TEST_F(AsyncImportsTest, EndWithTheProviderThatEnds) {
  put_both({"WorkerToWorker", "a", "b"});
  if (HasFatalFailure()) return;
  ASSERT_EQ(cli({"stop", "provider"}).status, 0);
  const ProgramResult alone = ask("reverse([])");
  EXPECT_EQ(alone.status, 0) << alone.err;
  EXPECT_THAT(alone.out, HasSubstr("err(\"tests:later/ops@1.0.0#reverse: "));
  start("provider");
  EXPECT_EQ(ask("reverse([])").out, "err(\"nothing to reverse\")\n");
}

}  // namespace
}  // namespace arcella::integration
