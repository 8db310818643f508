// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "host/replica.h"

namespace arcella::host {

void LiveGuests::add() {
  const MutexLock lock(mutex_);
  ++count_;
}

void LiveGuests::remove() {
  const MutexLock lock(mutex_);
  if (--count_ == 0) none_.notify_all();
}

void LiveGuests::wait_until_none() {
  const MutexLock lock(mutex_);
  while (count_ > 0) none_.wait(mutex_);
}

std::shared_ptr<Replica> make_replica(EnginePool& pool, std::shared_ptr<LiveGuests> guests,
                                      HostListener& listener, model::InstanceId id,
                                      std::shared_ptr<const engine::InstancePre> pre) {
  auto replica =
      std::make_unique<Replica>(std::move(guests), listener, std::move(id), std::move(pre));
  return {replica.release(),
          [&pool](Replica* last) { pool.post([owned = std::shared_ptr<Replica>(last)] {}); }};
}

}  // namespace arcella::host
