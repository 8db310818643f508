// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "alme_proto/change_params.h"

#include <utility>

#include "alme_proto/views_json.h"

namespace arcella::alme_proto {

using wire::FieldReader;
using wire::Json;
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

}  // namespace arcella::alme_proto
