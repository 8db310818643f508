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

TEST(InterfaceFit, OfFunctionsWithShapesTheseDecide) {
  const InterfaceItem points{
      "i", {"f: func(a: point)"}, {"func(a: record { x: u32 })"}, {{"point", "1", "1"}}};
  const InterfaceItem pixels{"i", {"f: func(a: pixel)"}, {"func(a: record { x: u32 })"}};
  EXPECT_EQ(misfits(points, pixels), Lines());
  const InterfaceItem others{
      "i", {"f: func(a: point)"}, {"func(a: record { x: u64 })"}, {{"point", "2", "2"}}};
  EXPECT_EQ(misfits(points, others),
            Lines{"function 'f': parameter 'a': type 'point' is '2' instead of '1'"});
}

TEST(InterfaceFit, WhereShapesAreNotKnownSignaturesDecide) {
  const InterfaceItem older{"i", {"f: func(a: point)"}};
  const InterfaceItem newer{"i", {"f: func(a: point)"}, {"func(a: u32)"}};
  const InterfaceItem renamed{"i", {"f: func(a: pixel)"}, {"func(a: u32)"}};
  EXPECT_EQ(misfits(older, newer), Lines());
  EXPECT_EQ(misfits(newer, older), Lines());
  EXPECT_EQ(misfits(older, renamed), Lines{"'f: func(a: pixel)' instead of 'f: func(a: point)'"});
}

}  // namespace
}  // namespace arcella::model
