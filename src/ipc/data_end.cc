// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "ipc/data_end.h"

#include "aio/unix_socket.h"
#include "ipc/shared_memory.h"

namespace arcella::ipc {

Result<std::pair<DataEnd, DataEnd>> make_data_channel() {
  ARCELLA_TRY(auto sockets, aio::socket_pair());
  ARCELLA_TRY(UniqueFd memory, SharedMemory::make());
  ARCELLA_TRY(UniqueFd same, memory.duplicate());
  return std::pair(DataEnd(std::move(sockets.first), std::move(memory), true),
                   DataEnd(std::move(sockets.second), std::move(same), false));
}

}  // namespace arcella::ipc
