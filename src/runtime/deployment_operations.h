// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "runtime/arcella_runtime.h"
#include "runtime/deployment_files.h"
#include "runtime/runtime_core.h"

namespace arcella::runtime {

// deploy, start, stop, scale and undeploy: each checks, records what is wanted, and waits until the
// reconciler has brought it about (or could not). Owner: ArcellaRuntime::Impl.  Thread: control.
class DeploymentOperations {
 public:
  explicit DeploymentOperations(RuntimeCore& core) : core_(core) {}

  aio::Task<Result<std::vector<model::DeploymentView>>> deploy(std::vector<std::string> paths);
  // The same for files that were read already.
  aio::Task<Result<std::vector<model::DeploymentView>>> deploy_files(
      std::vector<DeploymentFile> files);
  // The same checks, and what would be done; nothing is.
  aio::Task<Result<std::vector<model::PlannedChange>>> plan_deploy(std::vector<std::string> paths);
  aio::Task<Result<model::DeploymentView>> start(std::string deployment);
  aio::Task<Result<model::DeploymentView>> stop(std::string deployment);
  aio::Task<Result<model::DeploymentView>> scale(std::string deployment, int replicas);
  aio::Task<Result<void>> undeploy(std::string deployment);

 private:
  // Every file against its component and the rules. What is new or differs from what is there.
  [[nodiscard]] Result<std::vector<model::Deployment>> check(
      const std::vector<DeploymentFile>& files) const;

  aio::Task<Result<void>> prepare_start(model::DeploymentId id);
  aio::Task<Result<void>> start_stopped(model::DeploymentId id);
  aio::Task<void> take_back_start(model::DeploymentId id);
  void forget_run(const model::DeploymentId& id);
  [[nodiscard]] Result<model::DeploymentView> view(const model::DeploymentId& id) const;
  aio::Task<Result<KeyedLock::Guard>> lock(model::DeploymentId id);
  aio::Task<Result<KeyedLock::Guard>> lock_all(const std::vector<DeploymentFile>& files);
  [[nodiscard]] KeyedLock::Keys keys_of(const std::vector<DeploymentFile>& files) const;

  RuntimeCore& core_;
};

}  // namespace arcella::runtime
