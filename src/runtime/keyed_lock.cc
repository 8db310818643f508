// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/keyed_lock.h"

#include <algorithm>

namespace arcella::runtime {

aio::Task<Result<KeyedLock::Guard>> KeyedLock::acquire(Keys keys) {
  while (any_held(keys)) {
    ARCELLA_CO_TRY_VOID(co_await released_.wait());
  }
  held_.insert(keys.begin(), keys.end());
  co_return Guard(*this, std::move(keys));
}

aio::Task<Result<KeyedLock::Guard>> KeyedLock::acquire_current(KeysNow keys_now) {
  while (true) {
    ARCELLA_CO_TRY(const Keys keys, keys_now());
    ARCELLA_CO_TRY(Guard guard, co_await acquire(keys));
    ARCELLA_CO_TRY(const Keys needed, keys_now());
    if (needed == keys) co_return guard;
  }
}

bool KeyedLock::any_held(const Keys& keys) const {
  return std::any_of(keys.begin(), keys.end(),
                     [this](const std::string& key) { return held_.contains(key); });
}

void KeyedLock::release(const Keys& keys) {
  for (const std::string& key : keys) held_.erase(key);
  released_.notify();
}

}  // namespace arcella::runtime
