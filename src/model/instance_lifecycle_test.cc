// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/instance_lifecycle.h"

#include <gtest/gtest.h>

#include <array>

namespace arcella::model {
namespace {

using S = InstanceState;
using E = InstanceEvent;

struct Cell {
  S state;
  E event;
  std::optional<S> next;
};

constexpr std::nullopt_t kIgnored = std::nullopt;

// Written out once more, by hand, so that a slip in the table shows.
const std::array<Cell, kInstanceStateCount * kInstanceEventCount> kCells{{
    {S::Starting, E::Started, S::Ready},    {S::Starting, E::StopAsked, S::Stopping},
    {S::Starting, E::Ended, S::Failed},     {S::Starting, E::EndedWell, S::Completed},
    {S::Starting, E::Crashed, S::Failed},   {S::Ready, E::Started, kIgnored},
    {S::Ready, E::StopAsked, S::Stopping},  {S::Ready, E::Ended, S::Failed},
    {S::Ready, E::EndedWell, S::Completed}, {S::Ready, E::Crashed, S::Failed},
    {S::Stopping, E::Started, kIgnored},    {S::Stopping, E::StopAsked, kIgnored},
    {S::Stopping, E::Ended, S::Stopped},    {S::Stopping, E::EndedWell, S::Stopped},
    {S::Stopping, E::Crashed, S::Stopped},  {S::Stopped, E::Started, kIgnored},
    {S::Stopped, E::StopAsked, kIgnored},   {S::Stopped, E::Ended, kIgnored},
    {S::Stopped, E::EndedWell, kIgnored},   {S::Stopped, E::Crashed, kIgnored},
    {S::Completed, E::Started, kIgnored},   {S::Completed, E::StopAsked, kIgnored},
    {S::Completed, E::Ended, kIgnored},     {S::Completed, E::EndedWell, kIgnored},
    {S::Completed, E::Crashed, kIgnored},   {S::Failed, E::Started, kIgnored},
    {S::Failed, E::StopAsked, S::Stopped},  {S::Failed, E::Ended, kIgnored},
    {S::Failed, E::EndedWell, kIgnored},    {S::Failed, E::Crashed, kIgnored},
}};

TEST(InstanceLifecycle, EveryCellIsAsDecided) {
  std::array<std::array<bool, kInstanceEventCount>, kInstanceStateCount> seen{};
  for (const Cell& cell : kCells) {
    EXPECT_EQ(next(cell.state, cell.event), cell.next)
        << to_string(cell.state) << " by event " << static_cast<int>(cell.event);
    seen[static_cast<std::size_t>(cell.state)][static_cast<std::size_t>(cell.event)] = true;
  }
  for (const auto& row : seen) {
    for (bool cell : row) EXPECT_TRUE(cell);
  }
}

TEST(InstanceLifecycle, AStateIsReadBackFromItsName) {
  for (int i = 0; i < kInstanceStateCount; ++i) {
    auto state = static_cast<S>(i);
    EXPECT_EQ(instance_state_from(to_string(state)), state);
  }
  EXPECT_EQ(instance_state_from("dead"), std::nullopt);
}

}  // namespace
}  // namespace arcella::model
