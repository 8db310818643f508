// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// How a worker process is started and greets: the descriptors it finds open, and the check of its
// Hello.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "ipc/control_message.h"

namespace arcella::ipc {

// Descriptor numbers in the child, beside 0, 1 and 2.
inline constexpr int kServeControlFd = 3;
inline constexpr int kServeDataFd = 4;
inline constexpr int kServeMemoryFd = 5;      // the data channel's; the second half is its own
inline constexpr int kCompileWasmFd = 3;      // read from offset 0
inline constexpr int kCompileArtifactFd = 4;  // a memfd
inline constexpr int kCompileReportFd = 5;    // a pipe
inline constexpr int kComposeFirstFd = 6;     // of the others that it is composed with, in order
inline constexpr int kRunArtifactFd = 3;
inline constexpr int kRunControlFd = 4;
// Only of a command with imports.
inline constexpr int kRunDataFd = 5;

// Conflict when the worker is of another version of the protocol, InvalidRequest when it claims to
// be another process.
[[nodiscard]] Result<void> check_hello(const Hello& hello, std::int64_t pid);

}  // namespace arcella::ipc
