// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Which of many replicas takes the next call: exactly the least busy one, in constant time with 10
// or 10,000 of them. The candidates lie in one list per number of calls; a call moves its replica
// one list up and its end one list down.
#pragma once

#include <cstddef>
#include <vector>

namespace arcella::host {

// What a candidate carries. Belongs to one LeastBusy at most.
struct Load {
  int calls = 0;
  static constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);
  std::size_t place = kNowhere;  // in its list
};

// Refers to candidates that others own.  Not thread-safe.
class LeastBusy {
 public:
  void add(Load& candidate);
  void remove(Load& candidate);  // no-op when it is not in; its calls go on to be counted
  // nullptr: there is none. Of several it takes the one that was freed last: its memory is in the
  // cache.
  [[nodiscard]] Load* choose() const;
  void begin(Load& candidate);
  void end(Load& candidate);
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  void insert(Load& candidate);
  void take_out(Load& candidate);

  std::vector<std::vector<Load*>> by_calls_;
  std::size_t lowest_ = 0;  // no list below it has a candidate
  std::size_t size_ = 0;
};

}  // namespace arcella::host
