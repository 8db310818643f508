// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// One operation at a time per component and per deployment. Not a lock of threads: everything is on
// the control thread, but an operation waits in the middle, and the next one must not see what it
// has half done.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <utility>

#include <boost/asio/any_io_executor.hpp>

#include "aio/task.h"
#include "base/result.h"
#include "model/ids.h"
#include "runtime/change_signal.h"

namespace arcella::runtime {

// Owner: the runtime; outlives the guards.  Thread: control.
class KeyedLock {
 public:
  using Keys = std::set<std::string>;
  // The keys that an operation needs, as the registry is at the moment.
  using KeysNow = std::function<Result<Keys>()>;

  // Holds its keys until it is destroyed.
  class Guard {
   public:
    Guard(KeyedLock& lock, Keys keys) : lock_(&lock), keys_(std::move(keys)) {}
    Guard(Guard&& other) noexcept
        : lock_(std::exchange(other.lock_, nullptr)), keys_(std::move(other.keys_)) {}
    Guard& operator=(Guard&&) = delete;
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    ~Guard() {
      if (lock_ != nullptr) lock_->release(keys_);
    }

   private:
    KeyedLock* lock_;
    Keys keys_;
  };

  explicit KeyedLock(boost::asio::any_io_executor executor) : released_(std::move(executor)) {}

  [[nodiscard]] static std::string key(const model::DeploymentId& id) {
    return "deployment " + id.str();
  }
  [[nodiscard]] static std::string key(const model::ComponentId& id) {
    return "component " + id.str();
  }

  // All keys at once, so that two operations cannot wait for each other. No deadline: every
  // operation that holds one has its own. Cancelled.
  aio::Task<Result<Guard>> acquire(Keys keys);
  // For keys that another operation may change while this waits: asks again once it holds them, and
  // begins anew until it holds what is needed now. The errors of `keys_now` too.
  aio::Task<Result<Guard>> acquire_current(KeysNow keys_now);

 private:
  [[nodiscard]] bool any_held(const Keys& keys) const;
  void release(const Keys& keys);

  Keys held_;
  ChangeSignal released_;
};

}  // namespace arcella::runtime
