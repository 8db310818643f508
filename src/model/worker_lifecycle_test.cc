// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/worker_lifecycle.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>

namespace arcella::model {
namespace {

using S = WorkerState;
using E = WorkerEvent;
using A = WorkerAction;

struct Cell {
  S state;
  E event;
  S next;
  A action;
};

// Written out once more, by hand, so that a slip in the table shows.
constexpr std::array<Cell, kWorkerStateCount * kWorkerEventCount> kCells{{
    {S::Down, E::StartAsked, S::Starting, A::Spawn},
    {S::Down, E::Hello, S::Down, A::None},
    {S::Down, E::Exited, S::Down, A::None},
    {S::Down, E::ChannelLost, S::Down, A::None},
    {S::Down, E::StopAsked, S::Down, A::None},
    {S::Down, E::Deadline, S::Down, A::None},
    {S::Down, E::BackoffOver, S::Down, A::None},
    {S::Starting, E::StartAsked, S::Starting, A::None},
    {S::Starting, E::Hello, S::Up, A::AnnounceUp},
    {S::Starting, E::Exited, S::Backoff, A::ScheduleRetry},
    {S::Starting, E::ChannelLost, S::Killed, A::Kill},
    {S::Starting, E::StopAsked, S::Stopping, A::SendStop},
    {S::Starting, E::Deadline, S::Killed, A::Kill},
    {S::Starting, E::BackoffOver, S::Starting, A::None},
    {S::Up, E::StartAsked, S::Up, A::None},
    {S::Up, E::Hello, S::Killed, A::Kill},
    {S::Up, E::Exited, S::Backoff, A::ScheduleRetry},
    {S::Up, E::ChannelLost, S::Killed, A::Kill},
    {S::Up, E::StopAsked, S::Stopping, A::SendStop},
    {S::Up, E::Deadline, S::Up, A::None},
    {S::Up, E::BackoffOver, S::Up, A::None},
    {S::Stopping, E::StartAsked, S::Stopping, A::None},
    {S::Stopping, E::Hello, S::Stopping, A::None},
    {S::Stopping, E::Exited, S::Down, A::AnnounceDown},
    {S::Stopping, E::ChannelLost, S::Stopping, A::None},
    {S::Stopping, E::StopAsked, S::Stopping, A::None},
    {S::Stopping, E::Deadline, S::Stopping, A::Kill},
    {S::Stopping, E::BackoffOver, S::Stopping, A::None},
    {S::Killed, E::StartAsked, S::Killed, A::None},
    {S::Killed, E::Hello, S::Killed, A::None},
    {S::Killed, E::Exited, S::Backoff, A::ScheduleRetry},
    {S::Killed, E::ChannelLost, S::Killed, A::None},
    {S::Killed, E::StopAsked, S::Stopping, A::None},
    {S::Killed, E::Deadline, S::Killed, A::None},
    {S::Killed, E::BackoffOver, S::Killed, A::None},
    {S::Backoff, E::StartAsked, S::Starting, A::Spawn},
    {S::Backoff, E::Hello, S::Backoff, A::None},
    {S::Backoff, E::Exited, S::Backoff, A::None},
    {S::Backoff, E::ChannelLost, S::Backoff, A::None},
    {S::Backoff, E::StopAsked, S::Down, A::AnnounceDown},
    {S::Backoff, E::Deadline, S::Backoff, A::None},
    {S::Backoff, E::BackoffOver, S::Starting, A::Spawn},
    {S::Failed, E::StartAsked, S::Starting, A::Spawn},
    {S::Failed, E::Hello, S::Failed, A::None},
    {S::Failed, E::Exited, S::Failed, A::None},
    {S::Failed, E::ChannelLost, S::Failed, A::None},
    {S::Failed, E::StopAsked, S::Down, A::AnnounceDown},
    {S::Failed, E::Deadline, S::Failed, A::None},
    {S::Failed, E::BackoffOver, S::Failed, A::None},
}};

TEST(WorkerLifecycle, EveryCellIsAsDecided) {
  std::array<std::array<bool, kWorkerEventCount>, kWorkerStateCount> seen{};
  for (const Cell& cell : kCells) {
    WorkerStep result = step(cell.state, cell.event);
    EXPECT_EQ(result.next, cell.next)
        << to_string(cell.state) << " by " << static_cast<int>(cell.event);
    EXPECT_EQ(result.action, cell.action)
        << to_string(cell.state) << " by " << static_cast<int>(cell.event);
    seen[static_cast<std::size_t>(cell.state)][static_cast<std::size_t>(cell.event)] = true;
  }
  for (const auto& row : seen) {
    for (bool cell : row) EXPECT_TRUE(cell);
  }
}

TEST(WorkerLifecycle, ASpawnIsFollowedToItsEnd) {
  // Whatever happened, a process that was spawned is waited for: only Exited leaves the states that
  // have one.
  for (S state : {S::Starting, S::Up, S::Stopping, S::Killed}) {
    for (int event = 0; event < kWorkerEventCount; ++event) {
      if (static_cast<E>(event) == E::Exited) continue;
      S after = step(state, static_cast<E>(event)).next;
      EXPECT_TRUE(after == S::Starting || after == S::Up || after == S::Stopping ||
                  after == S::Killed);
    }
  }
}

TEST(WorkerLifecycle, OnlyStatesWithoutAProcessSpawn) {
  for (int state = 0; state < kWorkerStateCount; ++state) {
    for (int event = 0; event < kWorkerEventCount; ++event) {
      if (step(static_cast<S>(state), static_cast<E>(event)).action != A::Spawn) continue;
      EXPECT_TRUE(static_cast<S>(state) == S::Down || static_cast<S>(state) == S::Backoff ||
                  static_cast<S>(state) == S::Failed);
    }
  }
}

}  // namespace
}  // namespace arcella::model
