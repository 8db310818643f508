// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The descriptors that the daemon leaves open for a worker process (ipc/handshake.h).
#pragma once

#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace arcella::worker {

// Takes ownership. InvalidRequest if there is none: the program was started by hand.
[[nodiscard]] Result<UniqueFd> inherited_fd(int number, std::string_view what);
// The same, and it is a socket.
[[nodiscard]] Result<UniqueFd> inherited_socket(int number, std::string_view what);

}  // namespace arcella::worker
