// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "wire/json.h"

namespace arcella::ipc {

// The way to a provider in another process: calls to the daemon with `route` as their slot.
struct ImportRoute {
  std::uint32_t route = 0;
  std::vector<std::string> functions;  // by number, without the interface
  std::int64_t call_timeout_ms = 0;    // the provider's
  friend bool operator==(const ImportRoute&, const ImportRoute&) = default;
};

[[nodiscard]] wire::JsonObject to_json(const ImportRoute& route);
[[nodiscard]] Result<ImportRoute> import_route_from(const wire::FieldReader& fields);

}  // namespace arcella::ipc
