// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/arcella_runtime.h"
#include "runtime/changeover.h"
#include "runtime/component_operations.h"
#include "runtime/operation.h"
#include "runtime/runtime_core.h"

namespace arcella::runtime {

// update and rollback: deployments change their component, all of them or none (changeover.h). The
// desired state stays, and at an update the spec too; the template of the new component is merged
// anew with the overrides. Owner: ArcellaRuntime::Impl.  Thread: control.
class UpdateOperations {
 public:
  UpdateOperations(RuntimeCore& core, ComponentOperations& components)
      : core_(core), components_(components) {}

  // Both pass `begun` when they begin to replace what runs.
  aio::Task<Result<UpdateOutcome>> update(UpdateRequest request, PointOfNoReturn& begun);
  aio::Task<Result<model::DeploymentView>> rollback(std::string deployment,
                                                    model::Progress progress,
                                                    PointOfNoReturn& begun);

 private:
  using Ids = std::vector<model::DeploymentId>;
  // Which deployments are meant, as the registry is at the moment.
  using Select = std::function<Result<Ids>()>;
  struct Locked {
    Locked(Ids what, KeyedLock::Guard held)
        : deployments(std::move(what)), guard(std::move(held)) {}
    Ids deployments;
    KeyedLock::Guard guard;
  };

  aio::Task<Result<UpdateOutcome>> update_from_package(UpdateRequest request,
                                                       PointOfNoReturn& begun);
  aio::Task<Result<UpdateOutcome>> update_to_installed(UpdateRequest request,
                                                       PointOfNoReturn& begun);

  [[nodiscard]] Result<Ids> deployments_of_component(const std::string& id_or_name) const;
  [[nodiscard]] Result<Ids> deployments_of_target(const std::string& target) const;
  // The deployments, those that are fused with them, the components that they use, and the one that
  // they are to use: all of it is held, and what was selected is still what is meant.
  aio::Task<Result<Locked>> lock(Select select, model::ComponentId to);

  aio::Task<Result<void>> move(const UpdateRequest& request, Ids deployments, model::ComponentId to,
                               std::optional<model::ComponentId> added, PointOfNoReturn& begun);
  aio::Task<Result<void>> carry_out(Change change, PointOfNoReturn& begun);
  // The deployment with the component in place of its own; Conflict says what does not fit.
  [[nodiscard]] Result<model::Deployment> moved(const DeploymentRecord& record,
                                                const ComponentRecord& to, bool force) const;
  [[nodiscard]] Result<UpdateOutcome> outcome(const Ids& deployments,
                                              const model::ComponentId& component) const;

  RuntimeCore& core_;
  ComponentOperations& components_;
};

}  // namespace arcella::runtime
