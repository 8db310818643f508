// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <string>

#include "base/result.h"
#include "model/run_spec.h"
#include "wire/json.h"

namespace arcella::ipc {

// Times in milliseconds, sizes in bytes; an absent optional is left out.
[[nodiscard]] wire::Json to_json(const model::RunSpec& spec);
// InvalidParams naming the field; `path` is where the value stands, for messages.
[[nodiscard]] Result<model::RunSpec> run_spec_from_json(const wire::Json& value,
                                                        std::string path = "spec");

}  // namespace arcella::ipc
