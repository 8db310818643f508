// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What a deployment's code is made of: its component, or, in fused mode, that and the components of
// the deployments that it fuses with (model/fusion.h). Asked of the registry; nothing is kept but
// which components those are (model::Deployment::fused).  Thread: control.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "model/component_facts.h"
#include "model/fusion.h"
#include "runtime/code_source.h"
#include "runtime/registry.h"

namespace arcella::runtime {

// Of one moment: it points into the registry.
struct Composition {
  std::vector<model::Member> members;
  std::vector<model::Plug> plugs;
  std::optional<model::Component> whole;  // of more than one member

  // As it is from outside.
  [[nodiscard]] const model::Component& component() const {
    return whole ? *whole : *members.front().component;
  }
  [[nodiscard]] CodeSource code() const;
};

// NotFound: its component is gone. Conflict: a deployment that it fuses with is, or cannot serve.
[[nodiscard]] Result<Composition> composition_of(const Registry& registry,
                                                 const model::Deployment& deployment);

// What is to be told of the component, and of those that are in one store with it.
[[nodiscard]] model::ComponentFacts facts_of(const Registry& registry,
                                             const model::Deployment& deployment,
                                             const model::Component& component,
                                             const std::vector<model::Deployment>& changed = {});

// The rules of fused mode for a deployment, as all will be after `changed`. `component`: its own.
[[nodiscard]] std::vector<model::RuleViolation> fusion_violations(
    const Registry& registry, const model::Deployment& deployment,
    const model::Component& component, const std::vector<model::Deployment>& changed);

// Notes in each what it is composed with, and adds the deployments that are composed anew because
// of them. Conflict names what can then no longer be composed, and why.
[[nodiscard]] Result<std::vector<model::Deployment>> with_recomposed(
    const Registry& registry, std::vector<model::Deployment> changed);

// The components of what it fuses with at this moment; none unless all are there.
[[nodiscard]] std::vector<model::ComponentId> fused_components(
    const Registry& registry, const model::DeploymentSpec& spec,
    const std::vector<model::Deployment>& changed = {});

// Which deployments say that they fuse with it.
[[nodiscard]] std::vector<model::DeploymentId> fused_users(const Registry& registry,
                                                           const model::DeploymentId& id);
// Those, and what it fuses with itself.
[[nodiscard]] std::vector<model::DeploymentId> fused_either_way(const Registry& registry,
                                                                const model::DeploymentSpec& spec);

}  // namespace arcella::runtime
