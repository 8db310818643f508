// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include "base/result.h"
#include "base/unique_fd.h"

namespace arcella {

// A file that is in memory only (memfd_create(2)), empty, for data: it can be sealed, never be run.
// `name` shows in /proc.
[[nodiscard]] Result<UniqueFd> make_memory_file(const char* name);

}  // namespace arcella
