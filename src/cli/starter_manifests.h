// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The texts that `init` writes: manifests that pass `check` as they are, with comments that say
// what else they may hold. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace arcella::cli {

struct StarterFile {
  std::string name;
  std::string text;
};

// `kind`: "service", "command" or "http"; `core`: for a core module instead of a component.
// InvalidParams for a name against the grammar, and for a core module that should serve HTTP.
[[nodiscard]] Result<std::vector<StarterFile>> starter_manifests(std::string_view name,
                                                                 std::string_view kind, bool core);

}  // namespace arcella::cli
