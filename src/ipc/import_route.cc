// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "ipc/import_route.h"

#include <limits>
#include <utility>

namespace arcella::ipc {

wire::JsonObject to_json(const ImportRoute& route) {
  wire::JsonArray functions(route.functions.begin(), route.functions.end());
  return {{"route", route.route},
          {"functions", std::move(functions)},
          {"call_timeout_ms", route.call_timeout_ms}};
}

Result<ImportRoute> import_route_from(const wire::FieldReader& fields) {
  ARCELLA_TRY_VOID(fields.only({"route", "functions", "call_timeout_ms"}));
  ImportRoute route;
  ARCELLA_TRY(auto number, fields.integer("route", 0, std::numeric_limits<std::uint32_t>::max()));
  route.route = static_cast<std::uint32_t>(number);
  ARCELLA_TRY(route.functions, fields.strings("functions"));
  ARCELLA_TRY(route.call_timeout_ms,
              fields.integer("call_timeout_ms", 0, std::numeric_limits<std::int64_t>::max()));
  return route;
}

}  // namespace arcella::ipc
