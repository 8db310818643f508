// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The host with real guests: those of examples/.
#include "host/instance_host.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <future>
#include <set>
#include <string>
#include <thread>

#include "base/limits.h"
#include "host/testing/host_test.h"

namespace arcella::host {
namespace {

using engine::CallOutcome;
using engine::Outcome;
using model::InstanceEvent;
using std::chrono::milliseconds;
using namespace std::chrono_literals;

using testing::kCalc;
using testing::kInstancesMax;
using testing::spec_of;

const std::string kSpinner = "examples/spinner/spinner.wasm";
const std::string kCrasher = "examples/crasher/crasher.wasm";
const std::string kGlutton = "examples/glutton/glutton.wasm";
const std::string kHelloCore = "examples/hello-core/hello-core.wasm";
const std::string kGreeter = "examples/greeter/greeter.wasm";

class InstanceHostTest : public testing::HostTest {
 protected:
  static void SetUpTestSuite() {
    compile({kCalc, kSpinner, kCrasher, kGlutton, kHelloCore, kGreeter});
  }
};

TEST_F(InstanceHostTest, CallsAFunctionOfAReplica) {
  const auto spec = spec_of("calc");
  run(kCalc, spec, 2);
  EXPECT_EQ(text_of(call(spec, std::nullopt, "add", "20, 22")), "42");
  EXPECT_EQ(text_of(call(spec, 1, "examples:calc/ops@1.0.0#echo-string", "\"hi\"")), "\"hi\"");
  const auto statistics = host.statistics(spec.deployment);
  ASSERT_TRUE(statistics);
  EXPECT_EQ(statistics->calls, 2U);
  EXPECT_EQ(statistics->failed, 0U);
  EXPECT_EQ(statistics->in_flight, 0U);
  EXPECT_GT(statistics->memory_bytes, 0U);
}

TEST_F(InstanceHostTest, RefusesWhatDoesNotFitItsState) {
  const auto spec = spec_of("calc");
  EXPECT_EQ(host.start(spec.deployment, 0, 1).error().code(), ErrorCode::NotFound);
  run(kCalc, spec, 2);
  EXPECT_EQ(host.load(spec, artifacts_->open(kCalc), UniqueFd()).error().code(),
            ErrorCode::Conflict);
  EXPECT_EQ(host.start(spec.deployment, 1, 3).error().code(), ErrorCode::Conflict);
  EXPECT_EQ(host.unload(spec.deployment).error().code(), ErrorCode::Conflict);
  EXPECT_EQ(host.start(spec.deployment, limits::kReplicasMax, 1).error().code(),
            ErrorCode::InvalidParams);
  EXPECT_EQ(host.start(spec.deployment, -1, 1).error().code(), ErrorCode::InvalidParams);
  ASSERT_TRUE(host.stop(spec.deployment, 0, 2, 1s));
  recorder.wait_for(4);
  EXPECT_TRUE(host.unload(spec.deployment));
  EXPECT_EQ(host.resolve(spec.deployment, "add").error().code(), ErrorCode::NotFound);
}

TEST_F(InstanceHostTest, NumbersFunctionsOnceAndNamesThoseThereAre) {
  const auto spec = spec_of("calc");
  load(kCalc, spec);
  EXPECT_EQ(host.resolve(spec.deployment, "add").error().code(), ErrorCode::Unavailable);
  ASSERT_TRUE(host.start(spec.deployment, 0, 1));
  recorder.wait_for(1);
  const auto add = host.resolve(spec.deployment, "add");
  ASSERT_TRUE(add);
  EXPECT_NE(*add, *host.resolve(spec.deployment, "sum"));
  EXPECT_EQ(*add, *host.resolve(spec.deployment, "add"));
  const auto unknown = host.resolve(spec.deployment, "ad");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code(), ErrorCode::NotFound);
  EXPECT_NE((unknown.error().message() + unknown.error().detail()).find("add"), std::string::npos);
}

TEST_F(InstanceHostTest, HasAThousandReplicasReadyInASecond) {
  const auto spec = spec_of("calc");
  load(kCalc, spec);
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(host.start(spec.deployment, 0, kInstancesMax));
  const auto reports = recorder.wait_for(kInstancesMax);
  const auto took =
      std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin);
  RecordProperty("took_ms", static_cast<int>(took.count()));
  EXPECT_LT(took, 1s);
  std::set<int> indexes;
  for (const InstanceReport& report : reports) {
    ASSERT_EQ(report.event, InstanceEvent::Started) << report.message;
    indexes.insert(report.instance.index);
  }
  EXPECT_EQ(indexes.size(), std::size_t{kInstancesMax});
  EXPECT_EQ(text_of(call(spec, kInstancesMax - 1, "add", "1, 1")), "2");
  ASSERT_TRUE(host.stop(spec.deployment, 0, kInstancesMax, 10s));
  EXPECT_EQ(recorder.wait_for(2 * kInstancesMax).back().event, InstanceEvent::Ended);
  EXPECT_EQ(host.alive(), 0);
}

