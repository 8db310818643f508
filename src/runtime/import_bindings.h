// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What the imports of deployments are to lead to at this moment, in the words that a place is told:
// the resolver's choice (runtime/wiring.h), as far as it can be reached. Pure. Thread: control.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/ids.h"
#include "runtime/instance_backend.h"
#include "runtime/registry.h"

namespace arcella::runtime {

// By consumer; of those that are to run and import anything that is not the host's.
using WantedImports = std::map<model::DeploymentId, std::vector<ToldImport>>;
[[nodiscard]] WantedImports wanted_imports(const Registry& registry);

// The same of one deployment, which may be about to run.
[[nodiscard]] std::vector<ToldImport> wanted_imports_of(const Registry& registry,
                                                        const model::Deployment& deployment);

// What a component imports of an interface, by name without it.
[[nodiscard]] std::vector<std::string> imported_functions(const model::Component& component,
                                                          std::string_view interface);

// Of an import whose provider is in another place; all but the callee. Both are registered.
[[nodiscard]] RemoteBinding remote_binding(const Registry& registry,
                                           const host::ImportBinding& binding);

// Who is still called by consumers that are to be bound elsewhere.
[[nodiscard]] std::set<model::DeploymentId> providers_to_leave(const Registry& registry,
                                                               const WantedImports& wanted);

// Those of `wanted` that the deployment has not been told.
[[nodiscard]] std::vector<ToldImport> untold(const DeploymentRecord& record,
                                             const std::vector<ToldImport>& wanted);

}  // namespace arcella::runtime
