// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <utility>

namespace arcella {
namespace {

UniqueFd open_null() {
  return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}
bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

TEST(UniqueFd, ClosesWhenItGoes) {
  int number = -1;
  {
    UniqueFd fd = open_null();
    number = fd.get();
    ASSERT_TRUE(fd.valid());
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(UniqueFd, MovingGivesTheDescriptorAway) {
  UniqueFd first = open_null();
  int number = first.get();
  UniqueFd second = std::move(first);
  EXPECT_FALSE(first.valid());  // NOLINT(bugprone-use-after-move): the moved-from state is part of
                                // the contract
  EXPECT_EQ(second.get(), number);
  UniqueFd third = open_null();
  int replaced = third.get();
  third = std::move(second);
  EXPECT_EQ(third.get(), number);
  EXPECT_FALSE(is_open(replaced));
}

TEST(UniqueFd, ReleaseLeavesItOpen) {
  UniqueFd fd = open_null();
  UniqueFd again(fd.release());
  EXPECT_FALSE(fd.valid());
  EXPECT_TRUE(is_open(again.get()));
}

TEST(UniqueFd, ADuplicateLivesOnAndIsCloseOnExec) {
  UniqueFd fd = open_null();
  auto copy = fd.duplicate();
  ASSERT_TRUE(copy.has_value());
  EXPECT_NE(copy->get(), fd.get());
  EXPECT_NE(::fcntl(copy->get(), F_GETFD) & FD_CLOEXEC, 0);
  fd.reset();
  EXPECT_TRUE(is_open(copy->get()));
}

TEST(UniqueFd, NothingCannotBeDuplicated) {
  EXPECT_FALSE(UniqueFd().duplicate().has_value());
}

}  // namespace
}  // namespace arcella
