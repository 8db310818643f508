// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// One end of a data channel (docs/ipc-protocol.md), the same in the daemon and in a worker: calls
// go out and their results come in, calls come in and their results go out. The engine pool's
// threads sleep on the socket itself; the one that a frame wakes reads it, and runs the guest that
// is called or tells the one that waited, with no hand-over. While it runs a guest, the next frame
// wakes another thread. Calls that came together are spread over the threads. Frames that a thread
// makes one after the other go out together (FrameWriter). Large payloads go through memory that
// both ends have mapped, if they were given some.
//
// The peer is untrusted. Bounds: limits::kDataInFlightMax calls each way (more are answered
// Unavailable) of kDataIncomingBytesMax, kDataPayloadBytesMax per frame, and what the peer does not
// take: see Side.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "engine/call.h"
#include "host/call_chain.h"
#include "host/callee.h"
#include "host/engine_pool.h"
#include "host/frame_writer.h"
#include "host/outgoing_calls.h"
#include "ipc/data_end.h"
#include "ipc/frame_reader.h"
#include "ipc/shared_memory.h"

namespace arcella::host {

// Owners (shared): whoever opened it, who must close() it; the pool; callees that lead through it.
// Thread: any. Lock order: none is taken while another is held.
class CallPort final : public std::enable_shared_from_this<CallPort> {
 public:
  // A worker whose daemon leaves kDataOutboxBytesMax unread reads no more until it does; a daemon
  // never waits for a worker, and gives up one that leaves kDataAbandonBytes. Link: of two workers
  // neither waits for the other, as the daemon would not in between.
  enum class Side { Worker, Daemon, Link };
  // Once, on a thread of the pool: the peer closed (Unavailable), or broke a rule (InvalidRequest).
  using OnLost = std::function<void(const Error&)>;

  // `pool` outlives every port.
  static Result<std::shared_ptr<CallPort>> open(ipc::DataEnd end, EnginePool& pool, Side side,
                                                OnLost on_lost);
  CallPort(UniqueFd socket, std::unique_ptr<ipc::SharedMemory> memory, EnginePool& pool, Side side,
           OnLost on_lost);  // for open()
  CallPort(const CallPort&) = delete;
  CallPort& operator=(const CallPort&) = delete;

  // Whom calls with this number in `slot` are for; null: nobody, they are Unavailable.
  void serve(std::uint32_t slot, std::shared_ptr<Callee> callee);

  // Sends a call: slot, index, function, encoding and timeout are those of `header`. `done` runs
  // exactly once, on any thread, also before this returns; with TimedOut when there is no answer
  // within `patience`, with Unavailable when the channel ends or is full.
  engine::CallHandle call(ipc::DataHeader header, const CallChain* caller,
                          std::span<const std::byte> arguments, std::chrono::milliseconds patience,
                          engine::CallDone done);

  // Nobody here holds these handles any more, which results of `slot` had.
  void drop(std::uint32_t slot, std::span<const std::uint64_t> handles);

  // Ends it. What has arrived is still read; what is under way then ends Unavailable with `reason`,
  // calls that came in are cancelled. Idempotent: the first reason counts.
  void close(const std::string& reason);
  [[nodiscard]] int in_flight() const { return outgoing_.count(); }

 private:
  struct Sent;  // the handle of an outgoing call
  using Frame = ipc::DataFrame;
  struct Incoming {
    engine::CallHandle handle{};
    bool cancelled = false;
    std::size_t bytes = 0;
  };

  void on_ready(bool hung_up);
  void read();
  [[nodiscard]] std::optional<Error> read_some(std::vector<Frame>& frames, bool to_the_end,
                                               bool& more);
  // Ends calls that have their result, enters new ones into the table and into calls_, and obeys
  // cancellations.
  [[nodiscard]] std::optional<Error> admit(std::vector<Frame>& frames);
  [[nodiscard]] std::optional<engine::CallOutcome> refusal(const Frame& frame)
      ARCELLA_REQUIRES(mutex_);
  void result_came(const Frame& frame);
  void drop_came(const Frame& frame);
  // Calls that came in wait in calls_ for the threads that run them: the one that has read them,
  // and, while there are more, another one, which is asked for with the first that is taken.
  struct Taken {
    Frame frame;
    std::shared_ptr<Callee> callee;  // null: nobody serves it
    bool cancelled;
  };
  [[nodiscard]] std::optional<Taken> next_call();
  [[nodiscard]] bool needs_help() ARCELLA_REQUIRES(mutex_);
  void post_help();
  void run_calls();
  void run_call(const Taken& taken);
  [[nodiscard]] engine::CallHandle begin_call(const Frame& frame,
                                              const std::shared_ptr<Callee>& callee);
  void cancel_incoming(std::uint64_t request);
  void reply(const ipc::DataHeader& call_header, const engine::CallOutcomeView& outcome);

  void send(const ipc::DataHeader& header, std::span<const std::byte> payload,
            std::span<const std::byte> tail = {});
  void cancel_outgoing(std::uint64_t request);
  void send_cancel(std::uint64_t request);
  void give_up_late_ones();
  void lost(const Error& why);
  void end_all();
  [[nodiscard]] bool congested() const noexcept;

  const UniqueFd socket_;
  const std::unique_ptr<ipc::SharedMemory> memory_;  // null: without
  EnginePool& pool_;
  const Side side_;
  FrameWriter writer_;
  OutgoingCalls outgoing_;
  ipc::FrameReader reader_;  // one thread at a time: the one that set reading_
  std::atomic<bool> watching_deadlines_ = false;

  mutable Mutex mutex_;
  OnLost on_lost_ ARCELLA_GUARDED_BY(mutex_);  // empty once it was called
  bool reading_ ARCELLA_GUARDED_BY(mutex_) = false;
  // Wake-ups so far: one may come while another thread reads.
  std::uint64_t arrivals_ ARCELLA_GUARDED_BY(mutex_) = 0;
  bool hung_up_ ARCELLA_GUARDED_BY(mutex_) = false;  // the peer: nobody wakes us any more
  bool ended_ ARCELLA_GUARDED_BY(mutex_) = false;    // nothing more is read
  std::optional<std::string> closed_ ARCELLA_GUARDED_BY(mutex_);  // why
  std::unordered_map<std::uint64_t, Incoming> incoming_ ARCELLA_GUARDED_BY(mutex_);
  std::size_t incoming_bytes_ ARCELLA_GUARDED_BY(mutex_) = 0;
  std::deque<Frame> calls_ ARCELLA_GUARDED_BY(mutex_);
  bool help_asked_ ARCELLA_GUARDED_BY(mutex_) = false;  // a thread was posted and has not begun
  std::unordered_map<std::uint32_t, std::shared_ptr<Callee>> callees_ ARCELLA_GUARDED_BY(mutex_);
};

}  // namespace arcella::host
