// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <string>

#include "runtime/arcella_runtime.h"
#include "runtime/runtime_core.h"

namespace arcella::runtime {

// call: one function of a running service. Changes nothing, so it takes no lock and may be
// cancelled. Owner: ArcellaRuntime::Impl.  Thread: control; the guest runs elsewhere.
class CallOperations {
 public:
  explicit CallOperations(RuntimeCore& core) : core_(core) {}

  // `caller`: the replicas that wait for it; null: it comes from outside.
  aio::Task<Result<std::string>> call(CallRequest request, host::CallChainPtr caller = nullptr);

 private:
  // Conflict or Unavailable when nothing could answer.
  [[nodiscard]] static Result<void> check_callable(const DeploymentRecord& record,
                                                   std::optional<int> index);
  // Of an unknown function: names the one that was perhaps meant, and all in the detail.
  [[nodiscard]] Error with_nearest(Error error, const model::DeploymentId& id,
                                   const std::string& function) const;

  RuntimeCore& core_;
};

}  // namespace arcella::runtime
