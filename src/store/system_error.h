// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <string_view>

#include "base/result.h"

namespace arcella::store {

// Error::from_errno, with one difference: EFBIG (the process's file-size limit, or the file
// system's) is NoSpace too, as the bytes found no room and what mends it is the same.
[[nodiscard]] Error system_error(int error_number, std::string_view what);

}  // namespace arcella::store
