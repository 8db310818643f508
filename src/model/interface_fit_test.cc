// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/interface_fit.h"

#include <gtest/gtest.h>

namespace arcella::model {
namespace {

using Lines = std::vector<std::string>;

constexpr const char* kAdd = "add: func(a: u32, b: u32) -> u32";

TEST(InterfaceFit, NothingIsMissedInItself) {
  const InterfaceItem ops{"demo:calc/ops@1.0.0", {kAdd, "zero: func() -> u32"}};
  EXPECT_EQ(misfits(ops, ops), Lines());
}

TEST(InterfaceFit, WhatIsBeyondIsNoLossNorIsAnotherOrder) {
  EXPECT_EQ(misfits({"demo:calc/ops@1.0.0", {kAdd}},
                    {"demo:calc/ops@1.1.0", {"zero: func() -> u32", kAdd}}),
            Lines());
}

TEST(InterfaceFit, NamesWhatIsMissingAndWhatDiffers) {
  EXPECT_EQ(misfits({"demo:calc/ops@1.0.0", {kAdd, "half: func(x: f32) -> f32"}},
                    {"demo:calc/ops@1.0.0", {"add: func(a: u64, b: u64) -> u64"}}),
            (Lines{"'add: func(a: u64, b: u64) -> u64' instead of "
                   "'add: func(a: u32, b: u32) -> u32'",
                   "'half: func(x: f32) -> f32' is missing"}));
}

}  // namespace
}  // namespace arcella::model
