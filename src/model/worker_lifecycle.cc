// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/worker_lifecycle.h"

#include <array>
#include <cstddef>

namespace arcella::model {
namespace {

using S = WorkerState;
using A = WorkerAction;
using Row = std::array<WorkerStep, kWorkerEventCount>;

// In the order of WorkerEvent. `{same state, None}` is: ignored. A process that is gone can still
// be heard of (a message read late, a timer that had fired), so the states without a process ignore
// what only a process can do.
constexpr std::array<Row, kWorkerStateCount> kTable{{
    // Down
    {{
        {S::Starting, A::Spawn},  // StartAsked
        {S::Down, A::None},       // Hello
        {S::Down, A::None},       // Exited
        {S::Down, A::None},       // ChannelLost
        {S::Down, A::None},       // StopAsked
        {S::Down, A::None},       // Deadline
        {S::Down, A::None},       // BackoffOver
    }},
    // Starting
    {{
        {S::Starting, A::None},          // StartAsked: it is on its way
        {S::Up, A::AnnounceUp},          // Hello
        {S::Backoff, A::ScheduleRetry},  // Exited
        {S::Killed, A::Kill},            // ChannelLost
        {S::Stopping, A::SendStop},      // StopAsked: it reads that after its hello
        {S::Killed, A::Kill},            // Deadline: never said hello
        {S::Starting, A::None},          // BackoffOver
    }},
    // Up
    {{
        {S::Up, A::None},                // StartAsked
        {S::Killed, A::Kill},            // Hello: twice is nonsense
        {S::Backoff, A::ScheduleRetry},  // Exited
        {S::Killed, A::Kill},        // ChannelLost: alive or not, it can no longer be told anything
        {S::Stopping, A::SendStop},  // StopAsked
        {S::Up, A::None},            // Deadline: fired while the hello was on its way
        {S::Up, A::None},            // BackoffOver
    }},
    // Stopping
    {{
        {S::Stopping, A::None},      // StartAsked: asked again after AnnounceDown
        {S::Stopping, A::None},      // Hello: was on its way when the stop was asked
        {S::Down, A::AnnounceDown},  // Exited
        {S::Stopping, A::None},      // ChannelLost: it closes it on its way out
        {S::Stopping, A::None},      // StopAsked
        {S::Stopping, A::Kill},      // Deadline
        {S::Stopping, A::None},      // BackoffOver
    }},
    // Killed
    {{
        {S::Killed, A::None},            // StartAsked: it is tried again anyway
        {S::Killed, A::None},            // Hello
        {S::Backoff, A::ScheduleRetry},  // Exited
        {S::Killed, A::None},            // ChannelLost
        {S::Stopping,
         A::None},             // StopAsked: the kill does for the stop, and nothing is tried again
        {S::Killed, A::None},  // Deadline
        {S::Killed, A::None},  // BackoffOver
    }},
    // Backoff
    {{
        {S::Starting, A::Spawn},     // StartAsked: a start by hand does not wait
        {S::Backoff, A::None},       // Hello
        {S::Backoff, A::None},       // Exited
        {S::Backoff, A::None},       // ChannelLost
        {S::Down, A::AnnounceDown},  // StopAsked
        {S::Backoff, A::None},       // Deadline
        {S::Starting, A::Spawn},     // BackoffOver
    }},
    // Failed
    {{
        {S::Starting, A::Spawn},     // StartAsked: by hand
        {S::Failed, A::None},        // Hello
        {S::Failed, A::None},        // Exited
        {S::Failed, A::None},        // ChannelLost
        {S::Down, A::AnnounceDown},  // StopAsked
        {S::Failed, A::None},        // Deadline
        {S::Failed, A::None},        // BackoffOver
    }},
}};

constexpr std::array<std::string_view, kWorkerStateCount> kNames{
    "down", "starting", "up", "stopping", "killed", "backoff", "failed"};

}  // namespace

WorkerStep step(WorkerState state, WorkerEvent event) noexcept {
  return kTable[static_cast<std::size_t>(state)][static_cast<std::size_t>(event)];
}

std::string_view to_string(WorkerState state) noexcept {
  return kNames[static_cast<std::size_t>(state)];
}

}  // namespace arcella::model
