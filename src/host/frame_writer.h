// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <span>
#include <string>

#include "base/mutex.h"
#include "host/engine_pool.h"
#include "ipc/data_frame.h"

namespace arcella::host {

// The sending half of a data connection: a frame goes out at once as far as the socket takes it,
// only the rest is copied and goes when the socket takes bytes again. Owner: CallPort, which
// watches the socket in the pool. Thread: any; frames are never mixed.
class FrameWriter {
 public:
  FrameWriter(int socket, EnginePool& pool) : socket_(socket), pool_(pool) {}

  // Both parts together are the frame's payload; its length is set here. Nothing happens when the
  // peer is gone: who reads hears of it.
  void write(ipc::DataHeader header, std::span<const std::byte> payload,
             std::span<const std::byte> tail = {});
  // The socket may take bytes again.
  void flush();
  // Bytes that the peer has left in our hands.
  [[nodiscard]] std::size_t queued() const noexcept {
    return queued_.load(std::memory_order_relaxed);
  }

 private:
  const int socket_;
  EnginePool& pool_;
  Mutex mutex_;  // taken before the pool's
  std::string outbox_ ARCELLA_GUARDED_BY(mutex_);
  std::size_t sent_ ARCELLA_GUARDED_BY(mutex_) = 0;  // of the outbox
  std::atomic<std::size_t> queued_ = 0;              // its rest
};

}  // namespace arcella::host