TEST_F(InstanceHostTest, ReportsACrashOnceAndServesWithTheOthers) {
  const auto spec = spec_of("crasher");
  run(kCrasher, spec, 2);
  const CallOutcome crash = call(spec, 0, "crash", "");
  EXPECT_EQ(crash.outcome, Outcome::Trapped);
  EXPECT_FALSE(crash.message.empty());
  const auto reports = recorder.wait_for(3);
  EXPECT_EQ(reports[2].event, InstanceEvent::Crashed);
  EXPECT_EQ(reports[2].instance.index, 0);
  EXPECT_NE(reports[2].message.find("crash"), std::string::npos);
  EXPECT_FALSE(reports[2].backtrace.empty());
  EXPECT_EQ(call(spec, 0, "divide", "6, 2").outcome, Outcome::NotReady);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(text_of(call(spec, std::nullopt, "divide", "6, 2")), "3");
  EXPECT_EQ(host.statistics(spec.deployment)->failed, 2U);
  EXPECT_FALSE(host.statistics(spec.deployment)->last_failure.empty());

  ASSERT_TRUE(host.start(spec.deployment, 0, 1));
  EXPECT_EQ(recorder.wait_for(4)[3].event, InstanceEvent::Started);
  EXPECT_EQ(text_of(call(spec, 0, "divide", "8, 2")), "4");
  EXPECT_EQ(recorder.count(), 4U);
}

TEST_F(InstanceHostTest, CallsTheLeastBusyReplica) {
  const auto spec = spec_of("spinner");
  run(kSpinner, spec, 2);
  auto busy = call_later(spec, 0, "spin", "");
  wait_until_in_flight(spec, 1);
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(call(spec, std::nullopt, "turn", "10").outcome, Outcome::Returned);
  ASSERT_TRUE(host.stop(spec.deployment, 0, 2, 0ms));
  EXPECT_EQ(busy.get().outcome, Outcome::Cancelled);
}

TEST_F(InstanceHostTest, EndsAnEndlessLoopAtTheDeadline) {
  auto spec = spec_of("spinner");
  spec.call_timeout = 50ms;
  run(kSpinner, spec, 1);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(call(spec, std::nullopt, "spin", "", 10s).outcome, Outcome::TimedOut);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  EXPECT_EQ(recorder.wait_for(2)[1].event, InstanceEvent::Crashed);
}

TEST_F(InstanceHostTest, HoldsAGluttonToItsMemory) {
  auto spec = spec_of("glutton");
  spec.memory_bytes = 16U << 20;
  run(kGlutton, spec, 1);
  EXPECT_EQ(call(spec, std::nullopt, "eat", "4").outcome, Outcome::Returned);
  EXPECT_EQ(call(spec, std::nullopt, "eat", "64").outcome, Outcome::MemoryLimit);
  EXPECT_EQ(recorder.wait_for(2)[1].event, InstanceEvent::Crashed);
}

TEST_F(InstanceHostTest, DrainsCallsBeforeItStops) {
  const auto spec = spec_of("spinner");
  run(kSpinner, spec, 1);
  auto last = call_later(spec, std::nullopt, "turn", "20000000");
  wait_until_in_flight(spec, 1);
  ASSERT_TRUE(host.stop(spec.deployment, 0, 1, 30s));
  EXPECT_EQ(last.get().outcome, Outcome::Returned);
  EXPECT_EQ(recorder.wait_for(2)[1].event, InstanceEvent::Ended);
  EXPECT_EQ(host.alive(), 0);
}

TEST_F(InstanceHostTest, CutsWhatRunsPastTheStopDeadline) {
  const auto spec = spec_of("spinner");
  run(kSpinner, spec, 1);
  auto endless = call_later(spec, std::nullopt, "spin", "");
  wait_until_in_flight(spec, 1);
  ASSERT_TRUE(host.stop(spec.deployment, 0, 1, 30ms));
  const auto reports = recorder.wait_for(2);
  EXPECT_EQ(reports[1].event, InstanceEvent::Ended);
  EXPECT_EQ(endless.get().outcome, Outcome::Cancelled);
  EXPECT_EQ(recorder.count(), 2U);
}

