// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Groups -> worker processes: spawns one arcella-worker per group, waits for its Hello, passes
// messages and calls, restarts it by policy when it dies. Decides nothing about deployments: what a
// new worker has to run is told by the listener, which hears on_up each time.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "aio/task.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "ipc/control_message.h"
#include "ipc/data_end.h"
#include "model/ids.h"
#include "model/restart_policy.h"
#include "model/worker_lifecycle.h"
#include "model/worker_traits.h"

namespace boost::asio {
class io_context;
}

namespace arcella::supervisor {

class ProcessSpawner;

// Control thread only. Outlives the manager.
class WorkerListener {
 public:
  virtual ~WorkerListener() = default;
  // `data`: the daemon's end of its data channel. Whoever reads it tells lost_channel().
  virtual void on_worker_up(const model::GroupName& group, ipc::DataEnd data) = 0;
  // The process is gone: all its instances with it. `retry_in`: it is started again after that time
  // by itself; nullopt: it was stopped as asked, or it died too often (`failed`).
  virtual void on_worker_down(const model::GroupName& group, const std::string& reason, bool failed,
                              std::optional<std::chrono::milliseconds> retry_in) = 0;
  // InstanceReported, Output and LinkLost only; Replies go to whoever asked. Untrusted content.
  virtual void on_worker_message(const model::GroupName& group, ipc::FromWorker message) = 0;
};

struct WorkerStatus {
  model::GroupName group;
  model::WorkerState state = model::WorkerState::Down;
  model::WorkerTraits traits;
  std::int64_t pid = 0;
  int restarts = 0;
  std::string last_error;
};

struct WorkerManagerConfig {
  std::string worker_program;                     // path of arcella-worker
  std::string home;                               // its working folder
  std::vector<std::string> serve_arguments = {};  // of `arcella-worker serve`, besides its group's
  std::chrono::milliseconds ready_timeout =
      limits::kWorkerReadyTimeout;  // from the start to its Hello
  model::RestartFields restart;
};

// Owner: the runtime.  Thread: control.  Stop: co_await stop_all() before destruction.
class WorkerManager {
 public:
  WorkerManager(boost::asio::io_context& io, const Clock& clock, WorkerListener& listener,
                WorkerManagerConfig config);
  // With other processes than real ones. `spawner` outlives the manager.
  WorkerManager(boost::asio::io_context& io, const Clock& clock, WorkerListener& listener,
                WorkerManagerConfig config, ProcessSpawner& spawner);
  ~WorkerManager();
  WorkerManager(const WorkerManager&) = delete;
  WorkerManager& operator=(const WorkerManager&) = delete;

  // Up and greeted when it returns; starts it when it is Down, Failed or in Backoff. A running
  // worker with other traits is Conflict: stop it first. Unavailable with the reason when it ends
  // before that; it is then tried again by itself, as on_worker_down says.
  aio::Task<Result<void>> ensure_up(model::GroupName group, model::WorkerTraits traits);
  // Sends and waits for the Reply; its `error` becomes the result's. Unavailable when the worker is
  // not up or dies.
  aio::Task<Result<ipc::Reply>> request(model::GroupName group, ipc::ToWorker message,
                                        std::vector<UniqueFd> fds,
                                        std::chrono::milliseconds deadline);
  // The data channel of the worker that is up has ended: it broke a rule (InvalidRequest) and is
  // killed, or it closed it (Unavailable), which mostly is the first sign of its exit.
  void lost_channel(const model::GroupName& group, Error why);
  // Graceful, then SIGKILL after the deadline. No-op when it is not running.
  aio::Task<void> stop(model::GroupName group, std::chrono::milliseconds deadline);
  aio::Task<void> stop_all(std::chrono::milliseconds deadline);

  // Without those that are Down.
  [[nodiscard]] std::vector<WorkerStatus> status() const;
  [[nodiscard]] std::optional<WorkerStatus> status(const model::GroupName& group) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace arcella::supervisor
