// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/mutex.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace arcella {
namespace {

class Counter {
 public:
  void increment() {
    MutexLock lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  int wait_for(int count) {
    MutexLock lock(mutex_);
    while (count_ < count) changed_.wait(mutex_);
    return count_;
  }

 private:
  Mutex mutex_;
  ConditionVariable changed_;
  int count_ ARCELLA_GUARDED_BY(mutex_) = 0;
};

TEST(Mutex, NoIncrementIsLostAndAWaiterIsWoken) {
  Counter counter;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&counter] {
      for (int n = 0; n < 1000; ++n) counter.increment();
    });
  }
  EXPECT_EQ(counter.wait_for(4000), 4000);
}

}  // namespace
}  // namespace arcella
