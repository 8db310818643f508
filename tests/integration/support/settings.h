// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <cstdlib>

namespace arcella::integration {

// What whoever runs the tests says in the environment.
inline int number_of(const char* variable, int otherwise) {
  const char* text = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): nobody sets it
  return text == nullptr ? otherwise : std::atoi(text);
}

}  // namespace arcella::integration
