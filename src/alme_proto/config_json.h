// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The results of `config` and `reload` as JSON, in the shapes of docs/alme-protocol.md, and back.
#pragma once

#include <vector>

#include "base/result.h"
#include "model/config_view.h"
#include "wire/json.h"

namespace arcella::alme_proto {

// {"values": [{"key", "value", "source", "needs_restart"}...]}
[[nodiscard]] wire::Json to_json(const std::vector<model::ConfigEntry>& values);
[[nodiscard]] Result<std::vector<model::ConfigEntry>> config_from_json(const wire::Json& result);

// {"applied": [key...], "needs_restart": [key...]}
[[nodiscard]] wire::Json to_json(const model::ReloadOutcome& outcome);
[[nodiscard]] Result<model::ReloadOutcome> reload_from_json(const wire::Json& result);

}  // namespace arcella::alme_proto
