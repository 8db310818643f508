// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "ipc/handshake.h"

#include <gtest/gtest.h>

namespace arcella::ipc {
namespace {

TEST(Handshake, TakesOnlyTheSameProtocolFromTheRightProcess) {
  EXPECT_TRUE(check_hello({kProtocolVersion, 4711, "f"}, 4711).has_value());
  EXPECT_EQ(check_hello({kProtocolVersion + 1, 4711, "f"}, 4711).error().code(),
            ErrorCode::Conflict);
  EXPECT_EQ(check_hello({kProtocolVersion, 4712, "f"}, 4711).error().code(),
            ErrorCode::InvalidRequest);
}

}  // namespace
}  // namespace arcella::ipc
