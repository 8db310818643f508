// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/interface_fit.h"

#include <algorithm>
#include <string_view>

namespace arcella::model {

std::vector<std::string> misfits(const InterfaceItem& wanted, const InterfaceItem& offered) {
  std::vector<std::string> missed;
  for (const std::string& signature : wanted.functions) {
    const std::string_view name = function_name(signature);
    auto found =
        std::find_if(offered.functions.begin(), offered.functions.end(),
                     [name](const std::string& other) { return function_name(other) == name; });
    if (found == offered.functions.end()) {
      missed.push_back("'" + signature + "' is missing");
    } else if (*found != signature) {
      missed.push_back("'" + *found + "' instead of '" + signature + "'");
    }
  }
  return missed;
}

}  // namespace arcella::model
