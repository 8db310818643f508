// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "store/system_error.h"

#include <cerrno>
#include <string>
#include <utility>

namespace arcella::store {

Error system_error(int error_number, std::string_view what) {
  Error error = Error::from_errno(error_number, what);
  if (error_number == EFBIG) return {ErrorCode::NoSpace, error.message()};
  return error;
}

}  // namespace arcella::store
