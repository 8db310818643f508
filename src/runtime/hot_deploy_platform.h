// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runtime/component_operations.h"
#include "runtime/deployment_operations.h"
#include "runtime/hot_deploy_operations.h"
#include "runtime/runtime_core.h"
#include "runtime/update_operations.h"

namespace arcella::runtime {

// The hot-deploy folder's door to the real platform: the same operations that ALME asks for, and
// the files of the home. Owner: ArcellaRuntime::Impl.  Thread: control.
class HotDeployPlatform final : public HotDeployOperations {
 public:
  HotDeployPlatform(RuntimeCore& core, ComponentOperations& components,
                    DeploymentOperations& deployments, UpdateOperations& updates)
      : core_(core), components_(components), deployments_(deployments), updates_(updates) {}

  [[nodiscard]] std::string folder() const { return core_.config.home + "/deploy"; }
  // What save() has written; nothing when it never has. Damage is an error.
  aio::Task<Result<HotDeployRecords>> load();

  aio::Task<Result<PackageFacts>> examine(PackageSource source) override;
  aio::Task<Result<DeploymentFile>> read_deployment(std::string path) override;
  aio::Task<Result<void>> install(PackageSource source) override;
  aio::Task<Result<void>> replace(PackageSource source) override;
  aio::Task<Result<void>> put(std::vector<DeploymentFile> files) override;
  aio::Task<Result<void>> update(model::DeploymentId id, model::ComponentId to) override;
  aio::Task<Result<void>> start(model::DeploymentId id) override;
  aio::Task<Result<void>> undeploy(model::DeploymentId id) override;
  aio::Task<Result<void>> remove(model::ComponentId id) override;
  [[nodiscard]] bool has(const model::ComponentId& id) const override;
  [[nodiscard]] std::optional<model::ComponentId> component_of(
      const model::DeploymentId& id) const override;
  [[nodiscard]] std::vector<model::DeploymentId> deployments_of(
      const model::ComponentId& id) const override;
  [[nodiscard]] bool is_used(const model::ComponentId& id) const override;
  aio::Task<Result<void>> save(const HotDeployRecords& records) override;
  aio::Task<void> report(std::string file, std::string text) override;

 private:
  [[nodiscard]] std::string records_path() const {
    return core_.config.home + "/state/hot-deploy.json";
  }

  RuntimeCore& core_;
  ComponentOperations& components_;
  DeploymentOperations& deployments_;
  UpdateOperations& updates_;
};

}  // namespace arcella::runtime
