// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Imports that are bound to another deployment: relay, which asks calc, both real guests.
#include "host/imports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "host/testing/host_test.h"

namespace arcella::host {
namespace {

using engine::CallOutcome;
using engine::Outcome;
using ::testing::HasSubstr;
using testing::kCalc;
using testing::spec_of;
using namespace std::chrono_literals;

const std::string kRelay = "examples/relay/relay.wasm";
const std::string kCrasher = "examples/crasher/crasher.wasm";
const std::string kOps = "examples:calc/ops@1.0.0";

// Answers every call with 42, and counts them.
class FakeCallee final : public Callee {
 public:
  Result<std::uint32_t> resolve(std::string_view function) override {
    if (function.starts_with(kOps)) return 7;
    return fail(ErrorCode::NotFound, "no function '" + std::string(function) + "'");
  }
  engine::CallHandle call(std::optional<int>, std::uint32_t, engine::Encoding,
                          std::span<const std::byte>, std::chrono::milliseconds, CallChainPtr,
                          engine::CallDone done) override {
    ++calls;
    CallOutcome outcome;
    outcome.payload = {std::byte{42}, std::byte{}, std::byte{}, std::byte{}};
    done(outcome);
    return {};
  }
  std::atomic<int> calls = 0;
};

TEST(Imports, CallWithoutABindingSaysWhy) {
  Imports imports;
  imports.set_functions({{kOps, "add"}});
  std::string message;
  const auto keep = [&](const engine::CallOutcomeView& outcome) {
    EXPECT_EQ(outcome.outcome, Outcome::NotReady);
    message = outcome.message;
  };
  imports.call({}, 0, {}, 0ms, keep);
  EXPECT_EQ(message, "nothing is bound to it");
  imports.unbind(kOps, "'calc' is stopped");
  imports.call({}, 0, {}, 0ms, keep);
  EXPECT_EQ(message, "'calc' is stopped");
}

TEST(Imports, BindResolvesEveryFunctionOrChangesNothing) {
  Imports imports;
  imports.set_functions({{kOps, "add"}, {kOps, "sum"}, {"other:one/here@1.0.0", "f"}});
  EXPECT_EQ(imports.interfaces(), (std::vector<std::string>{kOps, "other:one/here@1.0.0"}));
  const auto callee = std::make_shared<FakeCallee>();
  EXPECT_FALSE(imports.bind("not:imported/at-all@1.0.0", callee, kOps));
  EXPECT_FALSE(imports.bind("other:one/here@1.0.0", callee, "other:one/here@1.0.0"));
  ASSERT_TRUE(imports.bind(kOps, callee, kOps));
  int returned = 0;
  const auto count = [&](const engine::CallOutcomeView& outcome) {
    if (outcome.outcome == Outcome::Returned) ++returned;
  };
  imports.call({}, 0, {}, 0ms, count);
  imports.call({}, 1, {}, 0ms, count);
  imports.call({}, 2, {}, 0ms, count);
  EXPECT_EQ(returned, 2);
  EXPECT_EQ(callee->calls, 2);
}

class ImportsTest : public testing::HostTest {
 protected:
  static void SetUpTestSuite() { compile({kCalc, kRelay, kCrasher}); }

  void bind_relay() {
    const auto bound = host.bind({relay.deployment, kOps, calc.deployment, kOps, {}});
    ASSERT_TRUE(bound) << bound.error().message();
  }
  // Both run, and relay is bound to calc.
  void run_both(int relays = 1, int calcs = 1) {
    load(kRelay, relay);
    ASSERT_TRUE(host.start(relay.deployment, 0, relays));
    load(kCalc, calc);
    ASSERT_TRUE(host.start(calc.deployment, 0, calcs));
    recorder.wait_for(static_cast<std::size_t>(relays + calcs));
    bind_relay();
  }
  std::string answer(std::string_view function, const std::string& arguments) {
    const CallOutcome outcome = call(relay, {}, function, arguments);
    EXPECT_EQ(outcome.outcome, Outcome::Returned) << outcome.message;
    return text_of(outcome);
  }

