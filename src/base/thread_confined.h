// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <thread>

#include "base/check.h"

namespace arcella {

// A member of an object that belongs to one thread: check() at its entries turns a call from
// another thread, a data race that a test may never meet, into a certain death. On in release
// builds: it compares one word.
class ThreadConfined {
 public:
  // The owner is the thread that constructs.
  ThreadConfined() = default;

  void check() const {
    ARCELLA_CHECK(owner_ == std::this_thread::get_id(),
                  "called from a thread that does not own the object");
  }
  // The calling thread becomes the owner: for an object that is built in main and handed over
  // before its thread runs.
  void adopt() { owner_ = std::this_thread::get_id(); }

 private:
  std::thread::id owner_ = std::this_thread::get_id();
};

}  // namespace arcella
