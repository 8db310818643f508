// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The rows of a state database as lines, read beside the daemon that owns it. It knows no table by
// name, so a migration that adds one is covered at once; columns named `*_at` or `*_ms` hold
// moments and are left out.
#pragma once

#include <string>
#include <vector>

namespace arcella::integration {

// Each row as "row TABLE COLUMN=value ...", sorted; one line that says so when it cannot be read.
[[nodiscard]] std::vector<std::string> rows_of(const std::string& database);

}  // namespace arcella::integration
