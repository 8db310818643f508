// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// In which order deployments that use each other are started; they are stopped in reverse. Pure.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "model/ids.h"

namespace arcella::model {

// Of each deployment those whose exports it uses. It may use itself or go round in circles.
using Providers = std::map<DeploymentId, std::set<DeploymentId>>;

// Every one of `ids` once, after those of `ids` that it uses, directly or by way of others, unless
// they use it too: the smallest id of such a circle comes last in it. Otherwise small ids go first.
[[nodiscard]] std::vector<DeploymentId> start_order(const std::set<DeploymentId>& ids,
                                                    const Providers& providers);

}  // namespace arcella::model
