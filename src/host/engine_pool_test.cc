// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "host/engine_pool.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <future>
#include <latch>
#include <set>
#include <thread>

#include "base/mutex.h"
#include "base/unique_fd.h"

namespace arcella::host {
namespace {

// The pool is the last to be made in each test: its threads use the rest until they are joined.
using namespace std::chrono_literals;

TEST(EnginePool, RunsWhatIsPostedNeverOnThePostingThread) {
  std::promise<std::thread::id> ran_on;
  EnginePool pool(2);
  pool.post([&] {
    EXPECT_TRUE(pool.is_current());
    ran_on.set_value(std::this_thread::get_id());
  });
  EXPECT_NE(ran_on.get_future().get(), std::this_thread::get_id());
  EXPECT_FALSE(pool.is_current());
}

TEST(EnginePool, WakesAsManyThreadsAsThereIsWork) {
  constexpr int kThreads = 4;
  std::latch all_at_once(kThreads);  // no work ends unless all run at the same time
  EnginePool pool(kThreads);
  for (int i = 0; i < kThreads; ++i) pool.post([&] { all_at_once.arrive_and_wait(); });
  all_at_once.wait();
}

TEST(EnginePool, HasAThreadMoreForEachThatIsHeld) {
  constexpr int kHeld = 3;  // of one
  std::latch all_at_once(kHeld + 1);
  EnginePool pool(1);
  for (int i = 0; i < kHeld; ++i) {
    pool.post([&] {
      pool.hold_thread(true);
      all_at_once.arrive_and_wait();
      pool.hold_thread(false);
    });
  }
  pool.post([&] { all_at_once.arrive_and_wait(); });
  all_at_once.wait();
  // Those that are not needed any more leave what is posted to the others.
  for (int i = 0; i < 100; ++i) {
    std::promise<void> ran;
    pool.post([&] { ran.set_value(); });
    ran.get_future().wait();
  }
}

TEST(EnginePool, RunsAllOfMuchWorkPostedByManyThreads) {
  constexpr int kPosters = 4;
  constexpr int kEach = 20'000;
  std::atomic<int> ran = 0;
  std::promise<void> all;
  EnginePool pool(2);
  std::vector<std::thread> posters;
  for (int i = 0; i < kPosters; ++i) {
    posters.emplace_back([&] {
      for (int k = 0; k < kEach; ++k) {
        pool.post([&] {
          if (++ran == kPosters * kEach) all.set_value();
        });
      }
    });
  }
  for (std::thread& poster : posters) poster.join();
  all.get_future().wait();
  EXPECT_EQ(ran, kPosters * kEach);
}

TEST(EnginePool, DropsWorkThatWasNotBegunAndJoins) {
  auto alive = std::make_shared<int>(0);
  {
    std::promise<void> begun;
    std::promise<void> go_on;
    EnginePool pool(1);
    pool.post([&, wait = go_on.get_future().share()] {
      begun.set_value();
      wait.wait();
    });
    begun.get_future().wait();
    pool.post([alive] {});
    go_on.set_value();
  }
  EXPECT_EQ(alive.use_count(), 1);
}

TEST(EnginePool, RunsTimersInTheOrderTheyAreDue) {
  std::vector<int> order;  // one thread runs them all
  std::promise<void> last;
  EnginePool pool(1);
  pool.post_after(30ms, [&] {
    order.push_back(3);
    last.set_value();
  });
  pool.post_after(10ms, [&] { order.push_back(2); });
  pool.post_after(0ms, [&] { order.push_back(1); });
  last.get_future().wait();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

class CountsRuns final : public EnginePool::Deferred {
 public:
  void run_deferred() override {
    if (++runs == 1) first.set_value();
  }
  std::atomic<int> runs = 0;
  std::promise<void> first;
};

TEST(EnginePool, RunsWhatWasDeferredOnceItHasNothingElseToDo) {
  auto deferred = std::make_shared<CountsRuns>();
  std::promise<int> runs_before_the_last;
  EnginePool pool(1);
  pool.post([&] {
    pool.post([&] { runs_before_the_last.set_value(deferred->runs); });
    pool.defer(deferred);
  });
  EXPECT_EQ(runs_before_the_last.get_future().get(), 0);
  deferred->first.get_future().wait();
  EXPECT_EQ(deferred->runs, 1);
}

TEST(EnginePool, RunsWhatWasDeferredThoughWorkNeverEnds) {
  auto deferred = std::make_shared<CountsRuns>();
  std::atomic<bool> stop = false;
  std::function<void()> spin;
  EnginePool pool(1);
  spin = [&] {
    if (!stop) pool.post(spin);
  };
  pool.post([&] {
    pool.defer(deferred);
    spin();
  });
  deferred->first.get_future().wait();
  stop = true;
}

TEST(EnginePool, AFreeThreadRunsWhatABusyOneHasDeferred) {
  auto deferred = std::make_shared<CountsRuns>();
  std::promise<void> over;
  EnginePool pool(2);
  pool.post([&] {
    pool.defer(deferred);
    pool.before_work(std::chrono::steady_clock::now());
    deferred->first.get_future().wait();  // a guest that goes on
    over.set_value();
  });
  over.get_future().wait();
}

TEST(EnginePool, LeavesNothingDeferredAtItsEnd) {
  auto deferred = std::make_shared<CountsRuns>();
  {
    std::promise<void> begun;
    std::promise<void> go_on;
    EnginePool pool(1);
    pool.post([&, wait = go_on.get_future().share()] {
      pool.defer(deferred);
      begun.set_value();
      wait.wait();
    });
    begun.get_future().wait();
    go_on.set_value();
  }
  EXPECT_EQ(deferred->runs, 1);
  EXPECT_EQ(deferred.use_count(), 1);
}

TEST(EnginePool, HandsAReadyDescriptorToASleepingThread) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  const UniqueFd near(ends[0]);
  const UniqueFd far(ends[1]);
  std::promise<char> got;
  EnginePool pool(2);
  ASSERT_TRUE(pool.watch(near.get(), [&](bool) {
    char byte = 0;
    if (::recv(near.get(), &byte, 1, MSG_DONTWAIT) == 1) got.set_value(byte);
  }));
  ASSERT_EQ(::write(far.get(), "x", 1), 1);
  EXPECT_EQ(got.get_future().get(), 'x');
}

TEST(EnginePool, LooksAtDescriptorsWhileGuestsKeepItBusy) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  const UniqueFd near(ends[0]);
  const UniqueFd far(ends[1]);
  std::atomic<bool> stop = false;
  std::promise<void> got;
  std::function<void()> spin;  // a guest that is always put off and posted again
  EnginePool pool(1);
  ASSERT_TRUE(pool.watch(near.get(), [&](bool) {
    char byte = 0;
    if (::recv(near.get(), &byte, 1, MSG_DONTWAIT) == 1) got.set_value();
  }));
  spin = [&] {
    if (!stop) pool.post(spin);
  };
  pool.post(spin);
  ASSERT_EQ(::write(far.get(), "x", 1), 1);
  got.get_future().wait();
  stop = true;
}

TEST(EnginePool, ReportsWhenASocketTakesBytesAgain) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  const UniqueFd near(ends[0]);
  const UniqueFd far(ends[1]);
  std::array<char, 4096> block{};
  while (::send(near.get(), block.data(), block.size(), MSG_DONTWAIT) > 0) {
  }
  std::atomic<bool> drained = false;
  std::promise<void> writable;
  EnginePool pool(1);
  ASSERT_TRUE(pool.watch(near.get(), [&](bool) {
    if (::send(near.get(), "x", 1, MSG_DONTWAIT) == 1 && !drained.exchange(true))
      writable.set_value();
  }));
  pool.set_interest(near.get(), EnginePool::Interest::ReadableAndWritable);
  while (::recv(far.get(), block.data(), block.size(), MSG_DONTWAIT) > 0) {
  }
  writable.get_future().wait();
}

}  // namespace
}  // namespace arcella::host
