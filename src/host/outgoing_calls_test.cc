// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "host/outgoing_calls.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace arcella::host {
namespace {

constexpr MonotonicTime kLater = MonotonicTime::max();

engine::CallDone counting(int& count) {
  return [&count](const engine::CallOutcomeView&) { ++count; };
}
void end(const engine::CallDone& done) {
  done(engine::CallOutcomeView{std::span<const std::byte>()});
}

TEST(OutgoingCalls, EachIsTakenOnce) {
  OutgoingCalls calls;
  int ended = 0;
  auto done = counting(ended);
  const std::uint64_t request = calls.add(done, kLater);
  EXPECT_NE(request, 0U);
  EXPECT_EQ(calls.count(), 1);
  end(calls.take(request));
  EXPECT_EQ(ended, 1);
  EXPECT_FALSE(calls.take(request));
  EXPECT_EQ(calls.count(), 0);
}

TEST(OutgoingCalls, ALateAnswerIsNotThatOfTheNextCall) {
  OutgoingCalls calls;
  int ended = 0;
  auto first = counting(ended);
  const std::uint64_t old = calls.add(first, kLater);
  (void)calls.take(old);
  auto second = counting(ended);
  const std::uint64_t next = calls.add(second, kLater);
  EXPECT_NE(next, old);
  EXPECT_FALSE(calls.take(old));
  EXPECT_FALSE(calls.take(0));
  EXPECT_FALSE(calls.take(0xffff'ffff'ffff'ffff));
  EXPECT_TRUE(calls.take(next));
}

TEST(OutgoingCalls, AreBounded) {
  OutgoingCalls calls;
  int ended = 0;
  for (int i = 0; i < limits::kDataInFlightMax; ++i) {
    auto done = counting(ended);
    ASSERT_NE(calls.add(done, kLater), 0U);
  }
  auto refused = counting(ended);
  EXPECT_EQ(calls.add(refused, kLater), 0U);
  EXPECT_TRUE(refused) << "it is left to whoever asked";
  for (const engine::CallDone& done : calls.take_all()) end(done);
  EXPECT_EQ(ended, limits::kDataInFlightMax);
  EXPECT_NE(calls.add(refused, kLater), 0U);
}

TEST(OutgoingCalls, ThoseThatAreDueAreGivenUp) {
  OutgoingCalls calls;
  int early = 0;
  int late = 0;
  const MonotonicTime now{std::chrono::seconds(100)};
  auto a = counting(early);
  auto b = counting(late);
  const std::uint64_t request = calls.add(a, now);
  (void)calls.add(b, now + std::chrono::milliseconds(1));
  const auto due = calls.take_due(now);
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].request, request);
  end(due[0].done);
  EXPECT_EQ(early, 1);
  EXPECT_EQ(calls.count(), 1);
}

}  // namespace
}  // namespace arcella::host
