// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <string>

#include "base/result.h"
#include "wire/json.h"

namespace arcella::ipc {

// {"code": "not-found", "message": ..., "detail": ...}; `detail` only if there is one. Texts are
// cut to the bounds of limits::kFailureMessageBytesMax and kFailureBacktraceBytesMax.
[[nodiscard]] wire::Json to_json(const Error& error);
// An error that a worker reports: an unknown code is Internal, the texts are made harmless.
[[nodiscard]] Result<Error> error_from_json(const wire::FieldReader& fields);

}  // namespace arcella::ipc
