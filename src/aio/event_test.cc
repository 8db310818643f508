// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "aio/event.h"

#include <gtest/gtest.h>

#include "aio/await.h"
#include "aio/task_scope.h"
#include "aio/testing/run.h"

namespace arcella::aio {
namespace {

Task<> count_when_woken(Event& event, int& count) {
  auto woken = co_await event.wait();
  if (woken.has_value()) ++count;
}

Task<> set_wakes(Loop& loop) {
  Event event(loop.executor());
  TaskScope scope(loop.executor());
  int count = 0;
  scope.spawn(count_when_woken(event, count));
  scope.spawn(count_when_woken(event, count));
  co_await yield();
  EXPECT_EQ(count, 0);
  event.set();
  co_await scope.join();
  EXPECT_EQ(count, 2);
  auto late = co_await event.wait();
  EXPECT_TRUE(late.has_value());
  event.reset();
  EXPECT_FALSE(event.is_set());
}
TEST(Event, SetWakesAllWhoWaitAndAllWhoComeLater) {
  Loop loop;
  testing::run(loop, set_wakes(loop));
}

Task<> notify_wakes(Loop& loop) {
  Event event(loop.executor());
  TaskScope scope(loop.executor());
  int count = 0;
  event.notify();  // nobody waits: forgotten
  scope.spawn(count_when_woken(event, count));
  co_await yield();
  co_await yield();
  EXPECT_EQ(count, 0);
  event.notify();
  co_await scope.join();
  EXPECT_EQ(count, 1);
}
TEST(Event, NotifyWakesOnlyThoseWhoWait) {
  Loop loop;
  testing::run(loop, notify_wakes(loop));
}

Task<> cancelled_waiter(Loop& loop) {
  Event event(loop.executor());
  TaskScope scope(loop.executor());
  int count = 0;
  scope.spawn(count_when_woken(event, count));
  co_await yield();
  scope.cancel();
  co_await scope.join();
  EXPECT_EQ(count, 0);
}
TEST(Event, ACancelledWaiterGoesAway) {
  Loop loop;
  testing::run(loop, cancelled_waiter(loop));
}

}  // namespace
}  // namespace arcella::aio
