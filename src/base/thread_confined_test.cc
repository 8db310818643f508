// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/thread_confined.h"

#include <gtest/gtest.h>

#include <thread>

namespace arcella {
namespace {

TEST(ThreadConfined, LetsTheOwnerIn) {
  ThreadConfined confined;
  confined.check();
}

TEST(ThreadConfined, FollowsAHandOver) {
  ThreadConfined confined;
  std::jthread([&confined] {
    confined.adopt();
    confined.check();
  });
}

TEST(ThreadConfinedDeathTest, KillsACallFromAnotherThread) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        ThreadConfined confined;
        std::jthread([&confined] { confined.check(); });
      },
      "called from a thread that does not own the object");
}

}  // namespace
}  // namespace arcella
