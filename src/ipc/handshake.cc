// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "ipc/handshake.h"

#include <string>

namespace arcella::ipc {

Result<void> check_hello(const Hello& hello, std::int64_t pid) {
  if (hello.protocol != kProtocolVersion) {
    return fail(ErrorCode::Conflict, "the worker speaks version " + std::to_string(hello.protocol) +
                                         " of the protocol, the daemon version " +
                                         std::to_string(kProtocolVersion) +
                                         ": arcella and arcella-worker are of different builds");
  }
  if (hello.pid != pid) {
    return fail(ErrorCode::InvalidRequest,
                "process " + std::to_string(pid) + " says that it is " + std::to_string(hello.pid));
  }
  return {};
}

}  // namespace arcella::ipc
