// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "aio/loop.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <memory>

#include "aio/await.h"
#include "aio/event.h"
#include "aio/testing/run.h"
#include "aio/unix_socket.h"

namespace arcella::aio {
namespace {

Task<std::unique_ptr<int>> seven() {
  co_await yield();
  co_return std::make_unique<int>(7);
}

TEST(Loop, RunsATaskAndGivesItsValueAgainAndAgain) {
  Loop loop;
  EXPECT_EQ(*loop.run(seven()), 7);
  EXPECT_EQ(*loop.run(seven()), 7);
}

Task<> until_set(Event& event) {
  co_await event.wait_uncancelled();
}

TEST(Loop, CallsTheHandlerForEachSignal) {
  Loop loop;
  Event event(loop.executor());
  int count = 0;
  loop.on_signals({SIGUSR1, SIGUSR2}, [&](int signal) {
    ++count;
    if (signal == SIGUSR2) event.set();
    if (signal == SIGUSR1) std::raise(SIGUSR2);
  });
  std::raise(SIGUSR1);
  testing::run(loop, until_set(event));
  EXPECT_EQ(count, 2);
}

TEST(Loop, AWriteToAClosedPeerIsAnErrorOnly) {
  ignore_broken_pipes();
  auto pair = socket_pair();
  ASSERT_TRUE(pair.has_value());
  pair->second.reset();
  EXPECT_EQ(::write(pair->first.get(), "x", 1), -1);
}

}  // namespace
}  // namespace arcella::aio
