// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "host/outgoing_calls.h"

#include "base/limits.h"

namespace arcella::host {

std::uint64_t OutgoingCalls::request_of(std::uint32_t index) const {
  return std::uint64_t{slots_[index].generation} << 32U | index;
}

std::uint64_t OutgoingCalls::add(engine::CallDone& done, MonotonicTime give_up) {
  const MutexLock lock(mutex_);
  if (free_.empty()) {
    if (slots_.size() >= static_cast<std::size_t>(limits::kDataInFlightMax)) return 0;
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t index = free_.back();
  free_.pop_back();
  slots_[index].done = std::move(done);
  slots_[index].give_up = give_up;
  return request_of(index);
}

engine::CallDone OutgoingCalls::release(std::uint32_t index) {
  Slot& slot = slots_[index];
  engine::CallDone done = std::exchange(slot.done, {});
  if (++slot.generation == 0) slot.generation = 1;
  free_.push_back(index);
  return done;
}

engine::CallDone OutgoingCalls::take(std::uint64_t request) {
  const auto index = static_cast<std::uint32_t>(request);
  const MutexLock lock(mutex_);
  if (index >= slots_.size() || !slots_[index].done || request_of(index) != request) return {};
  return release(index);
}

std::vector<engine::CallDone> OutgoingCalls::take_all() {
  std::vector<engine::CallDone> all;
  const MutexLock lock(mutex_);
  for (std::uint32_t index = 0; index < slots_.size(); ++index) {
    if (slots_[index].done) all.push_back(release(index));
  }
  return all;
}

std::vector<OutgoingCalls::Due> OutgoingCalls::take_due(MonotonicTime now) {
  std::vector<Due> due;
  const MutexLock lock(mutex_);
  for (std::uint32_t index = 0; index < slots_.size(); ++index) {
    if (!slots_[index].done || slots_[index].give_up > now) continue;
    const std::uint64_t request = request_of(index);
    due.push_back({request, release(index)});
  }
  return due;
}

int OutgoingCalls::count() const {
  const MutexLock lock(mutex_);
  return static_cast<int>(slots_.size() - free_.size());
}

}  // namespace arcella::host
