// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "aio/task_scope.h"

#include <gtest/gtest.h>

#include "aio/await.h"
#include "aio/testing/run.h"

namespace arcella::aio {
namespace {

Task<> set_flag(bool& flag) {
  flag = true;
  co_return;
}

Task<> wait_for_ever(Loop& loop, int& cancelled) {
  Event never(loop.executor());
  auto first = co_await never.wait();
  auto second = co_await sleep_for(std::chrono::hours(1));
  if (!first.has_value() && first.error().code() == ErrorCode::Cancelled) ++cancelled;
  if (!second.has_value() && second.error().code() == ErrorCode::Cancelled) ++cancelled;
}

Task<> joins(Loop& loop) {
  TaskScope scope(loop.executor());
  bool ran = false;
  EXPECT_TRUE(scope.spawn(set_flag(ran)));
  EXPECT_EQ(scope.size(), 1U);
  co_await scope.join();
  EXPECT_TRUE(ran);
  EXPECT_EQ(scope.size(), 0U);
  EXPECT_TRUE(scope.spawn(set_flag(ran))) << "join() alone does not close";
  co_await scope.join();
}
TEST(TaskScope, JoinWaitsForEveryTask) {
  Loop loop;
  testing::run(loop, joins(loop));
}

Task<> cancels(Loop& loop) {
  TaskScope scope(loop.executor());
  int cancelled = 0;
  scope.spawn(wait_for_ever(loop, cancelled));
  scope.spawn(wait_for_ever(loop, cancelled));
  co_await yield();
  scope.cancel();
  bool ran = false;
  EXPECT_FALSE(scope.spawn(set_flag(ran)));
  co_await scope.join();
  EXPECT_EQ(cancelled, 4) << "every operation after the first is cancelled too";
  EXPECT_FALSE(ran);
}
TEST(TaskScope, CancelEndsTheTasksAndRefusesNewOnes) {
  Loop loop;
  testing::run(loop, cancels(loop));
}

Task<> cancels_unstarted(Loop& loop) {
  TaskScope scope(loop.executor());
  int cancelled = 0;
  scope.spawn(wait_for_ever(loop, cancelled));
  scope.cancel();
  co_await scope.join();
  EXPECT_EQ(cancelled, 2);
}
TEST(TaskScope, ATaskThatHasNotBegunIsCancelledToo) {
  Loop loop;
  testing::run(loop, cancels_unstarted(loop));
}

Task<> join_others(TaskScope& others, bool& joined) {
  co_await others.join();
  joined = true;
}
Task<> set_after_turns(Event& event) {
  for (int i = 0; i < 3; ++i) co_await yield();
  event.set();
}
Task<> wait_uncancelled(Event& event) {
  co_await event.wait_uncancelled();
}

Task<> join_when_cancelled(Loop& loop) {
  TaskScope outer(loop.executor());
  TaskScope inner(loop.executor());
  Event event(loop.executor());
  bool joined = false;
  inner.spawn(wait_uncancelled(event));
  outer.spawn(join_others(inner, joined));
  co_await yield();
  outer.cancel();
  co_await yield();
  EXPECT_FALSE(joined);
  inner.spawn(set_after_turns(event));
  co_await outer.join();
  EXPECT_TRUE(joined);
  EXPECT_EQ(inner.size(), 0U);
}
TEST(TaskScope, JoinWaitsAlsoWhenItsCallerIsCancelled) {
  Loop loop;
  testing::run(loop, join_when_cancelled(loop));
}

TEST(TaskScopeDeathTest, DiesWithTasksUnjoined) {
  EXPECT_DEATH(
      {
        Loop loop;
        TaskScope scope(loop.executor());
        bool flag = false;
        scope.spawn(set_flag(flag));
      },
      "join");
}

}  // namespace
}  // namespace arcella::aio
