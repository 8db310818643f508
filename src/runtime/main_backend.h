// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <memory>
#include <string>

#include "aio/worker_pool.h"
#include "engine/engine.h"
#include "host/engine_pool.h"
#include "host/instance_host.h"
#include "runtime/instance_backend.h"

namespace boost::asio {
class io_context;
}

namespace arcella::runtime {

// The daemon itself as a place for trusted deployments. The engine is made with the first of them:
// a daemon without guests of its own does without. An engine's traits are for life, so a later
// deployment that needs more is refused until the daemon is started again. Owner: PlaceTable.
// Thread: control; guests run on the engine pool's.  Stop: everything must have been unloaded.
class MainBackend final : public InstanceBackend {
 public:
  // `config` but for its traits. `pool` outlives the deployments, but not the engine: see let_go().
  MainBackend(boost::asio::io_context& io, aio::WorkerPool& blocking, host::EnginePool& pool,
              PlaceListener& listener, engine::EngineConfig config);
  ~MainBackend() override;
  MainBackend(const MainBackend&) = delete;
  MainBackend& operator=(const MainBackend&) = delete;

  // Nothing is called or reported any more. Then the pool ends, with what it still holds, and after
  // it this.
  void let_go();

  aio::Task<Result<void>> ensure_up(model::WorkerTraits traits) override;
  // Nothing: its deployments are stopped one by one.
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

 private:
  class Relay;

  aio::WorkerPool& blocking_;
  host::EnginePool& pool_;
  const engine::EngineConfig config_;
  // Owned by this and by what it has posted to the control thread and is not run yet.
  std::shared_ptr<Relay> relay_;
  std::unique_ptr<engine::Engine> engine_;
  // Owned by this and by calls that wait in the pool's queue.
  std::shared_ptr<host::InstanceHost> host_;
};

}  // namespace arcella::runtime
