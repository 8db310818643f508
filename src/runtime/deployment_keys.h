// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The folders of what deployments keep through wasi:keyvalue (docs/decisions/0014): whoever runs
// the guests makes and opens them, the daemon removes them and never looks inside. Blocking.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "model/ids.h"

namespace arcella::runtime {

// A deployment that kept nothing has nothing to remove.
Result<void> remove_keys(const std::string& home, const model::DeploymentId& deployment);

// What a crash in the middle of an undeploy has left, so that who is deployed by that name later
// does not find it. Makes the folder that all are in.
Result<void> remove_unknown_keys(const std::string& home,
                                 const std::vector<model::DeploymentId>& known);

}  // namespace arcella::runtime
