// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Progress of a long request: what the request says to get it, and the notifications that then come
// before its answer (docs/alme-protocol.md, "Progress").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/progress.h"
#include "wire/json.h"

namespace arcella::alme_proto {

inline constexpr std::string_view kProgressNotification = "progress";

// `"progress": true` among the params. InvalidParams for anything but true and false.
[[nodiscard]] Result<bool> asks_for_progress(const wire::Json& params);

// `request` is added by the session.
[[nodiscard]] wire::JsonObject to_json(const model::Progress::Note& note);

struct ProgressNote {
  std::string stage;
  std::uint64_t done = 0;
  std::optional<std::uint64_t> total;  // nullopt: not known
};
[[nodiscard]] Result<ProgressNote> progress_from_json(const wire::Json& params);

}  // namespace arcella::alme_proto
