// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The fields that a template sets and a deployment may override, as they stand in both files.
#pragma once

#include "manifest/toml_reader.h"
#include "model/deployment.h"

namespace arcella::manifest {

// isolation, trusted, async, [startup] and [resources] of `table`.
void read_policy_fields(TableReader& table, model::PolicyFields& fields);
// Only [startup] and [resources].
void read_startup_and_resources(TableReader& table, model::PolicyFields& fields);

}  // namespace arcella::manifest
