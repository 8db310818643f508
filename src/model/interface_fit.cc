// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/interface_fit.h"

#include <cstddef>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "model/function_difference.h"

namespace arcella::model {
namespace {

bool has_shapes(const InterfaceItem& item) {
  return item.shapes.size() == item.functions.size();
}

}  // namespace

std::vector<std::string> misfits(const InterfaceItem& wanted, const InterfaceItem& offered) {
  std::unordered_map<std::string_view, std::size_t> there;
  for (std::size_t i = 0; i < offered.functions.size(); ++i)
    there.emplace(function_name(offered.functions[i]), i);
  const bool by_shape = has_shapes(wanted) && has_shapes(offered);
  std::optional<FunctionDifference> difference;
  std::vector<std::string> missed;
  for (std::size_t i = 0; i < wanted.functions.size(); ++i) {
    const std::string& signature = wanted.functions[i];
    auto found = there.find(function_name(signature));
    if (found == there.end()) {
      missed.push_back("'" + signature + "' is missing");
      continue;
    }
    const std::size_t other = found->second;
    if (by_shape) {
      if (wanted.shapes[i] == offered.shapes[other]) continue;
      if (!difference) difference.emplace(wanted, offered);
      missed.push_back(difference->of(i, other));
    } else if (signature != offered.functions[other]) {
      missed.push_back("'" + offered.functions[other] + "' instead of '" + signature + "'");
    }
  }
  return missed;
}

}  // namespace arcella::model
