// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What is refused of a deployment, whatever file or request it came from (design.md section 5,
// "Rules"). Pure.
#pragma once

#include <string>
#include <vector>

#include "model/component.h"
#include "model/deployment.h"

namespace arcella::model {

struct RuleViolation {
  std::string field;    // where to mend it, as a TOML path: "deployment.replicas"
  std::string message;  // what is wrong and the way out
};

// All violations at once, in the order of the fields; empty: the deployment may be stored.
[[nodiscard]] std::vector<RuleViolation> check_rules(const Deployment& deployment,
                                                     const Component& component);

}  // namespace arcella::model
