// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aio/worker_pool.h"
#include "host/engine_pool.h"
#include "runtime/instance_backend.h"
#include "runtime/main_backend.h"
#include "runtime/worker_backend.h"
#include "runtime/worker_links.h"
#include "supervisor/worker_manager.h"

namespace arcella::runtime {

// The real places: main, and the workers of the groups. Turns what the supervisor hears into what
// the listener expects. Owner: the runtime.  Thread: control.  Stop: co_await stop() before
// destruction.
class PlaceTable final : public Places, private supervisor::WorkerListener {
 public:
  PlaceTable(boost::asio::io_context& io, const Clock& clock, aio::WorkerPool& blocking,
             PlaceListener& listener, supervisor::WorkerManagerConfig config,
             engine::EngineConfig main_config);
  ~PlaceTable() override;
  PlaceTable(const PlaceTable&) = delete;
  PlaceTable& operator=(const PlaceTable&) = delete;

  [[nodiscard]] InstanceBackend& at(const model::Place& place) override;
  [[nodiscard]] PlaceStatus status(const model::Place& place) const override;
  [[nodiscard]] std::vector<model::ObservedWorker> workers() const override;
  [[nodiscard]] std::vector<supervisor::WorkerStatus> worker_processes() const {
    return manager_.status();
  }

  // Runs guests and reads data channels; it ends with this.
  [[nodiscard]] host::EnginePool& pool() { return *pool_; }

  // Ends all workers, whatever still runs in them.
  aio::Task<void> stop(std::chrono::milliseconds deadline);

 private:
  void on_worker_up(const model::GroupName& group, ipc::DataEnd data) override;
  void on_worker_down(const model::GroupName& group, const std::string& reason, bool failed,
                      std::optional<std::chrono::milliseconds> retry_in) override;
  void on_worker_message(const model::GroupName& group, ipc::FromWorker message) override;

  WorkerBackend& worker(const model::GroupName& group);

  boost::asio::io_context& io_;
  PlaceListener& listener_;
  // Guests of main, and the data channels of all workers.
  std::unique_ptr<host::EnginePool> pool_ = std::make_unique<host::EnginePool>(0);
  supervisor::WorkerManager manager_;
  WorkerLinks links_;
  MainBackend main_;
  std::map<model::GroupName, WorkerBackend> workers_;
};

}  // namespace arcella::runtime
