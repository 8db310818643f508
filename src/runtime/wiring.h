// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The resolver (model/resolver.h) asked about the registry: who serves whose imports at this
// moment. Nothing is kept; who needs to know asks again. Thread: control.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <vector>

#include "base/result.h"
#include "model/binding.h"
#include "model/deployment.h"
#include "model/ids.h"
#include "runtime/registry.h"

namespace arcella::runtime {

// Deployments that are started or changed as one: each counts as running, and as it is to be.
using Together = std::map<model::DeploymentId, model::Deployment>;

// Of each import of `deployment`, in the order of its component's; those that are fused first.
[[nodiscard]] std::vector<model::ImportResolution> resolve_imports(
    const Registry& registry, const model::Deployment& deployment, const Together& together = {});

// Unresolved, when an import that it cannot do without has no provider: names it, says why, and how
// to see more.
[[nodiscard]] Result<void> check_imports(const Registry& registry,
                                         const model::Deployment& deployment,
                                         const Together& together = {});

// Conflict, when deployments that are to run are bound to it, or any is fused with it: names them.
[[nodiscard]] Result<void> check_unused(const Registry& registry, const model::DeploymentId& id);

// What deployments that are to run are bound to or fused with, by consumer.
[[nodiscard]] std::vector<model::Binding> bindings_of(const Registry& registry);
// Whether an import in this state is told to its place: it is not the host's, bound or not.
[[nodiscard]] bool needs_binding(model::ImportState state) noexcept;
// Whether its calls of a provider in `place` are to go from worker to worker: where neither is in
// main, nor both in one worker.
[[nodiscard]] bool asks_for_a_link(const model::Deployment& consumer, const model::Place& place);
// Of deployments that are to run: every import that needs it.
[[nodiscard]] std::vector<model::Binding> imports_to_bind(const Registry& registry);
// Of all deployments; of one that is stopped what it would be bound to.
[[nodiscard]] model::WiringGraph wiring_graph(const Registry& registry);

// Deployments of which nobody is alive yet and that use one which is coming up: their replicas
// start when it is ready. `is_coming`: of one without a ready replica, whether it is expected to
// get one by itself. In a circle one does not wait.
[[nodiscard]] std::set<model::DeploymentId> to_start_later(
    const Registry& registry, const std::function<bool(const DeploymentRecord&)>& is_coming);

// Those of `deployments` that are used by others of them first. They are stopped in reverse.
[[nodiscard]] std::vector<model::DeploymentId> in_start_order(
    const Registry& registry, const std::vector<model::DeploymentId>& deployments);

}  // namespace arcella::runtime
