// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/mutex.h"
#include "host/engine_pool.h"
#include "ipc/data_frame.h"
#include "ipc/shared_memory.h"

namespace arcella::host {

// The sending half of a data connection. Small frames of a thread of the pool are gathered until it
// has nothing else to do (EnginePool::defer), within the bounds of limits::kDataGather...; others
// go out at once. What the socket does not take is copied and goes when it takes bytes again.
// Owner: CallPort, which watches the socket in the pool. Thread: any; frames are never mixed, and
// go out in the order in which they were written.
class FrameWriter final : public EnginePool::Deferred {
 public:
  enum class Written {
    Out,     // or behind others that are already waited for
    PutOff,  // who wrote it has to defer() this to the pool
  };
  using Bytes = std::span<const std::byte>;
  // `memory`: for large payloads, outlives it; null: there is none.
  FrameWriter(int socket, EnginePool& pool, ipc::SharedMemory* memory = nullptr)
      : socket_(socket), pool_(pool), memory_(memory) {}

  // Both parts together are the frame's payload; its length is set here. Nothing happens when the
  // peer is gone: who reads hears of it.
  [[nodiscard]] Written write(ipc::DataHeader header, Bytes payload, Bytes tail = {});
  // Sends what there is: the socket may take bytes again, or nothing more is gathered.
  void flush();
  void run_deferred() override { flush(); }
  // Bytes that the peer has left in our hands.
  [[nodiscard]] std::size_t queued() const noexcept {
    return queued_.load(std::memory_order_relaxed);
  }

 private:
  [[nodiscard]] std::optional<std::uint64_t> put_shared(Bytes payload, Bytes tail)
      ARCELLA_REQUIRES(mutex_);
  void append(Bytes bytes) ARCELLA_REQUIRES(mutex_);
  void send_now(std::span<const Bytes> parts) ARCELLA_REQUIRES(mutex_);

  const int socket_;
  EnginePool& pool_;
  ipc::SharedMemory* const memory_;  // put() under the lock
  Mutex mutex_;                      // taken before the pool's
  std::string outbox_ ARCELLA_GUARDED_BY(mutex_);
  std::size_t sent_ ARCELLA_GUARDED_BY(mutex_) = 0;  // of the outbox
  int gathered_ ARCELLA_GUARDED_BY(mutex_) = 0;      // frames in it that were put off
  bool blocked_ ARCELLA_GUARDED_BY(mutex_) = false;  // until the socket takes bytes again
  std::atomic<std::size_t> queued_ = 0;              // of the outbox, while it is blocked
};

}  // namespace arcella::host
