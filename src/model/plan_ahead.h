// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// All that the reconciler would do, one plan after the other, if nothing failed on the way: what
// `deploy --dry-run` shows. Pure.
#pragma once

#include <vector>

#include "model/plan.h"

namespace arcella::model {

// The actions in order until nothing is left to do. What is held or has failed for good stays so.
[[nodiscard]] std::vector<Action> plan_ahead(Situation situation);

}  // namespace arcella::model
