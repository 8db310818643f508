// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What component.toml states of a core module with the types of its functions, as the text of a WIT
// world: by it the module is made into a component (engine/wrap.h).
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "model/component.h"

namespace arcella::manifest {

// nullopt: no function has a type (`add: func(a: s32) -> s32`), so the module stays what it is.
// InvalidManifest: an interface with types has no whole name, or a function is not of the form
// `name: func(a: T, ...) -> T` with T an integer or float: s32, u32, s64, u64, f32, f64.
[[nodiscard]] Result<std::optional<std::string>> core_world(
    const model::ComponentManifest& manifest);

}  // namespace arcella::manifest
