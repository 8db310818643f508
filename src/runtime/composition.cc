// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/composition.h"

#include <algorithm>
#include <span>

#include "engine/engine.h"
#include "store/module_repository.h"

namespace arcella::runtime {
namespace {

const model::Deployment* changed_one(const std::vector<model::Deployment>& changed,
                                     const model::DeploymentId& id) {
  const auto found = std::ranges::find(
      changed, id,
      [](const model::Deployment& one) -> const model::DeploymentId& { return one.spec.id; });
  return found == changed.end() ? nullptr : &*found;
}

// As it will be after `changed`.
const model::Deployment* deployment_of(const Registry& registry, const model::DeploymentId& id,
                                       const std::vector<model::Deployment>& changed) {
  if (const model::Deployment* one = changed_one(changed, id)) return one;
  const DeploymentRecord* record = registry.find(id);
  return record == nullptr ? nullptr : &record->deployment;
}

model::Deployed deployed(const Registry& registry, const model::DeploymentId& id,
                         const std::vector<model::Deployment>& changed) {
  const model::Deployment* deployment = deployment_of(registry, id, changed);
  if (deployment == nullptr) return {};
  const ComponentRecord* component = registry.find(deployment->spec.component);
  return {deployment, component == nullptr ? nullptr : &component->component};
}

bool fuses_with_any(const model::DeploymentSpec& spec,
                    const std::vector<model::Deployment>& changed) {
  return std::ranges::any_of(spec.fuse_with, [&changed](const model::DeploymentId& id) {
    return changed_one(changed, id) != nullptr;
  });
}

Error not_composed(const model::DeploymentId& id, const model::RuleViolation& violation) {
  return {ErrorCode::Conflict, "deployment '" + id.str() +
                                   "' cannot be composed: " + violation.field + ": " +
                                   violation.message + "; " + violation.hint};
}

}  // namespace

CodeSource Composition::code() const {
  std::vector<model::ComponentId> ids;
  for (const model::Member& member : members) ids.push_back(member.component->id);
  return {component().content_hash, std::move(ids), plugs};
}

Result<Composition> composition_of(const Registry& registry, const model::Deployment& deployment) {
  const model::DeploymentSpec& spec = deployment.spec;
  const ComponentRecord* own = registry.find(spec.component);
  if (own == nullptr)
    return fail(ErrorCode::NotFound, "no component '" + spec.component.str() + "' is installed");
  Composition made;
  made.members.push_back({spec.id, &own->component});
  if (spec.fuse_with.empty()) return made;
  for (std::size_t i = 0; i < spec.fuse_with.size(); ++i) {
    const ComponentRecord* other =
        i < deployment.fused.size() ? registry.find(deployment.fused[i]) : nullptr;
    if (other == nullptr) {
      return fail(ErrorCode::Conflict, "not all that it fuses with is deployed: look for '" +
                                           spec.fuse_with[i].str() + "'");
    }
    made.members.push_back({spec.fuse_with[i], &other->component});
  }
  model::Joints joints = model::join_members(made.members, spec.wiring, engine::host_offers);
  for (std::size_t i = 1; i < made.members.size(); ++i) {
    if (joints.faults[i].empty()) continue;
    return fail(ErrorCode::Conflict, "it fuses with '" + made.members[i].deployment.str() +
                                         "', which " + joints.faults[i]);
  }
  made.plugs = std::move(joints.plugs);
  made.whole = model::whole_of(made.members, made.plugs);
  const std::string text = model::fusion_text(made.members, made.plugs);
  made.whole->content_hash =
      store::ModuleRepository::content_hash(std::as_bytes(std::span(text.data(), text.size())));
  return made;
}

model::ComponentFacts facts_of(const Registry& registry, const model::Deployment& deployment,
                               const model::Component& component,
                               const std::vector<model::Deployment>& changed) {
  model::ComponentFacts facts = model::facts_of(component);
  for (const model::DeploymentId& id : deployment.spec.fuse_with) {
    const model::Component* other = deployed(registry, id, changed).component;
    if (other != nullptr) model::add_member(facts, *other);
  }
  return facts;
}

std::vector<model::RuleViolation> fusion_violations(const Registry& registry,
                                                    const model::Deployment& deployment,
                                                    const model::Component& component,
                                                    const std::vector<model::Deployment>& changed) {
  const auto find = [&](const model::DeploymentId& id) { return deployed(registry, id, changed); };
  return model::check_fusion(deployment, component, find, engine::host_offers);
}

std::vector<model::ComponentId> fused_components(const Registry& registry,
                                                 const model::DeploymentSpec& spec,
                                                 const std::vector<model::Deployment>& changed) {
  std::vector<model::ComponentId> components;
  for (const model::DeploymentId& id : spec.fuse_with) {
    const model::Deployment* other = deployment_of(registry, id, changed);
    if (other == nullptr) return {};
    components.push_back(other->spec.component);
  }
  return components;
}

Result<std::vector<model::Deployment>> with_recomposed(const Registry& registry,
                                                       std::vector<model::Deployment> changed) {
  std::vector<model::Deployment> added;
  for (const auto& [id, record] : registry.deployments()) {
    const model::DeploymentSpec& spec = record.deployment.spec;
    if (!fuses_with_any(spec, changed) || changed_one(changed, id) != nullptr) continue;
    std::vector<model::ComponentId> fused = fused_components(registry, spec, changed);
    // One that was taken from it by force is still missing.
    if (fused.empty()) continue;
    added.push_back(record.deployment);
    added.back().fused = std::move(fused);
  }
  for (model::Deployment& one : changed) one.fused = fused_components(registry, one.spec, changed);
  std::vector<model::Deployment> all = changed;
  all.insert(all.end(), added.begin(), added.end());
  for (const model::Deployment& one : all) {
    const ComponentRecord* component = registry.find(one.spec.component);
    if (component == nullptr || one.spec.fuse_with.empty()) continue;
    const auto violations = fusion_violations(registry, one, component->component, all);
    if (!violations.empty()) return fail(not_composed(one.spec.id, violations.front()));
  }
  // What is composed of the same parts as before goes on as it is.
  std::erase_if(added, [&registry](const model::Deployment& one) {
    return registry.find(one.spec.id)->deployment.fused == one.fused;
  });
  changed.insert(changed.end(), added.begin(), added.end());
  return changed;
}

std::vector<model::DeploymentId> fused_users(const Registry& registry,
                                             const model::DeploymentId& id) {
  std::vector<model::DeploymentId> users;
  for (const auto& [other, record] : registry.deployments()) {
    const std::vector<model::DeploymentId>& fuse_with = record.deployment.spec.fuse_with;
    if (std::ranges::find(fuse_with, id) != fuse_with.end()) users.push_back(other);
  }
  return users;
}

std::vector<model::DeploymentId> fused_either_way(const Registry& registry,
                                                  const model::DeploymentSpec& spec) {
  std::vector<model::DeploymentId> all = fused_users(registry, spec.id);
  all.insert(all.end(), spec.fuse_with.begin(), spec.fuse_with.end());
  return all;
}

}  // namespace arcella::runtime
