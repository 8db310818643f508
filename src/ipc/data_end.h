// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"

namespace arcella::ipc {

// One end of a data channel (docs/ipc-protocol.md), as the process gets it that is to use it.
struct DataEnd {
  // Without memory large payloads go through the socket, too.
  explicit DataEnd(UniqueFd socket_end, UniqueFd shared_memory = {}, bool writes_first_half = true)
      : socket(std::move(socket_end)), memory(std::move(shared_memory)), first(writes_first_half) {}

  UniqueFd socket;
  UniqueFd memory;  // SharedMemory::make(); both ends have the same
  bool first;       // which half is its own
};

// Both ends of a new one, with memory.
[[nodiscard]] Result<std::pair<DataEnd, DataEnd>> make_data_channel();

}  // namespace arcella::ipc
