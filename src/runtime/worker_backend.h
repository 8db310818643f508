// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "runtime/instance_backend.h"
#include "supervisor/worker_manager.h"

namespace arcella::runtime {

// The worker process of one group, through the supervisor. What comes back is untrusted and is made
// printable here. Owner: PlaceTable.  Thread: control.
class WorkerBackend final : public InstanceBackend {
 public:
  WorkerBackend(supervisor::WorkerManager& manager, model::GroupName group)
      : manager_(manager), group_(std::move(group)) {}

  aio::Task<Result<void>> ensure_up(model::WorkerTraits traits) override;
  aio::Task<void> shut_down(std::chrono::milliseconds deadline) override;
  aio::Task<Result<void>> load(LoadOrder order) override;
  aio::Task<Result<void>> unload(model::DeploymentId deployment) override;
  aio::Task<Result<void>> start(model::DeploymentId deployment, int first, int count) override;
  aio::Task<Result<void>> stop(model::DeploymentId deployment, int first, int count,
                               std::chrono::milliseconds deadline) override;
  aio::Task<Result<void>> bind(host::ImportBinding binding) override;
  aio::Task<Result<engine::CallOutcome>> call(CallOrder order) override;
  aio::Task<Result<std::string>> statistics(model::DeploymentId deployment) override;
  [[nodiscard]] PlaceStatus status() const override;

  // The process is gone, and with it the numbers of its functions.
  void on_down();

 private:
  aio::Task<Result<void>> ask(ipc::ToWorker message);
  aio::Task<Result<std::uint32_t>> number_of(model::DeploymentId deployment, std::string function);

  supervisor::WorkerManager& manager_;
  model::GroupName group_;
  // The numbers of functions are resolved once per load, and mean nothing after it.
  struct Loaded {
    std::uint64_t load = 0;  // which one: no two have the same number
    std::map<std::string, std::uint32_t> functions;
  };
  std::map<model::DeploymentId, Loaded> loaded_;
  std::uint64_t loads_ = 0;
};

// A Result frame as an outcome; Unavailable and nonsense as an Error. The worker is untrusted.
[[nodiscard]] Result<engine::CallOutcome> outcome_of(const supervisor::CallReply& reply);

}  // namespace arcella::runtime
