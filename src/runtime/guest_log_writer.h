// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "aio/event.h"
#include "aio/task.h"
#include "aio/task_scope.h"
#include "aio/worker_pool.h"
#include "base/rotating_file.h"
#include "model/ids.h"
#include "runtime/guest_log_file.h"

namespace arcella::runtime {

// Brings the guests' lines from the control thread to their files. What the disk does not take in
// time (limits::kGuestLogQueueBytesMax), or at all, is dropped and counted, never waited for; the
// file says so when it can be written again.
// Owner: GuestLogs.  Thread: control; the files are written and read on a thread of its own, in the
// order in which it was asked.  Stop: co_await stop() before destruction.
class GuestLogWriter {
 public:
  GuestLogWriter(const boost::asio::any_io_executor& executor, std::string home,
                 RotationLimits limits);

  // For what is written from now on. files_kept 0: nothing is.
  void configure(RotationLimits limits) { limits_ = limits; }
  [[nodiscard]] bool enabled() const noexcept { return limits_.files_kept > 0; }

  void write(const model::DeploymentId& deployment, const model::LogLine& line);
  // See read_guest_log. What was written before is found.
  aio::Task<std::vector<model::LogLine>> read(model::DeploymentId deployment, GuestLogFilter filter,
                                              std::size_t& bytes_left);
  // The deployment is gone, and its files go too.
  aio::Task<void> remove(model::DeploymentId deployment);
  // Writes what is left.
  aio::Task<void> stop();

  // Lines that did not get into the file, since the daemon began.
  [[nodiscard]] std::uint64_t lost(const model::DeploymentId& deployment) const;

 private:
  // The lines of one deployment that were not written yet.
  struct Pending {
    std::vector<std::string> lines;
    std::uint64_t skipped = 0;  // did not fit into the queue
  };
  using Batch = std::map<model::DeploymentId, Pending>;
  using Lost = std::map<model::DeploymentId, std::uint64_t>;

  aio::Task<void> write_loop();
  aio::Task<void> write_batch();
  Lost put(const Batch& batch, RotationLimits limits);  // on the pool's thread
  void account(const Lost& lost);

  const std::string home_;
  RotationLimits limits_;
  Batch queue_;
  std::size_t queued_bytes_ = 0;   // of `queue_`
  std::size_t writing_bytes_ = 0;  // of the batches that are on their way to the disk
  Lost lost_;
  bool failing_ = false;  // the last batch lost lines: said once
  // The pool's thread only.
  std::map<model::DeploymentId, RotatingFile> files_;

  aio::Event something_to_write_;
  aio::TaskScope scope_;
  aio::WorkerPool pool_;  // after all that its thread touches
};

}  // namespace arcella::runtime
