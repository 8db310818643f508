// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// model::Inspection as JSON: the compile helper writes it, the daemon reads it, the store keeps it.
// The helper has read hostile bytes, so every list and text is bounded (base/limits.h) and free of
// control characters.
#pragma once

#include <string>

#include "base/result.h"
#include "model/component.h"
#include "wire/json.h"

namespace arcella::ipc {

[[nodiscard]] wire::Json to_json(const model::Inspection& inspection);
[[nodiscard]] Result<model::Inspection> inspection_from_json(const wire::Json& value,
                                                             std::string path = "inspection");

}  // namespace arcella::ipc
