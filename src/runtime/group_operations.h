// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <set>
#include <string>
#include <vector>

#include "runtime/deployment_operations.h"
#include "runtime/runtime_core.h"

namespace arcella::runtime {

// start and stop of several deployments, or of all of a worker group, one after the other: started
// in the order in which they need each other, then of their ids; stopped in reverse. One that fails
// does not keep the next from its turn; the error then has the code of the first failure, and a
// line for each deployment as detail. NotFound: the group is nobody's. Owner: ArcellaRuntime::Impl.
// Thread: control.
class GroupOperations {
 public:
  using Views = std::vector<model::DeploymentView>;

  GroupOperations(RuntimeCore& core, DeploymentOperations& deployments)
      : core_(core), deployments_(deployments) {}

  aio::Task<Result<Views>> start(Selection selection);
  aio::Task<Result<Views>> stop(Selection selection);

 private:
  // In the order of their start. One that is not there comes last, for its own error.
  [[nodiscard]] Result<std::vector<std::string>> selected(const Selection& selection) const;
  [[nodiscard]] Result<std::vector<model::DeploymentId>> members(const std::string& group) const;
  [[nodiscard]] Together together(const std::vector<std::string>& ids,
                                  const std::set<std::string>& failed) const;

  RuntimeCore& core_;
  DeploymentOperations& deployments_;
};

}  // namespace arcella::runtime
