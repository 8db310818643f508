// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/instance_lifecycle.h"

#include <array>
#include <cstddef>

namespace arcella::model {
namespace {

using Cell = std::optional<InstanceState>;
using Row = std::array<Cell, kInstanceEventCount>;

constexpr Cell kIgnored = std::nullopt;
constexpr Cell kReady = InstanceState::Ready;
constexpr Cell kStopping = InstanceState::Stopping;
constexpr Cell kStopped = InstanceState::Stopped;
constexpr Cell kCompleted = InstanceState::Completed;
constexpr Cell kFailed = InstanceState::Failed;

// An `Ended` that nobody asked for is a failure: taken for a stop it would be started again at
// once, without hold-off, as often as a hostile worker says so. However a replica ends that was
// asked to stop: it is stopped. The last three states have no process behind them: what still comes
// is late and changes nothing, but a stop by hand clears a failure.
constexpr std::array<Row, kInstanceStateCount> kTable{{
    //              Started   StopAsked  Ended     EndedWell   Crashed
    /* Starting  */ {kReady, kStopping, kFailed, kCompleted, kFailed},
    /* Ready     */ {kIgnored, kStopping, kFailed, kCompleted, kFailed},
    /* Stopping  */ {kIgnored, kIgnored, kStopped, kStopped, kStopped},
    /* Stopped   */ {kIgnored, kIgnored, kIgnored, kIgnored, kIgnored},
    /* Completed */ {kIgnored, kIgnored, kIgnored, kIgnored, kIgnored},
    /* Failed    */ {kIgnored, kStopped, kIgnored, kIgnored, kIgnored},
}};

constexpr std::array<std::string_view, kInstanceStateCount> kNames{
    "starting", "ready", "stopping", "stopped", "completed", "failed"};

}  // namespace

std::string_view to_string(InstanceState state) noexcept {
  return kNames[static_cast<std::size_t>(state)];
}

std::optional<InstanceState> instance_state_from(std::string_view text) noexcept {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == text) return static_cast<InstanceState>(i);
  }
  return std::nullopt;
}

std::optional<InstanceState> next(InstanceState state, InstanceEvent event) noexcept {
  return kTable[static_cast<std::size_t>(state)][static_cast<std::size_t>(event)];
}

}  // namespace arcella::model
