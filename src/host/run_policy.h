// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What of a RunSpec the engine has to know. Pure.
#pragma once

#include <chrono>

#include "engine/instance.h"
#include "model/run_spec.h"

namespace arcella::host {

// Without the deployment's keys, which are no plain value (host/key_value_service.h).
[[nodiscard]] engine::WasiPolicy wasi_policy_of(const model::RunSpec& spec);

// The limits of every store of the deployment. A store knows one longest call: for a service with
// an entrypoint it is the longer of start-up and call, and call_timeout_of() holds the calls to
// theirs.
[[nodiscard]] engine::StoreLimits store_limits_of(const model::RunSpec& spec);

// How long a call may take for which `asked` was asked; in both 0 means no bound of its own.
[[nodiscard]] std::chrono::milliseconds call_timeout_of(const model::RunSpec& spec,
                                                        std::chrono::milliseconds asked);

}  // namespace arcella::host
