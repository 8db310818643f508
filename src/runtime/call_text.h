// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/instance.h"
#include "model/component.h"

namespace arcella::runtime {

struct CallText {
  std::string function;
  std::string arguments;  // WAVE, without the parentheses
};
// `add(20, 22)`, `examples:calc/ops@1.0.0#add(20, 22)`, or the function and its arguments apart.
// InvalidParams.
[[nodiscard]] Result<CallText> split_call(std::string_view function, std::string_view arguments);

// The function that was perhaps meant by a name that no exported one has, as it can be written in a
// call: with its interface when `wanted` has one, or when two interfaces have such a function.
[[nodiscard]] std::optional<std::string> nearest_function(
    std::string_view wanted, const std::vector<model::InterfaceItem>& exports);

// What a call came to: the WAVE text of its result, or the error that says what the guest did.
[[nodiscard]] Result<std::string> result_of(const engine::CallOutcome& outcome);

}  // namespace arcella::runtime