TEST_F(InstanceHostTest, ReportsReplicasEndedThatWereNotThere) {
  const auto spec = spec_of("calc");
  run(kCalc, spec, 1);
  ASSERT_TRUE(host.stop(spec.deployment, 0, 3, 1s));
  std::set<int> ended;
  for (const InstanceReport& report : recorder.wait_for(4)) {
    if (report.event == InstanceEvent::Ended) ended.insert(report.instance.index);
  }
  EXPECT_EQ(ended, (std::set<int>{0, 1, 2}));
}

TEST_F(InstanceHostTest, BoundsTheCallsThatWaitForAReplica) {
  const auto spec = spec_of("spinner");
  run(kSpinner, spec, 1);
  std::vector<std::future<CallOutcome>> calls;
  calls.push_back(call_later(spec, std::nullopt, "spin", ""));
  wait_until_in_flight(spec, 1);
  for (int i = 0; i < limits::kCallQueuePerInstanceMax; ++i) {
    calls.push_back(call_later(spec, std::nullopt, "turn", "1"));
  }
  wait_until_in_flight(spec, static_cast<std::uint64_t>(limits::kCallQueuePerInstanceMax) + 1);
  const CallOutcome refused = call(spec, std::nullopt, "turn", "1");
  EXPECT_EQ(refused.outcome, Outcome::Unavailable);
  EXPECT_NE(refused.message.find("overloaded"), std::string::npos);
  ASSERT_TRUE(host.stop(spec.deployment, 0, 1, 0ms));
  for (auto& each : calls) EXPECT_NE(each.get().outcome, Outcome::Returned);
}

TEST_F(InstanceHostTest, ACancelledCallEndsItsReplicaOnly) {
  const auto spec = spec_of("spinner");
  run(kSpinner, spec, 2);
  const std::uint32_t spin = number_of(spec, "spin");
  auto outcome = std::make_shared<std::promise<CallOutcome>>();
  std::promise<engine::CallHandle> handle;
  pool.post([&] {
    handle.set_value(
        host.call(spec.deployment, 0, spin, engine::Encoding::Wave, {}, 0ms,
                  [outcome](CallOutcome ended) { outcome->set_value(std::move(ended)); }));
  });
  handle.get_future().get().cancel();
  EXPECT_EQ(outcome->get_future().get().outcome, Outcome::Cancelled);
  EXPECT_EQ(recorder.wait_for(3)[2].event, InstanceEvent::Crashed);
  EXPECT_EQ(call(spec, std::nullopt, "turn", "1").outcome, Outcome::Returned);
}

TEST_F(InstanceHostTest, RunsEntrypointAndShutdown) {
  auto spec = spec_of("glutton");
  spec.entrypoint = "digest";
  spec.shutdown = "digest";
  run(kGlutton, spec, 2);
  ASSERT_TRUE(host.stop(spec.deployment, 0, 2, 10s));
  const auto reports = recorder.wait_for(4);
  for (const auto* report : {&reports[2], &reports[3]}) {
    EXPECT_EQ(report->event, InstanceEvent::Ended);
    EXPECT_EQ(report->message, "");
  }
}

TEST_F(InstanceHostTest, ReportsAnEntrypointThatFails) {
  auto trapping = spec_of("trapping");
  trapping.entrypoint = "crash";
  load(kCrasher, trapping);
  ASSERT_TRUE(host.start(trapping.deployment, 0, 1));
  auto report = recorder.wait_for(1)[0];
  EXPECT_EQ(report.event, InstanceEvent::Crashed);
  EXPECT_NE(report.message.find("entrypoint 'crash'"), std::string::npos);

  auto missing = spec_of("missing");
  missing.entrypoint = "no-such-function";
  load(kCalc, missing);
  ASSERT_TRUE(host.start(missing.deployment, 0, 1));
  report = recorder.wait_for(2)[1];
  EXPECT_EQ(report.event, InstanceEvent::Crashed);
  EXPECT_NE(report.message.find("no-such-function"), std::string::npos);

  auto endless = spec_of("endless");
  endless.entrypoint = "spin";
  endless.startup_timeout = 50ms;
  load(kSpinner, endless);
  ASSERT_TRUE(host.start(endless.deployment, 0, 1));
  EXPECT_EQ(recorder.wait_for(3)[2].event, InstanceEvent::Crashed);
  EXPECT_EQ(host.alive(), 0);
}

TEST_F(InstanceHostTest, StopsAReplicaWhoseEntrypointRuns) {
  auto spec = spec_of("spinner");
  spec.entrypoint = "spin";
  spec.startup_timeout = 60s;
  load(kSpinner, spec);
  ASSERT_TRUE(host.start(spec.deployment, 0, 1));
  ASSERT_TRUE(host.stop(spec.deployment, 0, 1, 30ms));
  EXPECT_EQ(recorder.wait_for(1)[0].event, InstanceEvent::Ended);
}

