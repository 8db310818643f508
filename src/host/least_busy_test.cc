// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "host/least_busy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

namespace arcella::host {
namespace {

TEST(LeastBusy, HasNoneToChooseWhenEmpty) {
  LeastBusy choice;
  EXPECT_EQ(choice.choose(), nullptr);
  Load only;
  choice.add(only);
  EXPECT_EQ(choice.choose(), &only);
  choice.remove(only);
  EXPECT_EQ(choice.choose(), nullptr);
  choice.remove(only);
  EXPECT_EQ(choice.size(), 0U);
}

TEST(LeastBusy, SpreadsCallsEvenly) {
  LeastBusy choice;
  std::array<Load, 7> loads;
  for (Load& load : loads) choice.add(load);
  for (int call = 0; call < 21; ++call) choice.begin(*choice.choose());
  for (const Load& load : loads) EXPECT_EQ(load.calls, 3);
}

TEST(LeastBusy, TakesTheOneThatWasFreedLast) {
  LeastBusy choice;
  std::array<Load, 3> loads;
  for (Load& load : loads) choice.add(load);
  for (Load& load : loads) choice.begin(load);
  choice.end(loads[2]);
  choice.end(loads[0]);
  EXPECT_EQ(choice.choose(), &loads[0]);
}

TEST(LeastBusy, CountsTheCallsOfARemovedCandidate) {
  LeastBusy choice;
  Load load;
  choice.add(load);
  choice.begin(load);
  choice.remove(load);
  choice.begin(load);
  choice.end(load);
  EXPECT_EQ(load.calls, 1);
  choice.end(load);
  EXPECT_EQ(load.calls, 0);
  EXPECT_EQ(choice.choose(), nullptr);
}

TEST(LeastBusy, AlwaysChoosesAMinimumUnderRandomUse) {
  LeastBusy choice;
  std::array<Load, 20> loads;
  std::mt19937 random(7);
  for (int step = 0; step < 100'000; ++step) {
    Load& load = loads[random() % loads.size()];
    const bool listed = load.place != Load::kNowhere;
    switch (random() % 5) {
      case 0:
        listed ? choice.remove(load) : choice.add(load);
        break;
      case 1:
        if (load.calls > 0) choice.end(load);
        break;
      case 2:
        choice.begin(load);
        break;
      default:
        if (Load* chosen = choice.choose()) {
          const auto smallest = std::ranges::min_element(loads, {}, [](const Load& each) {
            return each.place == Load::kNowhere ? 1 << 30 : each.calls;
          });
          ASSERT_EQ(chosen->calls, smallest->calls);
          if (random() % 2 == 0) choice.begin(*chosen);
        } else {
          ASSERT_EQ(choice.size(), 0U);
        }
    }
  }
}

}  // namespace
}  // namespace arcella::host
