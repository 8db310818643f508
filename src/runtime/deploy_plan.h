// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What a deploy would do, without doing it. Pure.
#pragma once

#include <vector>

#include "model/deployment.h"
#include "model/plan.h"
#include "model/views.h"
#include "runtime/registry.h"

namespace arcella::runtime {

// For each of `asked` whether it is new, differs or is as it is there, and what the planner would
// do about it, the workers of its groups included. `changed` are those of `asked` that are new or
// differ; `situation` is the present one.
[[nodiscard]] std::vector<model::PlannedChange> planned_changes(
    const Registry& registry, model::Situation situation,
    const std::vector<model::DeploymentId>& asked, const std::vector<model::Deployment>& changed);

}  // namespace arcella::runtime
