// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/restart_policy.h"

#include <gtest/gtest.h>

#include "base/testing/fake_clock.h"

namespace arcella::model {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class RestartPolicy : public ::testing::Test {
 protected:
  RestartDecision die(RestartTracker& tracker) { return tracker.on_death(clock_.monotonic_now()); }
  testing::FakeClock clock_;
};

TEST_F(RestartPolicy, DoublesTheDelay) {
  RestartTracker tracker({5, seconds(10), milliseconds(100), true});
  for (int expected : {100, 200, 400, 800, 1600}) {
    RestartDecision decision = die(tracker);
    EXPECT_FALSE(decision.give_up);
    EXPECT_EQ(decision.delay, milliseconds(expected));
  }
  EXPECT_EQ(tracker.total(), 5);
}

TEST_F(RestartPolicy, GivesUpWhenIntensityIsExceeded) {
  RestartTracker tracker({2, seconds(10), milliseconds(100), true});
  EXPECT_FALSE(die(tracker).give_up);
  EXPECT_FALSE(die(tracker).give_up);
  EXPECT_TRUE(die(tracker).give_up);
  EXPECT_EQ(tracker.total(), 2);
}

TEST_F(RestartPolicy, ForgetsDeathsThatAreOlderThanTheInterval) {
  RestartTracker tracker({2, seconds(10), milliseconds(100), true});
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(die(tracker).give_up);
    clock_.advance(seconds(5));
  }
  EXPECT_EQ(tracker.total(), 20);
}

TEST_F(RestartPolicy, AllowsNothingWithoutAttempts) {
  RestartTracker tracker({0, seconds(10), milliseconds(100), true});
  EXPECT_TRUE(die(tracker).give_up);
}

TEST_F(RestartPolicy, InDelayModeWaitsOutTheIntervalAndGoesOn) {
  RestartTracker tracker({2, seconds(10), milliseconds(100), false});
  EXPECT_EQ(die(tracker).delay, milliseconds(100));
  clock_.advance(seconds(1));
  EXPECT_EQ(die(tracker).delay, milliseconds(200));
  clock_.advance(seconds(1));
  RestartDecision decision = die(tracker);
  EXPECT_FALSE(decision.give_up);
  EXPECT_EQ(decision.delay, seconds(8));
}

TEST_F(RestartPolicy, BoundsTheDelay) {
  RestartTracker tracker({1000, seconds(86'400), milliseconds(100), true});
  RestartDecision decision;
  for (int i = 0; i < 500; ++i) decision = die(tracker);
  EXPECT_EQ(decision.delay, limits::kRestartDelayMax);
}

TEST_F(RestartPolicy, AStartByHandForgetsThePast) {
  RestartTracker tracker({1, seconds(10), milliseconds(100), true});
  EXPECT_FALSE(die(tracker).give_up);
  tracker.reset();
  EXPECT_FALSE(die(tracker).give_up);
  EXPECT_TRUE(die(tracker).give_up);
  EXPECT_EQ(tracker.total(), 2);
}

TEST_F(RestartPolicy, WithoutADelayRestartsAtOnce) {
  RestartTracker tracker({5, seconds(10), milliseconds(0), true});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(die(tracker).delay, milliseconds(0));
}

}  // namespace
}  // namespace arcella::model
