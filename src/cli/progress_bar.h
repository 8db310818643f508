// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// How far a long command is, on standard error and only for somebody who watches: one line that is
// drawn over, and gone when the answer is there.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "model/progress.h"
#include "wire/json.h"

namespace arcella::cli {

// "compiling ...", or "starting [#####     ] 500/1000" where the total is known; fits into `width`
// columns (80 when 0).
[[nodiscard]] std::string progress_text(const model::Progress::Note& note, std::size_t width);

// Asks; where standard error is a terminal, for progress too, and draws it. `method` must be one
// that takes `progress`.
[[nodiscard]] Result<wire::Json> call_watched(Client& client, Surroundings& surroundings,
                                              std::string_view method, wire::Json params);

}  // namespace arcella::cli
