// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/version.h"

namespace arcella {

std::string_view version() noexcept {
  return ARCELLA_VERSION;
}

}  // namespace arcella
