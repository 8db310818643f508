// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/runtime_core.h"

#include <algorithm>

#include "base/log.h"

namespace arcella::runtime {
namespace {

supervisor::WorkerManagerConfig manager_config(const RuntimeConfig& config) {
  supervisor::WorkerManagerConfig result;
  result.worker_program = config.worker_program;
  result.home = config.home;
  return result;
}

}  // namespace

RuntimeCore::RuntimeCore(boost::asio::io_context& loop, const Clock& time, RuntimeConfig settings,
                         HomeState disk)
    : io(loop),
      clock(time),
      config(std::move(settings)),
      home(std::move(disk)),
      state_pool("arcella-state", 1),
      files_pool("arcella-files", 1),
      logs(clock, registry),
      places(io, clock, files_pool, *this, manager_config(config)),
      artifacts(config.worker_program, registry, files_pool, home.repository, home.cache),
      reconciler(io, clock, registry, places, artifacts,
                 [this](const model::DeploymentId& id) { on_completed(id); }),
      lock(io.get_executor()),
      operations(io.get_executor()) {}

Result<void> RuntimeCore::load_registry() {
  ARCELLA_TRY(auto components, home.store->load_components());
  std::vector<model::ComponentId> known;
  for (model::Component& component : components) {
    ARCELLA_TRY(auto template_fields, home.store->component_template(component.id));
    known.push_back(component.id);
    registry.add({std::move(component), std::move(template_fields)});
  }
  // What a crash between the files and the row of an install, or of a removal, has left.
  ARCELLA_TRY_VOID(home.repository.remove_unknown(known));
  ARCELLA_TRY(auto deployments, home.store->load_deployments());
  for (store::StoredDeployment& stored : deployments) {
    DeploymentRecord& record = registry.put(std::move(stored.deployment));
    record.desired = stored.desired;
    record.generation = stored.generation;
    record.previous = std::move(stored.previous);
  }
  return {};
}

aio::Task<Result<void>> RuntimeCore::record_desired(model::DeploymentId id,
                                                    model::Desired desired) {
  auto write = [this, &id, desired] { return home.store->set_desired(id, desired); };
  ARCELLA_CO_TRY_VOID(co_await state_pool.run(std::move(write)));
  if (DeploymentRecord* record = registry.find(id)) record->desired = desired;
  co_return Result<void>();
}

void RuntimeCore::on_place_up(const model::Place& place) {
  reconciler.on_place_up(place);
}

void RuntimeCore::on_place_down(const model::Place& place, const std::string& reason,
                                PlaceLoss loss) {
  for (const auto& [id, record] : registry.deployments()) {
    if (!record.loaded || record.loaded_in != place) continue;
    for (std::size_t i = 0; i < record.instances.size(); ++i)
      logs.on_end({id, static_cast<int>(i)});
  }
  reconciler.on_place_down(place, reason, loss);
}

void RuntimeCore::on_report(const model::Place& place, host::InstanceReport report) {
  bool meant_something = reconciler.on_report(place, report);
  if (meant_something && report.event != model::InstanceEvent::Started)
    logs.on_end(report.instance);
}

void RuntimeCore::on_output(const model::Place& place, GuestOutput output) {
  logs.on_output(place, output);
}

void RuntimeCore::on_completed(const model::DeploymentId& id) {
  operations.spawn(record_completion(id));
}

aio::Task<void> RuntimeCore::record_completion(model::DeploymentId id) {
  KeyedLock::Keys keys{KeyedLock::key(id)};
  auto guard = co_await lock.acquire(std::move(keys));
  if (!guard.has_value()) co_return;
  const DeploymentRecord* record = registry.find(id);
  // Stopped, started again or gone meanwhile.
  if (record == nullptr || record->desired != model::Desired::Running) co_return;
  if (count_in(*record, model::InstanceState::Completed) < record->deployment.spec.replicas)
    co_return;
  auto recorded = co_await record_desired(id, model::Desired::Completed);
  if (!recorded.has_value()) {
    log::error("runtime", "a command has completed, but that could not be recorded",
               {{"deployment", id.str()}, {"error", recorded.error().message()}});
  }
  reconciler.kick();
}

}  // namespace arcella::runtime
