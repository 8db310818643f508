// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/replacement.h"

#include <gtest/gtest.h>

namespace arcella::model {
namespace {

using Lines = std::vector<std::string>;

Component exporting(std::vector<InterfaceItem> exports) {
  Component component{.id = ComponentId::parse("calc@1.0.0").value()};
  component.exports = std::move(exports);
  return component;
}

TEST(Replacement, TheSameExportsLoseNothing) {
  Component calc = exporting({{"demo:calc/ops@1.0.0", {"add: func(a: u32, b: u32) -> u32"}}});
  EXPECT_EQ(lost_exports(calc, calc), Lines());
}

TEST(Replacement, WhatIsNewIsNoLoss) {
  Component before = exporting({{"demo:calc/ops@1.0.0", {"add: func(a: u32, b: u32) -> u32"}}});
  Component after = exporting(
      {{"demo:calc/more@1.0.0", {}},
       {"demo:calc/ops@1.0.0", {"zero: func() -> u32", "add: func(a: u32, b: u32) -> u32"}}});
  EXPECT_EQ(lost_exports(before, after), Lines());
}

TEST(Replacement, NamesWhatIsGoneAndWhatDiffers) {
  Component before = exporting({{"demo:calc/ops@1.0.0",
                                 {"add: func(a: u32, b: u32) -> u32", "half: func(x: f32) -> f32",
                                  "[method]sum.add: func(self: borrow<sum>, x: s64) -> s64"}},
                                {"demo:calc/extra@1.0.0", {}},
                                {"greet", {"greet: func()"}}});
  Component after = exporting({{"demo:calc/ops@1.0.0",
                                {"add: func(a: u64, b: u64) -> u64",
                                 "[method]sum.add: func(self: borrow<sum>, x: s64) -> s64"}}});
  EXPECT_EQ(lost_exports(before, after),
            (Lines{"demo:calc/ops@1.0.0: 'add: func(a: u64, b: u64) -> u64' instead of "
                   "'add: func(a: u32, b: u32) -> u32'",
                   "demo:calc/ops@1.0.0: 'half: func(x: f32) -> f32' is missing",
                   "demo:calc/extra@1.0.0 is gone", "greet is gone"}));
}

TEST(Replacement, ALaterVersionOfTheSameTrackStandsIn) {
  Component before = exporting({{"demo:calc/ops@1.1.0", {"add: func()"}}});
  EXPECT_EQ(lost_exports(before, exporting({{"demo:calc/ops@1.2.0", {"add: func()"}}})), Lines());
  EXPECT_EQ(lost_exports(before, exporting({{"demo:calc/ops@1.2.0", {}}})),
            Lines{"demo:calc/ops@1.1.0: 'add: func()' is missing"});
  for (const char* other : {"demo:calc/ops@1.0.0", "demo:calc/ops@2.0.0", "demo:calc/ops"}) {
    EXPECT_EQ(lost_exports(before, exporting({{other, {"add: func()"}}})),
              Lines{"demo:calc/ops@1.1.0 is gone"})
        << other;
  }
}

TEST(Replacement, TheVersionOfWasiIsTheToolchains) {
  Component before = exporting({{"wasi:cli/run@0.2.12", {"run: func() -> result"}},
                                {"wasi:http/incoming-handler@0.2.12", {"handle: func()"}}});
  EXPECT_EQ(lost_exports(before, exporting({})), Lines());
}

}  // namespace
}  // namespace arcella::model
