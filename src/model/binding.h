// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What became of the imports of deployments: to whom each is bound, or why to nobody. Made by the
// resolver (resolver.h), shown by `diag`, `list bindings` and `graph`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/ids.h"

namespace arcella::model {

// What the daemon itself serves (wit/platform/control.wit).
inline constexpr std::string_view kPlatformInterface = "arcella:platform/control@0.1.0";

enum class ImportState {
  Host,
  Platform,    // the daemon serves it: arcella:platform, of a trusted deployment
  TypesOnly,   // there is nothing in it to call, so nobody has to provide it
  Bound,       // to another deployment
  Fused,       // to another deployment's component, which is part of this one's (fusion.h)
  Optional,    // to nobody, and the component can do without
  Unresolved,  // to nobody: the deployment cannot be started
};
[[nodiscard]] std::string_view to_string(ImportState state) noexcept;  // "host", "types", ...
[[nodiscard]] std::optional<ImportState> import_state_from(std::string_view text) noexcept;

// A deployment that exports the interface, or was named by hand, and still cannot serve the import.
struct Refusal {
  std::string deployment;
  std::string reason;  // "exports it at 2.0.0, which is not compatible with 1.0.0"
  friend bool operator==(const Refusal&, const Refusal&) = default;
};

struct ImportResolution {
  std::string import;  // as the binary names it
  ImportState state = ImportState::Unresolved;
  // When Bound or Fused: to whom, and by what name it exports the interface.
  std::optional<DeploymentId> provider = {};
  std::string exported = {};
  std::string why = {};  // one line, for every state
  std::vector<Refusal> refused = {};
  friend bool operator==(const ImportResolution&, const ImportResolution&) = default;
};

// An import of `consumer`.
struct Binding {
  DeploymentId consumer;
  ImportResolution import;
  friend bool operator==(const Binding&, const Binding&) = default;
};

// Who uses whom. Circles are allowed.
struct WiringGraph {
  struct Node {
    DeploymentId id;
    std::string state;  // as in DeploymentView
    friend bool operator==(const Node&, const Node&) = default;
  };
  std::vector<Node> nodes;     // every deployment
  std::vector<Binding> edges;  // what is Bound, Fused, Optional or Unresolved, by consumer
};

}  // namespace arcella::model
