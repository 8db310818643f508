// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "supervisor/worker_manager.h"

#include <map>
#include <utility>

#include <boost/asio/io_context.hpp>

#include "aio/task_scope.h"
#include "supervisor/process_spawner.h"
#include "supervisor/worker_process.h"

namespace arcella::supervisor {

struct WorkerManager::Impl {
  WorkerProcess* find(const model::GroupName& group) {
    auto found = processes.find(group);
    return found == processes.end() ? nullptr : found->second.get();
  }
  WorkerProcess& get(const model::GroupName& group) {
    auto& process = processes[group];
    if (!process) {
      WorkerProcess::Surroundings surroundings{executor, clock, *spawner, listener, config};
      process = std::make_unique<WorkerProcess>(std::move(surroundings), group);
    }
    return *process;
  }

  boost::asio::any_io_executor executor;
  const Clock& clock;
  WorkerListener& listener;
  const WorkerManagerConfig config;
  std::unique_ptr<ProcessSpawner> own_spawner;
  ProcessSpawner* spawner;
  // A group stays when its worker goes: there are no more of them than there were deployments.
  std::map<model::GroupName, std::unique_ptr<WorkerProcess>> processes{};
  bool stopped = false;
};

namespace {

Error no_worker(const model::GroupName& group) {
  return {ErrorCode::Unavailable, "worker " + group.str() + " is down"};
}

}  // namespace

WorkerManager::WorkerManager(boost::asio::io_context& io, const Clock& clock,
                             WorkerListener& listener, WorkerManagerConfig config) {
  auto spawner = std::make_unique<SystemSpawner>(io.get_executor());
  ProcessSpawner* system = spawner.get();
  impl_.reset(
      new Impl{io.get_executor(), clock, listener, std::move(config), std::move(spawner), system});
}

WorkerManager::WorkerManager(boost::asio::io_context& io, const Clock& clock,
                             WorkerListener& listener, WorkerManagerConfig config,
                             ProcessSpawner& spawner)
    : impl_(new Impl{io.get_executor(), clock, listener, std::move(config), nullptr, &spawner}) {}

WorkerManager::~WorkerManager() = default;

aio::Task<Result<void>> WorkerManager::ensure_up(model::GroupName group,
                                                 model::WorkerTraits traits) {
  if (impl_->stopped) co_return fail(ErrorCode::Unavailable, "the daemon is stopping");
  co_return co_await impl_->get(group).ensure_up(traits);
}

aio::Task<Result<ipc::Reply>> WorkerManager::request(model::GroupName group, ipc::ToWorker message,
                                                     std::vector<UniqueFd> fds,
                                                     std::chrono::milliseconds deadline) {
  WorkerProcess* process = impl_->find(group);
  if (process == nullptr) co_return Unexpected(no_worker(group));
  co_return co_await process->request(std::move(message), std::move(fds), deadline);
}

void WorkerManager::lost_channel(const model::GroupName& group, Error why) {
  WorkerProcess* process = impl_->find(group);
  if (process != nullptr) process->lost_channel(std::move(why));
}

aio::Task<void> WorkerManager::stop(model::GroupName group, std::chrono::milliseconds deadline) {
  WorkerProcess* process = impl_->find(group);
  if (process != nullptr) co_await process->stop(deadline);
}

aio::Task<void> WorkerManager::stop_all(std::chrono::milliseconds deadline) {
  impl_->stopped = true;
  aio::TaskScope all(impl_->executor);
  for (auto& [group, process] : impl_->processes) all.spawn(process->shut(deadline));
  co_await all.join();
}

std::vector<WorkerStatus> WorkerManager::status() const {
  std::vector<WorkerStatus> all;
  for (const auto& [group, process] : impl_->processes) {
    WorkerStatus status = process->status();
    if (status.state != model::WorkerState::Down) all.push_back(std::move(status));
  }
  return all;
}

std::optional<WorkerStatus> WorkerManager::status(const model::GroupName& group) const {
  WorkerProcess* process = impl_->find(group);
  if (process == nullptr) return std::nullopt;
  return process->status();
}

}  // namespace arcella::supervisor
