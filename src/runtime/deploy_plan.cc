// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/deploy_plan.h"

#include <algorithm>
#include <limits>
#include <set>
#include <type_traits>
#include <utility>

#include "model/plan_ahead.h"

namespace arcella::runtime {
namespace {

// A revision that nothing is of yet.
constexpr std::uint64_t kNewRevision = std::numeric_limits<std::uint64_t>::max();

void apply(const Registry& registry, const model::Deployment& changed,
           model::Situation& situation) {
  const DeploymentRecord* record = registry.find(changed.spec.id);
  const ComponentRecord* component = registry.find(changed.spec.component);
  if (record == nullptr || component == nullptr) return;
  for (model::DesiredDeployment& desired : situation.desired) {
    if (desired.id != changed.spec.id) continue;
    desired.place = place_of(changed);
    desired.replicas = changed.spec.replicas;
    desired.needs = registry.needs_of(changed);
    if (!runs_alike(record->deployment, changed)) desired.revision = kNewRevision;
    desired.may_load = true;
    desired.held.clear();
  }
}

// What becomes of a deployment that is there and differs.
void compare(const model::Deployment& before, const model::Deployment& after,
             model::PlannedChange& entry) {
  const int from = before.spec.replicas;
  const int to = after.spec.replicas;
  if (!runs_alike(before, after)) {
    entry.change = "replace";
    return;
  }
  if (from == to) {
    entry.change = "adjust";
    return;
  }
  entry.change = "scale";
  entry.scaled = model::PlannedChange::Replicas{from, to};
}

// Is the action about the deployment, or about a worker of one of the groups?
bool concerns(const model::Action& action, const model::DeploymentId& id,
              const std::set<model::GroupName>& groups) {
  return std::visit(
      [&](const auto& what) {
        using What = std::remove_cvref_t<decltype(what)>;
        if constexpr (std::is_same_v<What, model::EnsureWorker> ||
                      std::is_same_v<What, model::StopWorker>) {
          return groups.contains(what.group);
        } else {
          return what.deployment == id;
        }
      },
      action);
}

}  // namespace

std::vector<model::PlannedChange> planned_changes(const Registry& registry,
                                                  model::Situation situation,
                                                  const std::vector<model::DeploymentId>& asked,
                                                  const std::vector<model::Deployment>& changed) {
  for (const model::Deployment& deployment : changed) apply(registry, deployment, situation);
  const std::vector<model::Action> actions = model::plan_ahead(std::move(situation));
  std::vector<model::PlannedChange> plan;
  for (const model::DeploymentId& id : asked) {
    auto differs = std::find_if(
        changed.begin(), changed.end(),
        [&id](const model::Deployment& deployment) { return deployment.spec.id == id; });
    const DeploymentRecord* record = registry.find(id);
    model::PlannedChange& entry =
        plan.emplace_back(model::PlannedChange{id.str(), "unchanged", {}});
    if (differs == changed.end()) continue;
    if (record == nullptr) {
      entry.change = "create";
      continue;
    }
    compare(record->deployment, *differs, entry);
    if (record->desired != model::Desired::Running) continue;
    std::set<model::GroupName> groups;
    for (const model::Place& place : {place_of(record->deployment), place_of(*differs)}) {
      if (place) groups.insert(*place);
    }
    for (const model::Action& action : actions) {
      if (concerns(action, id, groups)) entry.actions.push_back(model::to_string(action));
    }
  }
  return plan;
}

}  // namespace arcella::runtime
