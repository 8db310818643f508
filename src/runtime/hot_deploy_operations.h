// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What the hot-deploy folder asks of the platform and of the disk: a door, so that what it decides
// can be tested without either.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "aio/task.h"
#include "base/result.h"
#include "model/ids.h"
#include "runtime/deployment_files.h"
#include "runtime/hot_deploy_plan.h"
#include "runtime/package.h"

namespace arcella::runtime {

// What a package is, and what the platform has of it.
struct PackageFacts {
  explicit PackageFacts(model::ComponentId component) : id(std::move(component)) {}
  model::ComponentId id;
  bool named_by_file = false;               // `fallback_id` was needed
  bool installed = false;                   // the id is taken
  bool same = false;                        // by this very content
  bool runnable = false;                    // it has something to start or to call
  std::vector<DeploymentFile> deployments;  // that the bundle or archive brings
};

// Owner: the runtime.  Thread: control.
class HotDeployOperations {
 public:
  virtual ~HotDeployOperations() = default;

  // Reads and checks a package; nothing is changed.
  virtual aio::Task<Result<PackageFacts>> examine(PackageSource source) = 0;
  virtual aio::Task<Result<DeploymentFile>> read_deployment(std::string path) = 0;

  virtual aio::Task<Result<void>> install(PackageSource source) = 0;
  // Other content for an installed id. All deployments of it that run, run the new one when this
  // returns; if it cannot be installed or does not come up they run the old one.
  virtual aio::Task<Result<void>> replace(PackageSource source) = 0;
  // All or none; what is there is changed, also while it runs. What is new is stopped.
  virtual aio::Task<Result<void>> put(std::vector<DeploymentFile> files) = 0;
  // Moves a deployment to another version of its component.
  virtual aio::Task<Result<void>> update(model::DeploymentId id, model::ComponentId to) = 0;
  virtual aio::Task<Result<void>> start(model::DeploymentId id) = 0;
  virtual aio::Task<Result<void>> undeploy(model::DeploymentId id) = 0;
  virtual aio::Task<Result<void>> remove(model::ComponentId id) = 0;

  [[nodiscard]] virtual bool has(const model::ComponentId& id) const = 0;
  // What a deployment runs; none when there is no such deployment.
  [[nodiscard]] virtual std::optional<model::ComponentId> component_of(
      const model::DeploymentId& id) const = 0;
  [[nodiscard]] virtual std::vector<model::DeploymentId> deployments_of(
      const model::ComponentId& id) const = 0;

  // A deployment uses it, or did before its last update and could go back.
  [[nodiscard]] virtual bool is_used(const model::ComponentId& id) const = 0;

  // Durable when it returns.
  virtual aio::Task<Result<void>> save(const HotDeployRecords& records) = 0;
  // `<file>.error` beside the file; an empty text removes it. Best effort.
  virtual aio::Task<void> report(std::string file, std::string text) = 0;
};

}  // namespace arcella::runtime
