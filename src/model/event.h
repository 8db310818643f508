// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What happened on the platform, for people who ask afterwards: one line each, with the reason. An
// event is history and nothing more: no decision is taken from one. The names are part of ALME
// (docs/alme-protocol.md, `events`) and of the file that keeps them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace arcella::model {

// To add a kind: its line here, its name in event.cc, its row in docs/alme-protocol.md.
enum class EventKind {
  DaemonStarted,
  DaemonStopping,
  ComponentInstalled,
  ComponentRemoved,
  DeploymentDeployed,  // new, or with another spec
  DeploymentStarted,   // all replicas are ready
  DeploymentStopped,   // as asked
  DeploymentScaled,
  DeploymentUpdated,     // runs another version of its component
  DeploymentRolledBack,  // runs the version before again
  DeploymentUndeployed,
  DeploymentGivenUp,  // died too often; stays down until it is started by hand
  InstanceReady,
  InstanceFailed,
  InstanceRestarted,  // is started again after a failure
  InstanceCompleted,  // a command that ended well
  WorkerUp,
  WorkerDown,       // stopped as asked
  WorkerBackoff,    // died; is started again by itself
  WorkerFailed,     // died too often
  OperationFailed,  // what somebody asked for, and why it did not happen
};
inline constexpr int kEventKindCount = static_cast<int>(EventKind::OperationFailed) + 1;

[[nodiscard]] std::string_view to_string(EventKind kind) noexcept;
[[nodiscard]] std::optional<EventKind> event_kind_from(std::string_view name) noexcept;

struct Event {
  std::int64_t time_ms = 0;  // since the epoch
  EventKind kind = EventKind::DaemonStarted;
  // What it happened to: `calc@1.0.0`, `web`, `web/3`, `web/0..999` (replicas 0 to 999, when many
  // change at once), `worker math`, `daemon`, or the path or name that a failed operation was
  // given.
  std::string subject;
  std::string message;  // why, one line; may be empty
  friend bool operator==(const Event&, const Event&) = default;
};

struct EventTail {
  std::vector<Event> events;  // oldest first
  std::uint64_t dropped = 0;  // that were there once and are kept no longer
};

// Of a deployment: of itself or of its replicas.
[[nodiscard]] bool is_about(const Event& event, std::string_view deployment) noexcept;

}  // namespace arcella::model
