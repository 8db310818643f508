// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/event.h"

#include <array>

namespace arcella::model {
namespace {

// Indexed by EventKind.
constexpr std::array<std::string_view, kEventKindCount> kNames{
    "daemon-started",
    "daemon-stopping",
    "component-installed",
    "component-removed",
    "deployment-deployed",
    "deployment-started",
    "deployment-stopped",
    "deployment-scaled",
    "deployment-updated",
    "deployment-rolled-back",
    "deployment-undeployed",
    "deployment-given-up",
    "instance-ready",
    "instance-failed",
    "instance-restarted",
    "instance-completed",
    "worker-up",
    "worker-down",
    "worker-backoff",
    "worker-failed",
    "operation-failed",
};

}  // namespace

std::string_view to_string(EventKind kind) noexcept {
  return kNames[static_cast<std::size_t>(kind)];
}

std::optional<EventKind> event_kind_from(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<EventKind>(i);
  }
  return std::nullopt;
}

bool is_about(const Event& event, std::string_view deployment) noexcept {
  const std::string_view subject = event.subject;
  if (!subject.starts_with(deployment)) return false;
  return subject.size() == deployment.size() || subject[deployment.size()] == '/';
}

}  // namespace arcella::model
