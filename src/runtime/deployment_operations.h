// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "runtime/arcella_runtime.h"
#include "runtime/deployment_files.h"
#include "runtime/runtime_core.h"
#include "runtime/wiring.h"

namespace arcella::runtime {

// deploy, start, stop, scale and undeploy: each checks, records what is wanted, and waits until the
// reconciler has brought it about (or could not). Owner: ArcellaRuntime::Impl.  Thread: control.
class DeploymentOperations {
 public:
  explicit DeploymentOperations(RuntimeCore& core) : core_(core) {}

  aio::Task<Result<DeployOutcome>> deploy(std::vector<std::string> paths);
  // The same for files that were read already.
  aio::Task<Result<DeployOutcome>> deploy_files(std::vector<DeploymentFile> files);
  // The same checks, and what would be done; nothing is.
  aio::Task<Result<std::vector<model::PlannedChange>>> plan_deploy(std::vector<std::string> paths);
  // `together`: what is started with it, one after the other; they may need each other.
  aio::Task<Result<model::DeploymentView>> start(std::string deployment, Together together = {});
  aio::Task<Result<model::DeploymentView>> stop(std::string deployment);
  aio::Task<Result<model::DeploymentView>> scale(std::string deployment, int replicas);
  // Conflict when others are bound to it, unless by force.
  aio::Task<Result<void>> undeploy(std::string deployment, bool force);

 private:
  // Every file against its component and the rules. What is new or differs from what is there.
  [[nodiscard]] Result<std::vector<model::Deployment>> check(
      const std::vector<DeploymentFile>& files) const;
  // LimitExceeded: more than limits.replicas_max of the configuration.
  [[nodiscard]] Result<void> check_replicas_max(int replicas) const;

  aio::Task<Result<void>> prepare_start(model::DeploymentId id, Together together);
  // Brings it up, and then records it: a start that fails, or that a crash cuts short, leaves on
  // the disk what was there.
  aio::Task<Result<void>> start_stopped(model::DeploymentId id);
  aio::Task<void> take_back_start(model::DeploymentId id, model::Desired before);
  // In memory; what is wanted of a running one follows.
  void set_replicas(const model::DeploymentId& id, int replicas);
  aio::Task<Result<void>> keep_replicas(model::DeploymentId id, int replicas);
  void forget_run(const model::DeploymentId& id);
  [[nodiscard]] Result<model::DeploymentView> view(const model::DeploymentId& id) const;
  aio::Task<Result<KeyedLock::Guard>> lock(model::DeploymentId id);
  aio::Task<Result<KeyedLock::Guard>> lock_all(const std::vector<DeploymentFile>& files);
  [[nodiscard]] KeyedLock::Keys keys_of(const std::vector<DeploymentFile>& files) const;

  RuntimeCore& core_;
};

}  // namespace arcella::runtime
