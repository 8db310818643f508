// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "engine/instance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/mutex.h"
#include "engine/testing/test_engine.h"

namespace arcella::engine {
namespace {

using std::chrono::milliseconds;
using testing::Awaited;
using ::testing::HasSubstr;
using testing::Served;

std::string text_of(const CallOutcome& outcome) {
  return {reinterpret_cast<const char*>(outcome.payload.data()), outcome.payload.size()};
}

TEST(Instance, AnswersCallsInWave) {
  Served served("calc");
  const auto calc = served.start();
  EXPECT_EQ(text_of(served.call(*calc, "add", "20, 22")), "42");
  EXPECT_EQ(text_of(served.call(*calc, "echo-string", "\"grüße\"")), "\"grüße\"");
  EXPECT_TRUE(calc->alive());
  EXPECT_GT(calc->memory_bytes(), 0U);
}

TEST(Instance, AnswersCallsInValues) {
  Served served("calc");
  const auto calc = served.start();
  const auto add = calc->resolve("add");
  ASSERT_TRUE(add.has_value());
  const std::byte arguments[] = {std::byte{0x92}, std::byte{20}, std::byte{22}};
  Awaited<CallOutcome> ended;
  calc->call(served.executor, *add, Encoding::Values, arguments, milliseconds(0),
             [&](CallOutcome outcome) { ended.set(std::move(outcome)); });
  const CallOutcome outcome = ended.get();
  EXPECT_EQ(outcome.outcome, Outcome::Returned);
  EXPECT_EQ(outcome.payload, std::vector<std::byte>{std::byte{42}});
}

TEST(Instance, GivesResultsOfAnySize) {
  Served served("calc");
  const auto calc = served.start();
  const auto echo = calc->resolve("echo-string");
  ASSERT_TRUE(echo.has_value());
  // Around the size up to which a result is copied to the stack (instance.cc), and far beyond.
  for (const std::size_t size : {0U, 1U, 252U, 253U, 254U, 65535U}) {
    const std::string head = {'\xda', static_cast<char>(size >> 8U), static_cast<char>(size)};
    const std::string arguments = "\x91" + head + std::string(size, 'x');
    Awaited<CallOutcome> ended;
    calc->call(served.executor, *echo, Encoding::Values, std::as_bytes(std::span(arguments)),
               milliseconds(0), [&](const CallOutcomeView& outcome) { ended.set(outcome); });
    const CallOutcome outcome = ended.get();
    EXPECT_EQ(outcome.outcome, Outcome::Returned);
    EXPECT_TRUE(text_of(outcome).ends_with(std::string(size, 'x'))) << size;
    EXPECT_LE(text_of(outcome).size(), size + 3);
  }
}

TEST(Instance, KeepsTheArgumentsOfACallThatWaits) {
  Served served("spinner");
  const auto spinner = served.start();
  const auto turn = spinner->resolve("turn");
  ASSERT_TRUE(turn.has_value());
  Awaited<CallOutcome> first;
  Awaited<CallOutcome> second;
  {
    const std::string many = "100000000";
    const std::string one = "1";
    spinner->call(served.executor, *turn, Encoding::Wave, std::as_bytes(std::span(many)),
                  milliseconds(0), [&](CallOutcome outcome) { first.set(std::move(outcome)); });
    spinner->call(served.executor, *turn, Encoding::Wave, std::as_bytes(std::span(one)),
                  milliseconds(0), [&](CallOutcome outcome) { second.set(std::move(outcome)); });
  }
  EXPECT_EQ(first.get().outcome, Outcome::Returned);
  EXPECT_EQ(second.get().outcome, Outcome::Returned);
}

TEST(Instance, ACallThatEndedKeepsNothingOfItsContext) {
  Served served("spinner");
  const auto spinner = served.start();
  const auto turn = spinner->resolve("turn");
  ASSERT_TRUE(turn.has_value());
  auto context = std::make_shared<int>(0);
  const std::weak_ptr<int> kept = context;
  Awaited<CallOutcome> ended;
  const std::string many = "100000000";  // outlasts its slice
  const CallHandle handle = spinner->call(
      served.executor, *turn, Encoding::Wave, std::as_bytes(std::span(many)), milliseconds(0),
      [&](CallOutcome outcome) { ended.set(std::move(outcome)); }, std::move(context));
  EXPECT_EQ(ended.get().outcome, Outcome::Returned);
  Awaited<bool> after;
  served.executor.post([&] { after.set(true); });
  after.get();
  EXPECT_TRUE(kept.expired());
}

TEST(Instance, AShortCallEndsOnTheThreadThatStartsIt) {
  Served served("calc");
  const auto calc = served.start();
  const auto add = calc->resolve("add");
  ASSERT_TRUE(add.has_value());
  const std::byte arguments[] = {std::byte{0x92}, std::byte{1}, std::byte{2}};
  bool ended_here = false;
  // On a busy machine a slice may be over before the shortest call is.
  for (int attempt = 0; attempt < 10 && !ended_here; ++attempt) {
    Awaited<std::thread::id> ended_on;
    calc->call(served.executor, *add, Encoding::Values, arguments, milliseconds(0),
               [&](const CallOutcomeView&) { ended_on.set(std::this_thread::get_id()); });
    ended_here = ended_on.get() == std::this_thread::get_id();
  }
  EXPECT_TRUE(ended_here);
}

TEST(Instance, NamesItsFunctionsWhenAskedForAnother) {
  Served served("calc");
  const auto calc = served.start();
  const auto resolved = calc->resolve("nothing");
  ASSERT_FALSE(resolved.has_value());
  EXPECT_EQ(resolved.error().code(), ErrorCode::NotFound);
  EXPECT_THAT(resolved.error().message(), HasSubstr("examples:calc/ops@1.0.0#add"));
  EXPECT_EQ(calc->resolve("\xff\xfe").error().code(), ErrorCode::InvalidParams);
}

TEST(Instance, SaysWhichArgumentsItExpects) {
  Served served("calc");
  const auto calc = served.start();
  const CallOutcome outcome = served.call(*calc, "add", "1");
  EXPECT_EQ(outcome.outcome, Outcome::BadArguments);
  EXPECT_THAT(outcome.message, HasSubstr("expected add: func(a: u32, b: u32) -> u32"));
  EXPECT_TRUE(calc->alive());
}

TEST(Instance, StopsAnEndlessLoopAtItsDeadline) {
  Served served("spinner");
  const auto spinner = served.start();
  const CallOutcome outcome = served.call(*spinner, "spin", "", milliseconds(50));
  EXPECT_EQ(outcome.outcome, Outcome::TimedOut);
  EXPECT_FALSE(spinner->alive());
  EXPECT_EQ(served.call(*spinner, "turn", "1").outcome, Outcome::Trapped);
}

TEST(Instance, CancelsACallFromAnotherThread) {
  Served served("spinner");
  const auto spinner = served.start();
  const auto spin = spinner->resolve("spin");
  ASSERT_TRUE(spin.has_value());
  Awaited<CallOutcome> ended;
  const CallHandle handle =
      spinner->call(served.executor, *spin, Encoding::Wave, {}, milliseconds(0),
                    [&](CallOutcome outcome) { ended.set(std::move(outcome)); });
  handle.cancel();
  EXPECT_EQ(ended.get().outcome, Outcome::Cancelled);
  handle.cancel();
  EXPECT_FALSE(spinner->alive());
}

TEST(Instance, CancelsItsCallsWhenDestroyed) {
  Served served("spinner");
  auto spinner = served.start();
  const auto spin = spinner->resolve("spin");
  const auto turn = spinner->resolve("turn");
  ASSERT_TRUE(spin.has_value() && turn.has_value());
  Awaited<CallOutcome> inside;
  Awaited<CallOutcome> waiting;
  const std::string one = "1";
  spinner->call(served.executor, *spin, Encoding::Wave, {}, milliseconds(0),
                [&](CallOutcome outcome) { inside.set(std::move(outcome)); });
  spinner->call(served.executor, *turn, Encoding::Wave, std::as_bytes(std::span(one)),
                milliseconds(0), [&](CallOutcome outcome) { waiting.set(std::move(outcome)); });
  spinner.reset();
  EXPECT_EQ(inside.get().outcome, Outcome::Cancelled);
  EXPECT_NE(waiting.get().outcome, Outcome::Returned);
}

TEST(Instance, ServesCallsOneAfterAnother) {
  Served served("spinner");
  const auto spinner = served.start();
  const auto turn = spinner->resolve("turn");
  ASSERT_TRUE(turn.has_value());
  std::vector<int> order;  // the executor's one thread and this one, which waits for it
  Awaited<bool> all;
  // The first outlasts its slice, so the others find the instance busy.
  const std::vector<std::string> turns = {"100000000", "1", "1", "1"};
  Mutex mutex;
  for (std::size_t n = 0; n < turns.size(); ++n) {
    spinner->call(served.executor, *turn, Encoding::Wave, std::as_bytes(std::span(turns[n])),
                  milliseconds(0), [&, n](const CallOutcome& outcome) {
                    EXPECT_EQ(outcome.outcome, Outcome::Returned);
                    const MutexLock lock(mutex);
                    order.push_back(static_cast<int>(n));
                    if (order.size() == turns.size()) all.set(true);
                  });
  }
  all.get();
  EXPECT_THAT(order, ::testing::ElementsAre(0, 1, 2, 3));
}

TEST(Instance, TellsAMemoryLimitFromATrap) {
  Served served("glutton");
  const auto glutton = served.start();
  const CallOutcome outcome = served.call(*glutton, "eat", "100");
  EXPECT_EQ(outcome.outcome, Outcome::MemoryLimit) << outcome.message;
}

TEST(Instance, GivesTheBacktraceOfATrap) {
  Served served("crasher");
  const auto crasher = served.start();
  const CallOutcome outcome = served.call(*crasher, "crash", "");
  EXPECT_EQ(outcome.outcome, Outcome::Trapped);
  EXPECT_THAT(outcome.message, HasSubstr("unreachable"));
  EXPECT_THAT(outcome.backtrace, HasSubstr("wasm backtrace"));
}

TEST(InstancePre, RunsACommandToItsExitStatus) {
  WasiPolicy policy;
  policy.program = "hello";
  policy.args = {"--exit", "3"};
  Served served("hello-core", testing::limits(), policy);
  Awaited<CallOutcome> ended;
  served.pre->run_command(served.executor, served.sink, StdioMode::Sink, milliseconds(0),
                          [&](CallOutcome outcome) { ended.set(std::move(outcome)); });
  const CallOutcome outcome = ended.get();
  EXPECT_EQ(outcome.outcome, Outcome::Exited);
  EXPECT_EQ(outcome.exit_status, 3);
  EXPECT_THAT(served.sink.text(OutputStream::Stdout), HasSubstr("argument 2: 3\n"));
}

}  // namespace
}  // namespace arcella::engine
