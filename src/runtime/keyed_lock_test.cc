// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/keyed_lock.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "aio/task_scope.h"

namespace arcella::runtime {
namespace {

using Guards = std::vector<std::optional<KeyedLock::Guard>>;

aio::Task<void> take(KeyedLock& lock, KeyedLock::Keys keys,
                     std::optional<KeyedLock::Guard>& guard) {
  auto acquired = co_await lock.acquire(std::move(keys));
  if (acquired.has_value()) guard.emplace(std::move(*acquired));
}

TEST(KeyedLock, LetsTheNextInWhenTheKeysAreFree) {
  boost::asio::io_context io;
  KeyedLock lock(io.get_executor());
  aio::TaskScope scope(io.get_executor());
  Guards guards(3);
  scope.spawn(take(lock, {"a"}, guards[0]));
  scope.spawn(take(lock, {"a", "b"}, guards[1]));
  scope.spawn(take(lock, {"c"}, guards[2]));
  io.poll();
  EXPECT_TRUE(guards[0].has_value());
  EXPECT_FALSE(guards[1].has_value());
  EXPECT_TRUE(guards[2].has_value());
  guards[0].reset();
  io.restart();
  io.poll();
  EXPECT_TRUE(guards[1].has_value());
}

aio::Task<void> take_current(KeyedLock& lock, KeyedLock::KeysNow keys_now,
                             std::optional<KeyedLock::Guard>& guard) {
  auto acquired = co_await lock.acquire_current(std::move(keys_now));
  if (acquired.has_value()) guard.emplace(std::move(*acquired));
}

TEST(KeyedLock, HoldsTheKeysThatAreNeededWhenTheWaitIsOver) {
  boost::asio::io_context io;
  KeyedLock lock(io.get_executor());
  aio::TaskScope scope(io.get_executor());
  Guards guards(4);
  KeyedLock::Keys needed{"a"};
  scope.spawn(take(lock, {"a"}, guards[0]));
  scope.spawn(take(lock, {"b"}, guards[1]));
  scope.spawn(take_current(lock, [&needed] { return Result<KeyedLock::Keys>(needed); }, guards[2]));
  io.poll();
  needed = {"a", "b"};
  guards[0].reset();
  io.restart();
  io.poll();
  EXPECT_FALSE(guards[2].has_value()) << "another has b";
  scope.spawn(take(lock, {"a"}, guards[3]));
  io.restart();
  io.poll();
  EXPECT_TRUE(guards[3].has_value()) << "what is no longer enough is not held";
  guards[1].reset();
  guards[3].reset();
  io.restart();
  io.poll();
  EXPECT_TRUE(guards[2].has_value());
  scope.spawn(take(lock, {"b"}, guards[1]));
  io.restart();
  io.poll();
  EXPECT_FALSE(guards[1].has_value()) << "the new key is held too";
  guards[2].reset();
  io.restart();
  io.poll();
  EXPECT_TRUE(guards[1].has_value());
}

TEST(KeyedLock, HoldsNothingOnceItsKeysCannotBeSaid) {
  boost::asio::io_context io;
  KeyedLock lock(io.get_executor());
  aio::TaskScope scope(io.get_executor());
  Guards guards(3);
  bool is_gone = false;
  scope.spawn(take(lock, {"a"}, guards[0]));
  scope.spawn(take_current(
      lock,
      [&is_gone]() -> Result<KeyedLock::Keys> {
        if (is_gone) return fail(ErrorCode::NotFound, "gone");
        return KeyedLock::Keys{"a"};
      },
      guards[1]));
  io.poll();
  is_gone = true;
  guards[0].reset();
  io.restart();
  io.poll();
  EXPECT_FALSE(guards[1].has_value());
  EXPECT_EQ(scope.size(), 0U);
  scope.spawn(take(lock, {"a"}, guards[2]));
  io.restart();
  io.poll();
  EXPECT_TRUE(guards[2].has_value());
}

TEST(KeyedLock, AWaiterThatIsCancelledHoldsNothing) {
  boost::asio::io_context io;
  KeyedLock lock(io.get_executor());
  aio::TaskScope scope(io.get_executor());
  Guards guards(2);
  scope.spawn(take(lock, {"a"}, guards[0]));
  scope.spawn(take(lock, {"a"}, guards[1]));
  io.poll();
  scope.cancel();
  io.restart();
  io.poll();
  EXPECT_EQ(scope.size(), 0U);
  EXPECT_FALSE(guards[1].has_value());
}

}  // namespace
}  // namespace arcella::runtime
