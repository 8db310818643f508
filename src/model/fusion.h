// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Fused mode: a deployment that says `fuse_with` runs its own component and those of the named
// deployments as one, in one store (docs/decisions/0018-fused-mode.md). What is joined inside, what
// the whole looks like from outside, and what is refused. Pure.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "model/binding.h"
#include "model/component.h"
#include "model/component_facts.h"
#include "model/deployment.h"
#include "model/deployment_rules.h"
#include "model/ids.h"
#include "model/resolver.h"

namespace arcella::model {

// What is composed: first the component that asks for it, then those that it fuses with, in their
// order, by the deployments that they belong to. The components outlive it.
struct Member {
  DeploymentId deployment;
  const Component* component = nullptr;
};

// An import of a member that a later one serves. Members are numbered in their order.
struct Plug {
  std::size_t into = 0;
  std::string import;
  std::size_t from = 0;
  std::string exported;
  friend bool operator==(const Plug&, const Plug&) = default;
};

struct Joints {
  std::vector<Plug> plugs;
  // By member: why it cannot serve an import that it exports by name, or that it serves none.
  // Empty lines: it is as it should be. Nobody has to do anything for the first.
  std::vector<std::string> faults;
};

// An import of a member is served by the first of the later ones that exports it at a compatible
// version with the same types. Wiring by hand comes first: who is named there serves it, or
// somebody outside. What the host offers stays the host's.
[[nodiscard]] Joints join_members(std::span<const Member> members, const Wiring& wiring,
                                  const HostOffers& host);

// As it is seen from outside: the first one's exports, and what of all imports is not joined. Its
// content_hash is left to the caller.
[[nodiscard]] Component whole_of(std::span<const Member> members, const std::vector<Plug>& plugs);

// For `diag` and the like: who serves what is joined.
[[nodiscard]] std::vector<ImportResolution> fused_imports(std::span<const Member> members,
                                                          const std::vector<Plug>& plugs);

// Names the content of the whole: whatever the joining depends on is in it.
[[nodiscard]] std::string fusion_text(std::span<const Member> members,
                                      const std::vector<Plug>& plugs);

// What the rules of a deployment ask, of one more component in its store: it may grant and wire
// what that asks for, too.
void add_member(ComponentFacts& facts, const Component& member);

// A deployment that may be fused with; nulls: there is none of that name.
struct Deployed {
  const Deployment* deployment = nullptr;
  const Component* component = nullptr;
};
using FindDeployed = std::function<Deployed(const DeploymentId&)>;

// What forbids it to `deployment`, which says `fuse_with`, among all that is deployed. Empty: it
// may be composed.
[[nodiscard]] std::vector<RuleViolation> check_fusion(const Deployment& deployment,
                                                      const Component& component,
                                                      const FindDeployed& find,
                                                      const HostOffers& host);

}  // namespace arcella::model
