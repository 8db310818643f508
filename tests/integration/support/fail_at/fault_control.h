// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What the test and the library that it preloads into the daemon share: one page of memory, a file
// named by ARCELLA_FAULTS. The test says which fault comes at which call, and reads how many calls
// there were.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace arcella::integration {

enum class Fault : std::int32_t {
  None,
  DiskFull,       // ENOSPC from the N-th call on, of those that may need space in the home
  InputOutput,    // EIO from the N-th call, and from no other, of those that change the home
  NoDescriptors,  // EMFILE from the N-th call of those that make a descriptor
  ShortWrite,     // the N-th write to the home writes half of it
};

struct FaultControl {
  std::array<char, 1024> home;            // faults are for what lies beneath it
  std::atomic<Fault> fault{Fault::None};  // set last: None switches everything off
  std::atomic<std::int64_t> at{0};        // N, from 1
  std::atomic<std::int64_t> calls{0};     // that the chosen fault is for
  std::atomic<std::int64_t> faults{0};    // that were made
};
static_assert(std::atomic<Fault>::is_always_lock_free, "it is shared by two processes");

}  // namespace arcella::integration
