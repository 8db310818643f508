// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The life of a worker process as a table, after s6-supervise: descriptors and signals become
// events, this table decides what is done, the supervisor does it.
#pragma once

#include <string_view>

namespace arcella::model {

enum class WorkerState {
  Down,      // no process, none wanted
  Starting,  // spawned, has not said hello
  Up,        // said hello, takes work
  Stopping,  // asked to stop; a deadline runs, or SIGKILL was sent when it had passed
  Killed,    // SIGKILL sent because it failed; waiting for the exit, then it is tried again
  Backoff,   // died; waiting before the next try
  Failed,    // died too often; needs a start by hand
};
enum class WorkerEvent {
  StartAsked,
  Hello,        // handshake done
  Exited,       // the process is gone (pidfd)
  ChannelLost,  // the control channel closed or spoke nonsense
  StopAsked,
  Deadline,  // the ready or stop deadline passed
  BackoffOver,
};
enum class WorkerAction {
  None,
  Spawn,
  AnnounceUp,
  SendStop,       // ask, arm the stop deadline
  Kill,           // SIGKILL
  ScheduleRetry,  // ask the restart policy: Backoff or Failed
  AnnounceDown,   // the stop that was asked is complete
};
inline constexpr int kWorkerStateCount = 7;
inline constexpr int kWorkerEventCount = 7;

struct WorkerStep {
  WorkerState next;
  WorkerAction action;
};
// ScheduleRetry: the state is Backoff until the restart policy has said that it is Failed.
// StartAsked means nothing while a worker stops: who wants it back asks again after AnnounceDown.
[[nodiscard]] WorkerStep step(WorkerState state, WorkerEvent event) noexcept;
[[nodiscard]] std::string_view to_string(WorkerState state) noexcept;

}  // namespace arcella::model
