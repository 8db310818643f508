// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// One group's worker over all its lives. Descriptors, exits and timers become events; model::step()
// decides; apply() does what it says. Reasons for people: an exit says why a worker died ("killed
// by signal 11 (SIGSEGV)"), unless it was us who killed it: then what it had done wrong.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "aio/event.h"
#include "aio/task.h"
#include "aio/task_scope.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "ipc/control_channel.h"
#include "model/restart_policy.h"
#include "model/worker_lifecycle.h"
#include "supervisor/process_spawner.h"
#include "supervisor/worker_manager.h"

namespace arcella::supervisor {

// Owner: WorkerManager.  Thread: control.  Stop: shut() must have completed before destruction.
class WorkerProcess {
 public:
  // References outlive the object.
  struct Surroundings {
    boost::asio::any_io_executor executor;
    const Clock& clock;
    ProcessSpawner& spawner;
    WorkerListener& listener;
    const WorkerManagerConfig& config;
  };

  WorkerProcess(Surroundings surroundings, model::GroupName group);
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  // As the functions of WorkerManager.
  aio::Task<Result<void>> ensure_up(model::WorkerTraits traits);
  aio::Task<Result<ipc::Reply>> request(ipc::ToWorker message, std::vector<UniqueFd> fds,
                                        std::chrono::milliseconds deadline);
  void lost_channel(Error why);
  aio::Task<> stop(std::chrono::milliseconds deadline);
  // stop() for good.
  aio::Task<> shut(std::chrono::milliseconds deadline);
  [[nodiscard]] WorkerStatus status() const;

 private:
  struct Life;  // from a spawn to the exit: the process, its channels and what reads them
  struct PendingReply;

  void apply(model::WorkerEvent event);
  void perform(model::WorkerAction action);
  void spawn();
  Result<void> try_spawn();
  void send_stop();
  void schedule_retry();
  void announce_down();
  // What went wrong before the event that kills it.
  void apply_failure(model::WorkerEvent event, std::string cause);

  aio::Task<> live();
  aio::Task<> read_control();
  aio::Task<> lose_channel(Error why);
  aio::Task<> watch_ready();
  aio::Task<> watch_stop(std::chrono::milliseconds deadline);
  aio::Task<> retry_after(std::chrono::milliseconds delay, std::uint64_t spawns);
  Result<void> on_message(ipc::FromWorker message);
  void fail_pending(const std::string& reason);
  [[nodiscard]] Error unavailable() const;

  // Constant after construction.
  Surroundings surroundings_;
  const model::GroupName group_;

  // Control thread only.
  model::WorkerState state_ = model::WorkerState::Down;
  model::WorkerTraits traits_;
  model::RestartTracker tracker_;
  std::unique_ptr<Life> life_;  // null: no process
  std::string cause_;           // why we kill this life; empty: we do not
  std::string last_error_;      // of the last life that did not end as asked
  std::chrono::milliseconds stop_deadline_{0};
  std::uint64_t spawns_ = 0;  // tells a timer of an earlier backoff
  std::uint64_t last_request_ = 0;
  std::map<std::uint64_t, PendingReply*> pending_;  // each lives in a request() that waits
  aio::Event changed_;                              // notified at each change of state_
  aio::TaskScope scope_;
};

}  // namespace arcella::supervisor
