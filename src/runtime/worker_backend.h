// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "host/call_port.h"
#include "host/engine_pool.h"
#include "host/handles.h"
#include "runtime/instance_backend.h"
#include "runtime/worker_links.h"
#include "supervisor/worker_manager.h"

namespace boost::asio {
class io_context;
}

namespace arcella::runtime {

// The worker process of one group, through the supervisor, and its data channel. What comes back is
// untrusted and is made printable here. Owner: PlaceTable.  Thread: control; the channel is read by
// the pool's.
class WorkerBackend final : public InstanceBackend {
 public:
  WorkerBackend(boost::asio::io_context& io, host::EnginePool& pool,
                supervisor::WorkerManager& manager, WorkerLinks& links, model::GroupName group)
      : io_(io), pool_(pool), manager_(manager), links_(links), group_(std::move(group)) {}
  ~WorkerBackend() override;
  WorkerBackend(const WorkerBackend&) = delete;
  WorkerBackend& operator=(const WorkerBackend&) = delete;

  aio::Task<Result<void>> ensure_up(model::WorkerTraits traits) override;
  aio::Task<void> shut_down(std::chrono::milliseconds deadline) override;
  aio::Task<Result<void>> load(LoadOrder order) override;
  aio::Task<Result<void>> unload(model::DeploymentId deployment) override;
  aio::Task<Result<void>> start(model::DeploymentId deployment, int first, int count) override;
  aio::Task<Result<void>> stop(model::DeploymentId deployment, int first, int count,
                               std::chrono::milliseconds deadline) override;
  aio::Task<Result<void>> bind(host::ImportBinding binding) override;
  aio::Task<Result<void>> bind_remote(RemoteBinding binding) override;
  aio::Task<Result<std::shared_ptr<host::Callee>>> callee(
      model::DeploymentId deployment, std::vector<std::string> functions) override;
  aio::Task<Result<engine::CallOutcome>> call(CallOrder order) override;
  aio::Task<Result<std::string>> statistics(model::DeploymentId deployment) override;
  [[nodiscard]] PlaceStatus status() const override;

  // A process is up, and this is the daemon's end of its data channel.
  void on_up(ipc::DataEnd data);
  // It is gone, and with it the numbers of its functions.
  void on_down(const std::string& reason);

 private:
  aio::Task<Result<void>> ask(ipc::ToWorker message);
  aio::Task<Result<std::uint32_t>> number_of(model::DeploymentId deployment, std::string function);
  void close_port(const std::string& reason);

  using Import = std::pair<model::DeploymentId, std::string>;  // a consumer's
  // The number of an import's way out of the worker.
  [[nodiscard]] std::uint32_t route_of(const Import& which);
  // The worker is told of it.
  aio::Task<Result<void>> bind_by_route(RemoteBinding binding, std::uint32_t route,
                                        WorkerLinks::Number link);
  aio::Task<Result<void>> bind_through_daemon(RemoteBinding binding);
  aio::Task<Result<void>> bind_directly(RemoteBinding binding);
  // The import leads over `link` from now on (0: over none).
  void now_over(const Import& which, WorkerLinks::Number link);

  boost::asio::io_context& io_;
  host::EnginePool& pool_;
  supervisor::WorkerManager& manager_;
  WorkerLinks& links_;
  model::GroupName group_;
  std::shared_ptr<host::CallPort> port_;  // null: no process is up
  std::shared_ptr<const void> life_;      // what is heard of a process that has gone is told by it

  // The numbers of functions are resolved once per load, and mean nothing after it.
  struct Loaded {
    std::uint64_t load = 0;  // which one: no two have the same number
    std::uint32_t slot = 0;
    std::chrono::milliseconds call_timeout{0};
    std::map<std::string, std::uint32_t> functions;
  };
  std::map<model::DeploymentId, Loaded> loaded_;
  std::uint64_t loads_ = 0;

  // The ways out of the worker. One that leads elsewhere later keeps its number, so that a call on
  // its way is not lost.
  struct WayOut {
    std::uint32_t route = 0;
    WorkerLinks::Number link = 0;  // 0: to the daemon
  };
  std::map<Import, WayOut> routes_;
  std::uint32_t last_route_ = 0;
  // Those that a consumer in the worker holds by its routes, which share them.
  std::map<model::DeploymentId, std::shared_ptr<host::Handles>> handles_;
};

// What the worker says of a call that came from outside: text is made printable; Unavailable is an
// Error, because no guest has seen the call.
[[nodiscard]] Result<engine::CallOutcome> checked(engine::CallOutcome outcome);

}  // namespace arcella::runtime
