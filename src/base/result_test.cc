// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace arcella {
namespace {

Result<std::unique_ptr<int>> make(int value) {
  if (value < 0) return fail(ErrorCode::InvalidParams, "negative");
  return std::make_unique<int>(value);
}

Result<void> check_even(int value) {
  if (value % 2 != 0) return fail(ErrorCode::Conflict, "odd");
  return {};
}

Result<int> sum_of_evens(int a, int b) {
  ARCELLA_TRY(auto first, make(a));
  ARCELLA_TRY(auto second, make(b));
  ARCELLA_TRY_VOID(check_even(*first));
  ARCELLA_TRY_VOID(check_even(*second));
  return *first + *second;
}

TEST(Result, TryDeclaresTheValueAlsoWhenItOnlyMoves) {
  auto sum = sum_of_evens(20, 22);
  ASSERT_TRUE(sum.has_value());
  EXPECT_EQ(*sum, 42);
}

TEST(Result, TryReturnsTheFirstError) {
  EXPECT_EQ(sum_of_evens(-1, 1).error().code(), ErrorCode::InvalidParams);
  EXPECT_EQ(sum_of_evens(2, 1).error().code(), ErrorCode::Conflict);
  EXPECT_EQ(sum_of_evens(2, 1).error().message(), "odd");
}

}  // namespace
}  // namespace arcella
