// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The worker's end of the data channel: calls come in, results go out. The pool's threads sleep on
// the socket itself; the one that a call wakes reads it, runs the guest and writes the result, with
// no hand-over. While it runs a guest, the next call wakes another thread. Calls that came together
// are spread over the threads. Bounds: limits::kDataInFlightMax calls (more are answered
// Unavailable), limits::kDataPayloadBytesMax per call, limits::kDataOutboxBytesMax of results that
// the daemon does not take (no more calls are read until it does).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "engine/instance.h"
#include "host/engine_pool.h"
#include "host/hosted_deployment.h"
#include "ipc/data_frame.h"

namespace arcella::worker {

// Cuts calls and cancellations out of the byte stream. A large payload is read straight to where it
// stays.
class DataFrameReader {
 public:
  struct Frame {
    ipc::DataHeader header;
    std::vector<std::byte> payload;
  };
  enum class Progress { Drained, MayHaveMore, Closed };

  // Reads without waiting until nothing is left or `frames` has at least `frames_max`. An error:
  // the peer spoke nonsense.
  Result<Progress> read(int socket, std::vector<Frame>& frames, std::size_t frames_max);

 private:
  [[nodiscard]] Result<void> cut(std::vector<Frame>& frames);

  std::vector<std::byte> ahead_ = std::vector<std::byte>(64U << 10);
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::optional<Frame> open_;  // its payload is not complete
  std::size_t open_bytes_ = 0;
};

// Owner: Worker; outlives the host's guests.  Thread: any.
class DataPort {
 public:
  DataPort(UniqueFd socket, host::EnginePool& pool) : socket_(std::move(socket)), pool_(pool) {}
  DataPort(const DataPort&) = delete;
  DataPort& operator=(const DataPort&) = delete;

  // Calls are served from here on.
  [[nodiscard]] Result<void> open();
  // The deployment behind a number of the data channel; null: calls to it are Unavailable.
  void set_slot(std::uint32_t slot, std::shared_ptr<host::HostedDeployment> deployment);

 private:
  using Frame = DataFrameReader::Frame;
  struct InFlight {
    engine::CallHandle handle{};
    bool cancelled = false;
  };

  void on_ready();
  void read_calls();
  // Enters calls into the table and obeys cancellations; what is left in `frames` is to be run.
  void admit(std::vector<Frame>& frames);
  void run_call(const Frame& frame);
  void post_call(Frame frame);
  void cancel(std::uint64_t request);
  void reply(std::uint64_t request, const engine::CallOutcomeView& outcome);
  void write(ipc::DataHeader header, std::span<const std::byte> payload);
  void flush() ARCELLA_REQUIRES(write_mutex_);
  [[nodiscard]] bool paused();

  const UniqueFd socket_;
  host::EnginePool& pool_;

  // The reader: one thread at a time, the one that set reading_.
  DataFrameReader reader_;

  // Lock order: none is taken while another is held.
  Mutex mutex_;
  bool reading_ ARCELLA_GUARDED_BY(mutex_) = false;
  std::uint64_t arrivals_ ARCELLA_GUARDED_BY(mutex_) =
      0;  // wake-ups so far: one that came while another thread read
  bool closed_ ARCELLA_GUARDED_BY(mutex_) = false;
  std::unordered_map<std::uint64_t, InFlight> in_flight_ ARCELLA_GUARDED_BY(mutex_);
  std::unordered_map<std::uint32_t, std::shared_ptr<host::HostedDeployment>> slots_
      ARCELLA_GUARDED_BY(mutex_);

  Mutex write_mutex_;
  std::string outbox_ ARCELLA_GUARDED_BY(write_mutex_);  // what the socket did not take
  std::size_t outbox_sent_ ARCELLA_GUARDED_BY(write_mutex_) = 0;
  bool paused_ ARCELLA_GUARDED_BY(write_mutex_) = false;  // reading waits for the outbox
};

}  // namespace arcella::worker
