// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "alme_proto/change_params.h"

#include <utility>

#include "alme_proto/views_json.h"
#include "base/limits.h"

namespace arcella::alme_proto {

using wire::FieldReader;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

Result<UpdateParams> UpdateParams::from_json(const Json& params) {
  ARCELLA_TRY(auto reader, FieldReader::of(params, "params"));
  UpdateParams result;
  ARCELLA_TRY(result.target, reader.string("target"));
  ARCELLA_TRY(result.path, reader.optional_string("path"));
  ARCELLA_TRY(result.to, reader.optional_string("to"));
  ARCELLA_TRY(result.force, reader.boolean_or("force", false));
  if (result.path.has_value() == result.to.has_value()) {
    return fail(ErrorCode::InvalidParams,
                "params: expected either `path`, a package, or `to`, an installed component");
  }
  return result;
}
Json UpdateParams::to_json() const {
  JsonObject object;
  object["target"] = target;
  if (path) object["path"] = *path;
  if (to) object["to"] = *to;
  if (force) object["force"] = true;
  return object;
}

Result<UpdateResult> UpdateResult::from_json(const Json& result) {
  ARCELLA_TRY(auto reader, FieldReader::of(result, "result"));
  UpdateResult made;
  ARCELLA_TRY(made.component, reader.string("component"));
  ARCELLA_TRY(auto listing, listing_from_json(result));
  made.deployments = std::move(listing.deployments);
  return made;
}
Json UpdateResult::to_json() const {
  Json object = alme_proto::to_json(deployments);
  object.as_object()["component"] = component;
  return object;
}

Result<StartParams> StartParams::from_json(const Json& params) {
  ARCELLA_TRY(auto reader, FieldReader::of(params, "params"));
  StartParams result;
  ARCELLA_TRY(result.deployment, reader.optional_string("deployment"));
  ARCELLA_TRY(result.deployments, reader.strings_or_empty("deployments"));
  ARCELLA_TRY(result.group, reader.optional_string("group"));
  const int said = static_cast<int>(result.deployment.has_value()) +
                   static_cast<int>(!result.deployments.empty()) +
                   static_cast<int>(result.group.has_value());
  if (said != 1) {
    return fail(ErrorCode::InvalidParams,
                "params: expected one of `deployment`, `deployments` and `group`");
  }
  return result;
}
Json StartParams::to_json() const {
  JsonObject object;
  if (deployment) object["deployment"] = *deployment;
  if (!deployments.empty())
    object["deployments"] = wire::JsonArray(deployments.begin(), deployments.end());
  if (group) object["group"] = *group;
  return object;
}

Result<UndeployParams> UndeployParams::from_json(const Json& params) {
  ARCELLA_TRY(auto reader, FieldReader::of(params, "params"));
  UndeployParams result;
  ARCELLA_TRY(result.deployment, reader.string("deployment"));
  ARCELLA_TRY(result.force, reader.boolean_or("force", false));
  return result;
}
Json UndeployParams::to_json() const {
  JsonObject object;
  object["deployment"] = deployment;
  if (force) object["force"] = true;
  return object;
}

Result<DeployPlan> DeployPlan::from_json(const Json& result) {
  ARCELLA_TRY(auto reader, FieldReader::of(result, "result"));
  ARCELLA_TRY(auto entries, reader.objects("plan"));
  DeployPlan plan;
  for (const FieldReader& entry : entries) {
    model::PlannedChange& change = plan.changes.emplace_back();
    ARCELLA_TRY(change.deployment, entry.string("deployment"));
    ARCELLA_TRY(change.change, entry.string("change"));
    ARCELLA_TRY(change.actions, entry.strings("actions"));
    if (!entry.has("replicas")) continue;
    ARCELLA_TRY(auto replicas, entry.object("replicas"));
    ARCELLA_TRY(auto from, replicas.integer("from", 0, limits::kReplicasMax));
    ARCELLA_TRY(auto to, replicas.integer("to", 0, limits::kReplicasMax));
    change.scaled = model::PlannedChange::Replicas{static_cast<int>(from), static_cast<int>(to)};
  }
  return plan;
}
Json DeployPlan::to_json() const {
  JsonArray entries;
  for (const model::PlannedChange& change : changes) {
    JsonArray actions;
    for (const std::string& action : change.actions) actions.emplace_back(action);
    JsonObject entry;
    entry["deployment"] = change.deployment;
    entry["change"] = change.change;
    entry["actions"] = std::move(actions);
    if (change.scaled) {
      JsonObject replicas;
      replicas["from"] = change.scaled->from;
      replicas["to"] = change.scaled->to;
      entry["replicas"] = std::move(replicas);
    }
    entries.push_back(std::move(entry));
  }
  JsonObject object;
  object["plan"] = std::move(entries);
  return object;
}

}  // namespace arcella::alme_proto
