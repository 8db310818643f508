// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// May one component take another's place under a deployment? Asked by `update`. Pure.
#pragma once

#include <string>
#include <vector>

#include "model/component.h"

namespace arcella::model {

// What a caller of `before` would miss if `after` took its place, a line each: an export that is
// gone, and what its interfaces' callers would miss (interface_fit.h). An interface may come back
// at a later version of the same semver track; what is new in `after` is no loss. The interfaces of
// WASI that make a component a command or an http server are left to the kind.
[[nodiscard]] std::vector<std::string> lost_exports(const Component& before,
                                                    const Component& after);

}  // namespace arcella::model
