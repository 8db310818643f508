// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <set>
#include <string>
#include <vector>

#include "runtime/deployment_operations.h"
#include "runtime/runtime_core.h"

namespace arcella::runtime {

// start and stop of all deployments of a worker group, one after the other: started in the order in
// which they need each other, then of their ids; stopped in reverse. One that fails does not keep
// the next from its turn; the error then has the code of the first failure, and a line for each
// deployment as detail. NotFound: the group is nobody's. Owner: ArcellaRuntime::Impl.  Thread:
// control.
class GroupOperations {
 public:
  using Views = std::vector<model::DeploymentView>;

  GroupOperations(RuntimeCore& core, DeploymentOperations& deployments)
      : core_(core), deployments_(deployments) {}

  aio::Task<Result<Views>> start(std::string group);
  aio::Task<Result<Views>> stop(std::string group);

 private:
  [[nodiscard]] Result<std::vector<std::string>> members(const std::string& group) const;
  [[nodiscard]] Together together(const std::vector<std::string>& ids,
                                  const std::set<std::string>& failed) const;

  RuntimeCore& core_;
  DeploymentOperations& deployments_;
};

}  // namespace arcella::runtime
