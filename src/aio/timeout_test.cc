// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "aio/timeout.h"

#include <gtest/gtest.h>

#include <string>

#include "aio/event.h"
#include "aio/task_scope.h"
#include "aio/testing/run.h"

namespace arcella::aio {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

// A move-only result without a default constructor.
struct Prize {
  explicit Prize(int number) : value(std::make_unique<int>(number)) {}
  std::unique_ptr<int> value;
};

Task<Result<Prize>> win(int number) {
  co_await yield();
  co_return Prize(number);
}
Task<Result<void>> fail_with(ErrorCode code) {
  co_await yield();
  co_return fail(code, "as asked");
}

Task<> in_time() {
  auto prize = co_await with_timeout(hours(1), win(7));
  EXPECT_TRUE(prize.has_value());
  EXPECT_EQ(*prize->value, 7);
  auto failure = co_await with_timeout(hours(1), fail_with(ErrorCode::NotFound));
  EXPECT_EQ(failure.error().code(), ErrorCode::NotFound);
}
TEST(WithTimeout, GivesTheResultOfATaskThatIsInTime) {
  Loop loop;
  testing::run(loop, in_time());
}

Task<> too_late(Loop& loop) {
  Event never(loop.executor());
  auto result = co_await with_timeout(milliseconds(1), never.wait());
  EXPECT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code(), ErrorCode::DeadlineExceeded);
  EXPECT_EQ(result.error().message(), "not finished within 1 ms");
}
TEST(WithTimeout, CancelsATaskThatIsTooLate) {
  Loop loop;
  testing::run(loop, too_late(loop));
}

Task<Result<int>> stubborn(Event& event) {
  auto ignored = co_await event.wait();
  co_return ignored.has_value() ? 1 : 2;
}
Task<> succeeds_all_the_same(Loop& loop) {
  Event never(loop.executor());
  auto result = co_await with_timeout(milliseconds(1), stubborn(never));
  EXPECT_EQ(result.value_or(0), 2);
}
TEST(WithTimeout, ATaskThatSucceedsAfterItsDeadlineHasSucceeded) {
  Loop loop;
  testing::run(loop, succeeds_all_the_same(loop));
}

Task<> wait_with_timeout(Loop& loop, ErrorCode& code) {
  Event never(loop.executor());
  auto result = co_await with_timeout(hours(1), never.wait());
  code = result.has_value() ? ErrorCode::Internal : result.error().code();
}
Task<> outer_cancellation(Loop& loop) {
  TaskScope scope(loop.executor());
  ErrorCode code = ErrorCode::Internal;
  scope.spawn(wait_with_timeout(loop, code));
  for (int i = 0; i < 5; ++i) co_await yield();
  scope.cancel();
  co_await scope.join();
  EXPECT_EQ(code, ErrorCode::Cancelled);
}
TEST(WithTimeout, PassesACancellationOn) {
  Loop loop;
  testing::run(loop, outer_cancellation(loop));
}

Task<Result<void>> nested(Loop& loop) {
  Event never(loop.executor());
  co_return co_await with_timeout(hours(1), never.wait());
}
Task<> nested_timeouts(Loop& loop) {
  auto result = co_await with_timeout(milliseconds(1), nested(loop));
  EXPECT_EQ(result.error().code(), ErrorCode::DeadlineExceeded);
}
TEST(WithTimeout, TheOuterOfTwoHoldsToo) {
  Loop loop;
  testing::run(loop, nested_timeouts(loop));
}

}  // namespace
}  // namespace arcella::aio
