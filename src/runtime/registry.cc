// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/registry.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "base/text.h"

namespace arcella::runtime {
namespace {

template <class Map>
std::string nearest_in(const Map& map, std::string_view word) {
  std::vector<std::string_view> names;
  for (const auto& [id, record] : map) names.push_back(id.str());
  return did_you_mean(word, names);
}

}  // namespace

void Registry::add(ComponentRecord record) {
  model::ComponentId id = record.component.id;
  components_.insert_or_assign(std::move(id), std::move(record));
}

void Registry::remove(const model::ComponentId& id) {
  components_.erase(id);
}

const ComponentRecord* Registry::find(const model::ComponentId& id) const {
  auto found = components_.find(id);
  return found == components_.end() ? nullptr : &found->second;
}

Result<const ComponentRecord*> Registry::find_component(std::string_view id_or_name) const {
  std::vector<std::string> versions;
  const ComponentRecord* named = nullptr;
  for (const auto& [id, record] : components_) {
    if (id.str() == id_or_name) return &record;
    if (id.name() != id_or_name) continue;
    versions.push_back(id.str());
    named = &record;
  }
  if (versions.size() == 1) return named;
  std::string word = inert(id_or_name);
  if (versions.empty()) {
    return fail(ErrorCode::NotFound,
                "no component '" + word + "' is installed" + nearest_in(components_, id_or_name));
  }
  return fail(ErrorCode::Conflict,
              "'" + word + "' is several components: say which of " + join(versions, ", "));
}

std::vector<std::string> Registry::deployments_of(const model::ComponentId& id) const {
  std::vector<std::string> result;
  for (const auto& [deployment, record] : deployments_) {
    if (record.deployment.spec.component == id) result.push_back(deployment.str());
  }
  return result;
}

std::vector<model::DeploymentId> Registry::made_of(const model::ComponentId& id) const {
  std::vector<model::DeploymentId> result;
  for (const auto& [deployment, record] : deployments_) {
    const std::vector<model::ComponentId>& fused = record.deployment.fused;
    const bool composed = std::find(fused.begin(), fused.end(), id) != fused.end();
    if (composed || record.deployment.spec.component == id) result.push_back(deployment);
  }
  return result;
}

std::vector<std::string> Registry::forget_previous(const model::ComponentId& id) {
  std::vector<std::string> result;
  for (auto& [deployment, record] : deployments_) {
    if (!record.previous || record.previous->spec.component != id) continue;
    record.previous.reset();
    result.push_back(deployment.str());
  }
  return result;
}

DeploymentRecord& Registry::put(model::Deployment deployment) {
  const ComponentRecord* component = find(deployment.spec.component);
  ARCELLA_CHECK(component != nullptr, "the store keeps the component of a deployment");
  model::DeploymentId id = deployment.spec.id;
  auto found = deployments_.find(id);
  bool other = found == deployments_.end() || !runs_alike(found->second.deployment, deployment);
  if (found == deployments_.end()) {
    found = deployments_
                .emplace(std::piecewise_construct, std::forward_as_tuple(id),
                         std::forward_as_tuple(std::move(deployment)))
                .first;
    found->second.slot = next_slot_++;
  } else {
    found->second.deployment = std::move(deployment);
    found->second.tracker = model::RestartTracker(found->second.deployment.spec.restart);
  }
  DeploymentRecord& record = found->second;
  if (other) record.revision = next_revision_++;
  record.kind = component->component.kind;
  record.needs = needs_of(record.deployment);
  auto replicas = static_cast<std::size_t>(record.deployment.spec.replicas);
  // Fewer only when nothing lives in the ones that go: a running deployment shrinks as its replicas
  // end.
  if (replicas > record.instances.size() || !any_alive(record)) record.instances.resize(replicas);
  return record;
}

void Registry::remove(const model::DeploymentId& id) {
  deployments_.erase(id);
}

DeploymentRecord* Registry::find(const model::DeploymentId& id) {
  auto found = deployments_.find(id);
  return found == deployments_.end() ? nullptr : &found->second;
}

const DeploymentRecord* Registry::find(const model::DeploymentId& id) const {
  auto found = deployments_.find(id);
  return found == deployments_.end() ? nullptr : &found->second;
}

Result<const DeploymentRecord*> Registry::find_deployment(std::string_view id) const {
  auto parsed = model::DeploymentId::parse(id);
  if (parsed.has_value()) {
    if (const DeploymentRecord* record = find(*parsed)) return record;
  }
  return fail(ErrorCode::NotFound,
              "no deployment '" + inert(id) + "'" + nearest_in(deployments_, id));
}

Result<DeploymentRecord*> Registry::find_deployment(std::string_view id) {
  ARCELLA_TRY(const DeploymentRecord* found, std::as_const(*this).find_deployment(id));
  return find(found->deployment.spec.id);
}

model::WorkerTraits Registry::needs_of(const model::Deployment& deployment) const {
  model::WorkerTraits needs;
  needs.fuel = deployment.policy.fuel.has_value();
  auto add = [this, &needs](const model::ComponentId& id) {
    const ComponentRecord* part = find(id);
    if (part != nullptr) needs.concurrency = needs.concurrency || part->component.needs_concurrency;
  };
  add(deployment.spec.component);
  for (const model::ComponentId& id : deployment.fused) add(id);
  return needs;
}

model::WorkerTraits Registry::main_needs() const {
  model::WorkerTraits needs;
  for (const auto& [id, record] : deployments_) {
    bool runs_in_main = record.desired == model::Desired::Running && !place_of(record.deployment);
    if (runs_in_main) needs = model::either(needs, record.needs);
  }
  return needs;
}

model::Place place_of(const model::Deployment& deployment) {
  return deployment.policy.isolation == model::Isolation::Main ? model::Place()
                                                               : deployment.spec.group;
}

bool is_alive(model::InstanceState state) noexcept {
  return state == model::InstanceState::Starting || state == model::InstanceState::Ready ||
         state == model::InstanceState::Stopping;
}

int count_in(const DeploymentRecord& record, model::InstanceState state) {
  return static_cast<int>(
      std::count_if(record.instances.begin(), record.instances.end(),
                    [state](const InstanceRecord& instance) { return instance.state == state; }));
}

int count_up(const DeploymentRecord& record) {
  return count_in(record, model::InstanceState::Ready) +
         count_in(record, model::InstanceState::Completed);
}

bool any_alive(const DeploymentRecord& record) {
  return std::any_of(record.instances.begin(), record.instances.end(),
                     [](const InstanceRecord& instance) { return is_alive(instance.state); });
}

bool occupies_a_process(const DeploymentRecord& record) {
  return record.loaded || any_alive(record);
}

bool runs_alike(const model::Deployment& before, const model::Deployment& after) {
  model::DeploymentSpec spec = before.spec;
  spec.replicas = after.spec.replicas;
  spec.restart = after.spec.restart;
  spec.update = after.spec.update;
  spec.direct = after.spec.direct;
  // What is composed depends on it.
  if (spec.fuse_with.empty()) spec.wiring = after.spec.wiring;
  return spec == after.spec && before.policy == after.policy && before.fused == after.fused;
}

bool is_current(const DeploymentRecord& record) noexcept {
  return record.loaded && record.loaded_revision == record.revision;
}

bool can_run(const model::Component& component, const model::Policy& policy) {
  if (component.kind != model::Kind::Service || policy.entrypoint) return true;
  return std::any_of(
      component.exports.begin(), component.exports.end(), [&](const model::InterfaceItem& item) {
        return component.format == model::Format::CoreModule || !item.functions.empty();
      });
}

}  // namespace arcella::runtime
