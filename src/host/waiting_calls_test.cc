// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "host/waiting_calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <string>
#include <utility>

#include "base/limits.h"
#include "host/call_refusal.h"

namespace arcella::host {
namespace {

using engine::CallOutcome;
using engine::CallOutcomeView;
using engine::Outcome;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

// Somebody who is ready, or not, and counts who has asked.
class WaitingCallsTest : public ::testing::Test {
 protected:
  std::shared_ptr<WaitingCalls> waiting(std::chrono::milliseconds patience) {
    return std::make_shared<WaitingCalls>(pool_, patience);
  }
  WaitingCalls::Attempt attempt() {
    return [this](std::span<const std::byte> arguments, std::chrono::milliseconds timeout,
                  const engine::CallDone& done) {
      ++tries_;
      last_timeout_ = timeout;
      if (!ready_) {
        done(refuse_call(Outcome::NotReady, "nobody is there"));
        return engine::CallHandle();
      }
      CallOutcome outcome;
      outcome.payload.assign(arguments.begin(), arguments.end());
      done(outcome);
      return engine::CallHandle();
    };
  }
  // The call's end, and how often it was told.
  struct End {
    std::promise<CallOutcome> outcome;
    std::atomic<int> told = 0;
  };
  static engine::CallDone tell(const std::shared_ptr<End>& end) {
    return [end](const CallOutcomeView& outcome) {
      if (++end->told == 1) end->outcome.set_value(outcome);
    };
  }

  EnginePool pool_{2};
  std::atomic<bool> ready_ = false;
  std::atomic<int> tries_ = 0;
  std::atomic<std::chrono::milliseconds> last_timeout_{0ms};
  const std::vector<std::byte> bytes_{std::byte{1}, std::byte{2}};
};

TEST_F(WaitingCallsTest, OneThatIsTakenAtOnceDoesNotWait) {
  ready_ = true;
  const auto end = std::make_shared<End>();
  waiting(1min)->begin(attempt(), bytes_, 5s, tell(end));
  EXPECT_EQ(end->outcome.get_future().get().payload, bytes_);
  EXPECT_EQ(tries_, 1);
  EXPECT_EQ(last_timeout_.load(), 5s);
}

TEST_F(WaitingCallsTest, IsServedWithItsArgumentsAsSoonAsSomebodyIsReady) {
  const auto calls = waiting(1min);
  const auto end = std::make_shared<End>();
  {
    std::vector<std::byte> gone = bytes_;
    calls->begin(attempt(), gone, 5s, tell(end));
    gone.assign({std::byte{9}, std::byte{9}});
  }
  EXPECT_EQ(end->told, 0);
  ready_ = true;
  calls->try_again();
  const CallOutcome outcome = end->outcome.get_future().get();
  EXPECT_EQ(outcome.outcome, Outcome::Returned);
  EXPECT_EQ(outcome.payload, bytes_);
  EXPECT_LE(last_timeout_.load(), 5s) << "the time that is left";
  EXPECT_EQ(end->told, 1);
}

TEST_F(WaitingCallsTest, LooksByItselfWhetherSomebodyIsReady) {
  const auto calls = waiting(1min);
  const auto end = std::make_shared<End>();
  calls->begin(attempt(), bytes_, 0ms, tell(end));
  ready_ = true;
  EXPECT_EQ(end->outcome.get_future().get().outcome, Outcome::Returned);
  EXPECT_EQ(last_timeout_.load(), 0ms) << "none is none";
}

TEST_F(WaitingCallsTest, SaysWhyWhenItsPatienceIsOver) {
  const auto end = std::make_shared<End>();
  const auto begun = std::chrono::steady_clock::now();
  waiting(60ms)->begin(attempt(), bytes_, 0ms, tell(end));
  const CallOutcome outcome = end->outcome.get_future().get();
  EXPECT_GE(std::chrono::steady_clock::now() - begun, 60ms);
  EXPECT_EQ(outcome.outcome, Outcome::Unavailable);
  EXPECT_THAT(outcome.message, HasSubstr("nobody is there (waited "));
  EXPECT_GE(tries_, 2);
}

TEST_F(WaitingCallsTest, WhatSomebodyHasSeenIsNotTriedAgain) {
  const auto end = std::make_shared<End>();
  const auto lost = [this](auto, auto, const engine::CallDone& done) {
    ++tries_;
    done(refuse_call(Outcome::Unavailable, "its process went"));
    return engine::CallHandle();
  };
  waiting(1min)->begin(lost, bytes_, 0ms, tell(end));
  EXPECT_EQ(end->outcome.get_future().get().message, "its process went");
  EXPECT_EQ(tries_, 1);
}

TEST_F(WaitingCallsTest, CancelEndsTheWaitAndClosingEndsAll) {
  const auto calls = waiting(1min);
  const auto first = std::make_shared<End>();
  const auto second = std::make_shared<End>();
  const engine::CallHandle handle = calls->begin(attempt(), bytes_, 0ms, tell(first));
  calls->begin(attempt(), bytes_, 0ms, tell(second));
  handle.cancel();
  EXPECT_EQ(first->outcome.get_future().get().outcome, Outcome::Cancelled);
  handle.cancel();
  calls->close("it is unloaded");
  const CallOutcome outcome = second->outcome.get_future().get();
  EXPECT_EQ(outcome.outcome, Outcome::Unavailable);
  const auto third = std::make_shared<End>();
  calls->begin(attempt(), bytes_, 0ms, tell(third));
  EXPECT_EQ(third->outcome.get_future().get().message, "nobody is there");
  EXPECT_EQ(first->told + second->told + third->told, 3);
}

TEST_F(WaitingCallsTest, MoreThanMayWaitAreAnsweredAtOnce) {
  const auto calls = waiting(1min);
  const auto any = std::make_shared<End>();
  for (std::size_t i = 0; i <= limits::kWaitingCallsMax; ++i)
    calls->begin(attempt(), {}, 0ms, tell(any));
  EXPECT_EQ(any->outcome.get_future().get().outcome, Outcome::Unavailable);
  calls->close("the end");
}

}  // namespace
}  // namespace arcella::host
