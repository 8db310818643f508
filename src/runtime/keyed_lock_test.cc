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