TEST_F(InstanceHostTest, RunsACommandToItsEnd) {
  auto spec = spec_of("hello", model::Kind::Command);
  spec.args = {"one"};
  spec.env = {{"NAME", "Test"}};
  load(kHelloCore, spec);
  ASSERT_TRUE(host.start(spec.deployment, 0, 1));
  const auto reports = recorder.wait_for(2);
  EXPECT_EQ(reports[0].event, InstanceEvent::Started);
  EXPECT_EQ(reports[1].event, InstanceEvent::EndedWell);
  EXPECT_EQ(recorder.stdout_text(), "Hello from a core module\nargument 1: one\nNAME=Test\n");
  EXPECT_TRUE(host.unload(spec.deployment));
}

TEST_F(InstanceHostTest, ReportsACommandThatFails) {
  auto spec = spec_of("hello", model::Kind::Command);
  spec.args = {"--exit", "3"};
  load(kHelloCore, spec);
  ASSERT_TRUE(host.start(spec.deployment, 0, 1));
  const auto report = recorder.wait_for(2)[1];
  EXPECT_EQ(report.event, InstanceEvent::Crashed);
  EXPECT_EQ(report.exit_status, 3);
  EXPECT_EQ(host.statistics(spec.deployment)->failed, 1U);
  EXPECT_EQ(host.resolve(spec.deployment, "main").error().code(), ErrorCode::InvalidParams);
}

UniqueFd listen_on_any_port(sockaddr_in& address) {
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
  EXPECT_EQ(::listen(socket.get(), 16), 0);
  EXPECT_EQ(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  return socket;
}

UniqueFd ask(const sockaddr_in& address, const std::string& path) {
  UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
            0);
  const std::string request =
      "GET " + path + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
  EXPECT_EQ(::send(client.get(), request.data(), request.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(request.size()));
  return client;
}
std::string answer_of(const UniqueFd& client) {
  std::string answer;
  std::array<char, 4096> buffer{};
  ssize_t got = 0;
  while ((got = ::recv(client.get(), buffer.data(), buffer.size(), 0)) > 0) {
    answer.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return answer;
}

TEST_F(InstanceHostTest, ServesHttpAsLongAsThereIsAReplica) {
  const auto spec = spec_of("greeter", model::Kind::Http);
  sockaddr_in address{};
  load(kGreeter, spec, listen_on_any_port(address));
  ASSERT_TRUE(host.start(spec.deployment, 0, 2));
  recorder.wait_for(2);
  EXPECT_NE(answer_of(ask(address, "/a")).find("Hello from Arcella: GET /a"), std::string::npos);
  EXPECT_EQ(host.start(spec.deployment, 1, 1).error().code(), ErrorCode::Conflict);
  ASSERT_TRUE(host.stop(spec.deployment, 0, 1, 1s));
  EXPECT_EQ(recorder.wait_for(3)[2].event, InstanceEvent::Ended);
  EXPECT_NE(answer_of(ask(address, "/b")).find("GET /b"), std::string::npos);
  EXPECT_EQ(host.unload(spec.deployment).error().code(), ErrorCode::Conflict);

  ASSERT_TRUE(host.stop(spec.deployment, 1, 1, 1s));
  EXPECT_EQ(recorder.wait_for(4)[3].event, InstanceEvent::Ended);
  EXPECT_EQ(host.statistics(spec.deployment)->calls, 2U);

  // Between two generations a client waits in the backlog and is not refused.
  const UniqueFd waiting = ask(address, "/c");
  ASSERT_TRUE(host.start(spec.deployment, 0, 1));
  EXPECT_NE(answer_of(waiting).find("GET /c"), std::string::npos);
  host.stop_all(1s);
  recorder.wait_for(6);
  EXPECT_TRUE(host.unload(spec.deployment));
}

TEST_F(InstanceHostTest, NeedsASocketForHttpAndCallsNoneOfItsFunctions) {
  const auto spec = spec_of("greeter", model::Kind::Http);
  EXPECT_EQ(host.load(spec, artifacts_->open(kGreeter), UniqueFd()).error().code(),
            ErrorCode::InvalidParams);
  sockaddr_in address{};
  load(kGreeter, spec, listen_on_any_port(address));
  EXPECT_EQ(host.resolve(spec.deployment, "handle").error().code(), ErrorCode::InvalidParams);
}

}  // namespace
}  // namespace arcella::host