  const model::RunSpec calc = spec_of("calc");
  model::RunSpec relay = spec_of("relay");
};

TEST_F(ImportsTest, CarriesEveryTypeThatIsNoHandle) {
  run_both();
  EXPECT_EQ(answer("add", "20, 22"), "42");
  EXPECT_EQ(answer("add-small", "-1, 2, -3, 4"), "2");
  EXPECT_EQ(answer("subtract", "-9223372036854775808, 0"), "-9223372036854775808");
  EXPECT_EQ(answer("multiply", "1.5, 2"), "3");
  EXPECT_EQ(answer("half", "3"), "1.5");
  EXPECT_EQ(answer("is-even", "18446744073709551614"), "true");
  EXPECT_EQ(answer("next-char", "'a'"), "some('b')");
  EXPECT_EQ(answer("echo-string", R"("grüße")"), R"("grüße")");
  EXPECT_EQ(answer("echo-bytes", "[1, 2, 255]"), "[1, 2, 255]");
  EXPECT_EQ(answer("reverse", R"(["a", "b"])"), R"(["b", "a"])");
  EXPECT_EQ(answer("sum", "[1, -2, 4]"), "3");
  EXPECT_EQ(answer("translate", "{x: 1, y: 2}, {x: 0.5, y: 0.5}"), "{x: 1.5, y: 2.5}");
  EXPECT_EQ(answer("divide-with-remainder", "7, 2"), "ok((3, 1))");
  EXPECT_THAT(answer("divide-with-remainder", "7, 0"), HasSubstr("err("));
  EXPECT_EQ(answer("area", "rectangle({width: 2, height: 3})"), "6");
  EXPECT_EQ(answer("divide", "1, 0"), "err(division-by-zero)");
  EXPECT_EQ(answer("largest", "[]"), "none");
  EXPECT_EQ(answer("largest", "[3, 9, 4]"), "some(9)");
  EXPECT_EQ(answer("check", "true"), "ok");
  EXPECT_EQ(answer("invert", "{read}"), "{write, execute}");
  const std::string entry =
      R"([{name: "n", tags: ["a", "b"], parent: some("p"), mode: {read}, shape: circle(2)}])";
  const CallOutcome direct = call(calc, {}, "describe", entry);
  EXPECT_EQ(answer("describe", entry), text_of(direct));
}

TEST_F(ImportsTest, AnUnboundImportIsAnErrorWhereThereIsAPlaceForIt) {
  load(kRelay, relay);
  ASSERT_TRUE(host.start(relay.deployment, 0, 2));
  recorder.wait_for(2);
  EXPECT_THAT(answer("divide-with-remainder", "7, 2"), HasSubstr("nothing is bound to it"));
  ASSERT_TRUE(host.bind({relay.deployment, kOps, std::nullopt, {}, "calc was stopped"}));
  const CallOutcome trapped = call(relay, {}, "add", "1, 2");
  EXPECT_EQ(trapped.outcome, Outcome::Trapped);
  EXPECT_THAT(trapped.message, HasSubstr(kOps + "#add: calc was stopped"));
  EXPECT_THAT(answer("divide-with-remainder", "7, 2"), HasSubstr("calc was stopped"));
}

TEST_F(ImportsTest, IsBoundToAnotherCalleeWhileItRuns) {
  run_both();
  EXPECT_EQ(answer("add", "20, 23"), "43");
  const auto other = std::make_shared<FakeCallee>();
  ASSERT_TRUE(host.bind(relay.deployment, kOps, other, kOps));
  EXPECT_EQ(answer("add", "1, 1"), "42");
  EXPECT_EQ(other->calls, 1);
  bind_relay();
  EXPECT_EQ(answer("add", "1, 1"), "2");
}

TEST_F(ImportsTest, AChainOfCallersIsServed) {
  run_both();
  const auto second = spec_of("second");
  load(kRelay, second);
  ASSERT_TRUE(host.start(second.deployment, 0, 1));
  recorder.wait_for(3);
  EXPECT_FALSE(host.bind({second.deployment,
                          "examples:relay/ops@1.0.0",
                          relay.deployment,
                          "examples:relay/ops@1.0.0",
                          {}}))
      << "relay does not import itself";
  ASSERT_TRUE(
      host.bind(second.deployment, kOps, *host.find(relay.deployment), "examples:relay/ops@1.0.0"));
  EXPECT_EQ(text_of(call(second, {}, "add", "20, 22")), "42");
}

TEST_F(ImportsTest, ManyCallersShareTheReplicasOfTheProvider) {
  run_both(8, 2);
  std::vector<std::future<CallOutcome>> calls;
  for (int i = 0; i < 64; ++i) calls.push_back(call_later(relay, {}, "add-often", "50"));
  for (auto& one : calls) {
    const CallOutcome outcome = one.get();
    EXPECT_EQ(outcome.outcome, Outcome::Returned) << outcome.message;
    EXPECT_EQ(text_of(outcome), "50");
  }
  EXPECT_EQ(host.statistics(calc.deployment)->calls, 64U * 50U);
  EXPECT_EQ(host.statistics(calc.deployment)->in_flight, 0U);
}

TEST_F(ImportsTest, AProviderThatStopsLeavesItsConsumersAlive) {
  run_both();
  ASSERT_TRUE(host.stop(calc.deployment, 0, 1, 1s));
  recorder.wait_for(3);
  EXPECT_THAT(answer("divide-with-remainder", "7, 2"), HasSubstr("is ready"));
  ASSERT_TRUE(host.start(calc.deployment, 0, 1));
  recorder.wait_for(4);
  EXPECT_EQ(answer("divide-with-remainder", "7, 2"), "ok((3, 1))");
}

TEST_F(ImportsTest, AProviderStopsBetweenTwoDirectCalls) {
  run_both();
  auto calling = call_later(relay, {}, "add-often", "1000000000");
  ASSERT_TRUE(eventually([&] { return host.statistics(calc.deployment)->calls > 1000; }));
  ASSERT_TRUE(host.stop(calc.deployment, 0, 1, 60s));
  const CallOutcome ended = calling.get();
  EXPECT_EQ(ended.outcome, Outcome::Trapped);
  EXPECT_THAT(ended.message, HasSubstr("no replica of 'calc' is ready"));
  ASSERT_TRUE(eventually([&] { return (*host.find(calc.deployment))->alive() == 0; }));
  EXPECT_EQ(host.statistics(calc.deployment)->in_flight, 0U);
  EXPECT_EQ(host.statistics(calc.deployment)->failed, 1U) << "the one that found nobody";
  EXPECT_GT(host.statistics(calc.deployment)->calls, 1000U) << "they are counted still";
}

TEST_F(ImportsTest, ACallWaitsForItsProviderIfTheDeploymentSaysSo) {
  relay.provider_wait = 60s;
  run_both();
  ASSERT_TRUE(host.stop(calc.deployment, 0, 1, 1s));
  recorder.wait_for(3);
  auto waiting = call_later(relay, std::nullopt, "divide-with-remainder", "7, 2");
  ASSERT_TRUE(host.start(calc.deployment, 0, 1));
  EXPECT_EQ(text_of(waiting.get()), "ok((3, 1))");
  // The same with nobody bound at all.
  ASSERT_TRUE(host.bind({relay.deployment, kOps, {}, {}, "'calc' is gone"}));
  waiting = call_later(relay, std::nullopt, "divide-with-remainder", "9, 2");
  bind_relay();
  EXPECT_EQ(text_of(waiting.get()), "ok((4, 1))");
}

TEST_F(ImportsTest, AReplicaThatIsStoppedWaitsNoLonger) {
  relay.provider_wait = 60s;
  relay.call_timeout = 60s;
  run_both();
  ASSERT_TRUE(host.bind({relay.deployment, kOps, {}, {}, "'calc' is gone"}));
  auto waiting = call_later(relay, std::nullopt, "divide-with-remainder", "7, 2");
  wait_until_in_flight(relay, 1);
  ASSERT_TRUE(host.stop(relay.deployment, 0, 1, 0ms));
  EXPECT_NE(waiting.get().outcome, Outcome::Returned);
}

TEST_F(ImportsTest, ACallThatComesBackToAReplicaThatWaitsForItIsRefusedWithItsChain) {
  run_both();
  const auto second = spec_of("second");
  load(kRelay, second);
  ASSERT_TRUE(host.start(second.deployment, 0, 1));
  recorder.wait_for(3);
  const std::string exported = "examples:relay/ops@1.0.0";
  ASSERT_TRUE(host.bind({second.deployment, kOps, relay.deployment, exported, {}}));
  ASSERT_TRUE(host.bind({relay.deployment, kOps, second.deployment, exported, {}}));
  EXPECT_THAT(answer("divide-with-remainder", "7, 2"),
              HasSubstr("relay/0 -> second/0 -> relay; another replica"));
  // With another replica it goes on to that one, and comes back to second.
  ASSERT_TRUE(host.start(relay.deployment, 1, 1));
  recorder.wait_for(4);
  EXPECT_THAT(answer("divide-with-remainder", "7, 2"), HasSubstr("-> second; another replica"));
}

TEST_F(ImportsTest, AWiringInACircleIsGivenBackAtTheEnd) {
  run_both();
  const auto second = spec_of("second");
  load(kRelay, second);
  ASSERT_TRUE(host.start(second.deployment, 0, 1));
  recorder.wait_for(3);
  const std::string exported = "examples:relay/ops@1.0.0";
  ASSERT_TRUE(host.bind({second.deployment, kOps, relay.deployment, exported, {}}));
  ASSERT_TRUE(host.bind({relay.deployment, kOps, second.deployment, exported, {}}));
  // The end of the host waits for every guest: one that is kept by the circle hangs the test.
  host.stop_all(1s);
  recorder.wait_for(6);
}

}  // namespace
}  // namespace arcella::host
