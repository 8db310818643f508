// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The life of one replica as a table: every state by every event, each cell decided; "ignored" is
// written out.
#pragma once

#include <optional>
#include <string_view>

namespace arcella::model {

enum class InstanceState {
  Starting,   // asked for; not ready yet
  Ready,      // serves
  Stopping,   // drains
  Stopped,    // gone as asked
  Completed,  // a command that ended with status 0
  Failed,     // ended on its own: trap, exit status, lost worker
};
enum class InstanceEvent { Started, StopAsked, Ended, EndedWell, Crashed };
inline constexpr int kInstanceStateCount = 6;
inline constexpr int kInstanceEventCount = 5;

[[nodiscard]] std::string_view to_string(InstanceState state) noexcept;  // "starting", "ready", ...
[[nodiscard]] std::optional<InstanceState> instance_state_from(std::string_view text) noexcept;

// The state after `event`; nullopt: the event means nothing in this state and is ignored.
[[nodiscard]] std::optional<InstanceState> next(InstanceState state, InstanceEvent event) noexcept;

}  // namespace arcella::model
