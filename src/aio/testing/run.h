// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <utility>

#include "aio/loop.h"
#include "aio/task.h"

namespace arcella::aio::testing {

inline Task<bool> then_true(Task<> task) {
  co_await std::move(task);
  co_return true;
}

// Runs a test's coroutine to its end. In there only EXPECT_... can be used: ASSERT_... returns.
inline void run(Loop& loop, Task<> task) {
  loop.run(then_true(std::move(task)));
}

}  // namespace arcella::aio::testing
