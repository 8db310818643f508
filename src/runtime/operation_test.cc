// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/operation.h"

#include <gtest/gtest.h>

#include <optional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace arcella::runtime {
namespace {

// Waits for `ready`, passes the point, waits for `go`.
aio::Task<Result<int>> work(aio::Event& ready, aio::Event& go, PointOfNoReturn& point) {
  ARCELLA_CO_TRY_VOID(co_await ready.wait());
  ARCELLA_CO_TRY_VOID(co_await point.pass());
  ARCELLA_CO_TRY_VOID(co_await go.wait());
  co_return 42;
}

aio::Task<void> run(aio::TaskScope& operations, aio::Event& ready, aio::Event& go,
                    PointOfNoReturn& point, std::optional<Result<int>>& result) {
  auto working = work(ready, go, point);
  result = co_await cancellable(operations, std::move(working), &point);
}

// An operation of the daemon, and its client.
struct TakingBack : ::testing::Test {
  void SetUp() override {
    client.spawn(run(operations, ready, go, point, result));
    turn();
  }
  void turn() {
    io.restart();
    io.poll();
  }
  boost::asio::io_context io;
  aio::Event ready{io.get_executor()};
  aio::Event go{io.get_executor()};
  PointOfNoReturn point;
  std::optional<Result<int>> result;
  aio::TaskScope operations{io.get_executor()};
  aio::TaskScope client{io.get_executor()};
};

TEST_F(TakingBack, EndsWhatHasNotBegun) {
  client.cancel();
  turn();
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->error().code(), ErrorCode::Cancelled);
  EXPECT_FALSE(point.passed());
}

TEST_F(TakingBack, IsNoticedAtThePointOfNoReturn) {
  client.cancel();
  // In the same moment: when it is told, it does not wait any more.
  boost::asio::post(io, [this] { ready.set(); });
  turn();
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->error().code(), ErrorCode::Cancelled);
  EXPECT_FALSE(point.passed());
}

TEST_F(TakingBack, ComesTooLateForWhatHasBegun) {
  ready.set();
  turn();
  EXPECT_TRUE(point.passed());
  client.cancel();
  turn();
  EXPECT_FALSE(result.has_value()) << "it goes on, and whoever asked is told how it ends";
  go.set();
  turn();
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(**result, 42);
}

TEST_F(TakingBack, TheEndOfTheDaemonEndsAlsoWhatHasBegun) {
  ready.set();
  turn();
  operations.cancel();
  turn();
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->error().code(), ErrorCode::Cancelled);
}

}  // namespace
}  // namespace arcella::runtime
