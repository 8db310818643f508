// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// std::mutex and std::condition_variable with the annotations that clang's thread-safety analysis
// needs. Locks are few: ARCHITECTURE.md lists each, and a new one needs a decision record.
#pragma once

#include <condition_variable>
#include <mutex>

#include "base/thread_annotations.h"

namespace arcella {

class ARCELLA_CAPABILITY("mutex") Mutex {
 public:
  void lock() ARCELLA_ACQUIRE() { mutex_.lock(); }
  void unlock() ARCELLA_RELEASE() { mutex_.unlock(); }

 private:
  friend class ConditionVariable;
  std::mutex mutex_;
};

// Holds a Mutex for a scope.
class ARCELLA_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ARCELLA_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() ARCELLA_RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

class ConditionVariable {
 public:
  // Wakes without reason too: call in `while (!condition)`, which, unlike a predicate, the analysis
  // can see into.
  void wait(Mutex& mutex) ARCELLA_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  void notify_one() noexcept { condition_.notify_one(); }
  void notify_all() noexcept { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace arcella
