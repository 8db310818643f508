// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What is refused of a deployment, whatever file or request it came from (design.md section 5,
// "Rules"). Pure.
#pragma once

#include <string>
#include <vector>

#include "model/component_facts.h"
#include "model/deployment.h"

namespace arcella::model {

struct RuleViolation {
  // Where to mend it, as a TOML path, with the index where an array has entries:
  // "deployment.mounts[1].guest".
  std::string field;
  std::string message;  // what is wrong
  std::string hint;     // the way out
};

struct RuleFindings {
  std::vector<RuleViolation> violations;
  // What could not be told, because it is not known of the component.
  std::vector<RuleViolation> unchecked;
};

// All at once, in the order of the fields.
[[nodiscard]] RuleFindings check_rules(const Deployment& deployment, const ComponentFacts& facts);

// Of an installed component. Empty: the deployment may be stored.
[[nodiscard]] std::vector<RuleViolation> check_rules(const Deployment& deployment,
                                                     const Component& component);

}  // namespace arcella::model
