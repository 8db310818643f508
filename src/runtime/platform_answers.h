// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "runtime/call_operations.h"
#include "runtime/platform_interface.h"
#include "runtime/runtime_core.h"

namespace arcella::runtime {

// What guests are told of the platform. Owner: ArcellaRuntime::Impl.  Thread: control.
class RuntimeAnswers final : public PlatformAnswers {
 public:
  RuntimeAnswers(RuntimeCore& core, CallOperations& calls) : core_(core), calls_(calls) {}

  [[nodiscard]] std::vector<model::DeploymentView> deployments() const override;
  [[nodiscard]] std::vector<model::Event> events(std::size_t count) const override;
  aio::Task<Result<std::string>> call(std::string deployment, std::string function,
                                      std::string arguments, std::chrono::milliseconds timeout,
                                      host::CallChainPtr caller) override;

 private:
  RuntimeCore& core_;
  CallOperations& calls_;
};

}  // namespace arcella::runtime
