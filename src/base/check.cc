// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace arcella {

void check_failed(const char* file, int line, const char* condition, const char* why) noexcept {
  std::fprintf(stderr, "arcella: %s:%d: check failed: %s (%s)\n", file, line, condition, why);
  std::abort();
}

}  // namespace arcella
