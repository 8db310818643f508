// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "host/least_busy.h"

#include <algorithm>

#include "base/check.h"

namespace arcella::host {

void LeastBusy::insert(Load& candidate) {
  const auto calls = static_cast<std::size_t>(candidate.calls);
  if (calls >= by_calls_.size()) by_calls_.resize(calls + 1);
  candidate.place = by_calls_[calls].size();
  by_calls_[calls].push_back(&candidate);
  lowest_ = size_ == 0 ? calls : std::min(lowest_, calls);
  ++size_;
}

void LeastBusy::take_out(Load& candidate) {
  std::vector<Load*>& list = by_calls_[static_cast<std::size_t>(candidate.calls)];
  Load* last = list.back();
  list[candidate.place] = last;
  last->place = candidate.place;
  list.pop_back();
  candidate.place = Load::kNowhere;
  --size_;
  // Constant in the long run: it climbs no more steps than insert() let it fall.
  while (size_ > 0 && by_calls_[lowest_].empty()) ++lowest_;
}

void LeastBusy::add(Load& candidate) {
  ARCELLA_CHECK(candidate.place == Load::kNowhere, "a candidate is added once");
  insert(candidate);
}

void LeastBusy::remove(Load& candidate) {
  if (candidate.place != Load::kNowhere) take_out(candidate);
}

Load* LeastBusy::choose() const {
  return size_ == 0 ? nullptr : by_calls_[lowest_].back();
}

void LeastBusy::begin(Load& candidate) {
  const bool listed = candidate.place != Load::kNowhere;
  if (listed) take_out(candidate);
  ++candidate.calls;
  if (listed) insert(candidate);
}

void LeastBusy::end(Load& candidate) {
  ARCELLA_CHECK(candidate.calls > 0, "a call ends once");
  const bool listed = candidate.place != Load::kNowhere;
  if (listed) take_out(candidate);
  --candidate.calls;
  if (listed) insert(candidate);
}

}  // namespace arcella::host
