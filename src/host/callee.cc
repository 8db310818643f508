// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "host/callee.h"

#include "model/component.h"

namespace arcella::host {

Result<std::vector<std::uint32_t>> numbers_of(Callee& callee, std::string_view exported,
                                              const std::vector<std::string>& functions) {
  std::vector<std::uint32_t> numbers;
  numbers.reserve(functions.size());
  for (const std::string& function : functions) {
    ARCELLA_TRY(const std::uint32_t number,
                callee.resolve(model::full_function_name(exported, function)));
    numbers.push_back(number);
  }
  return numbers;
}

}  // namespace arcella::host
