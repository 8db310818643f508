// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The params and results of the operations that change deployments that are there, one or several;
// the others are in methods.h.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/views.h"
#include "wire/json.h"

namespace arcella::alme_proto {

struct UpdateParams {
  std::string target;               // a component, by id or name, or a deployment
  std::optional<std::string> path;  // absolute; or
  std::optional<std::string> to;    // an installed component
  bool force = false;
  static Result<UpdateParams> from_json(const wire::Json& params);
  [[nodiscard]] wire::Json to_json() const;
};
struct UpdateResult {
  std::string component;
  std::vector<model::DeploymentView> deployments;
  static Result<UpdateResult> from_json(const wire::Json& result);
  [[nodiscard]] wire::Json to_json() const;
};

// start, stop: exactly one of the three.
struct StartParams {
  std::optional<std::string> deployment;
  std::vector<std::string> deployments;
  std::optional<std::string> group;
  static Result<StartParams> from_json(const wire::Json& params);
  [[nodiscard]] wire::Json to_json() const;
};

struct UndeployParams {
  std::string deployment;
  bool force = false;  // also what others are bound to
  static Result<UndeployParams> from_json(const wire::Json& params);
  [[nodiscard]] wire::Json to_json() const;
};

// What `deploy` with `dry_run` answers.
struct DeployPlan {
  std::vector<model::PlannedChange> changes;
  static Result<DeployPlan> from_json(const wire::Json& result);
  [[nodiscard]] wire::Json to_json() const;
};

}  // namespace arcella::alme_proto
