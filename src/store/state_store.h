// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The durable state: components and deployments with what is wanted of them, in
// <home>/state/arcella.db (SQLite, WAL, synchronous=FULL). One transaction per operation; when a
// call returns without error it is on the disk.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/component.h"
#include "model/deployment.h"

namespace arcella::store {

struct StoredDeployment {
  model::Deployment deployment;
  model::Desired desired = model::Desired::Stopped;
  int generation = 1;
  std::optional<model::Generation> previous = {};
};

// Owner: the runtime.  Thread: confined to one at a time (the runtime's blocking thread).
class StateStore {
 public:
  // Creates or migrates. Conflict for a database of a newer program, which is left untouched.
  // ":memory:" for tests.
  static Result<std::unique_ptr<StateStore>> open(const std::string& path);
  ~StateStore();
  StateStore(const StateStore&) = delete;
  StateStore& operator=(const StateStore&) = delete;

  [[nodiscard]] Result<std::vector<model::Component>> load_components() const;
  [[nodiscard]] Result<std::vector<StoredDeployment>> load_deployments() const;

  // AlreadyExists if the id is there. `template_fields` is what the component's
  // deployment-template.toml says.
  Result<void> add_component(const model::Component& component,
                             const model::PolicyFields& template_fields);
  // Other content for an id that is there (NotFound); its deployments stay as they are.
  Result<void> replace_component(const model::Component& component,
                                 const model::PolicyFields& template_fields);
  [[nodiscard]] Result<model::PolicyFields> component_template(const model::ComponentId& id) const;
  // Conflict if a deployment uses it. A previous generation that used it is dropped with it.
  Result<void> remove_component(const model::ComponentId& id);

  // Inserts or replaces all of them in one transaction. A replaced one keeps its desired state, and
  // what it was becomes its previous generation, in place of the one before.
  Result<void> put_deployments(const std::vector<model::Deployment>& deployments);
  // The same together with a component that they use, as one.
  Result<void> put_deployments(const std::vector<model::Deployment>& deployments,
                               const model::Component& component,
                               const model::PolicyFields& template_fields);
  Result<void> set_desired(const model::DeploymentId& id, model::Desired desired);
  Result<void> set_replicas(const model::DeploymentId& id, int replicas);
  Result<void> remove_deployment(const model::DeploymentId& id);

 private:
  struct Impl;
  explicit StateStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace arcella::store
