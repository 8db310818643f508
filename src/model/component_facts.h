// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What the rules of a deployment ask of its component (deployment_rules.h). Of an installed
// component all of it is known; of one that only its component.toml speaks for, what that says.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/component.h"

namespace arcella::model {

// What is absent is not known, and no rule is broken by it.
struct ComponentFacts {
  std::string id;
  std::optional<Kind> kind;
  std::optional<bool> exports_something;
  std::optional<Capabilities> capabilities;
  std::optional<std::vector<std::string>> imports;  // by their whole names
  // Was the policy merged with the component's template? Without, it is only what the deployment
  // itself says.
  bool template_known = true;
};

[[nodiscard]] ComponentFacts facts_of(const Component& component);
// The kind follows from the exports, if the file states them: WASI's `run` and `handler` have the
// meaning they have in a binary.
[[nodiscard]] ComponentFacts facts_of(const ComponentManifest& manifest);

}  // namespace arcella::model
