// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/runtime_core.h"

#include <algorithm>
#include <chrono>

#include "aio/await.h"
#include "base/crash_point.h"
#include "base/log.h"
#include "runtime/composition.h"
#include "runtime/deployment_keys.h"

namespace arcella::runtime {
namespace {

// A disk that was full when a command completed may have room again soon.
constexpr std::chrono::seconds kPauseAfterNoRecord{1};

// What a worker takes over of the daemon's configuration.
std::vector<std::string> serve_arguments(const manifest::DaemonConfig& config) {
  const log::Options log_options = manifest::log_options(config, {});
  const auto own = log_options.modules.find("worker");
  const log::Level level = own == log_options.modules.end() ? log_options.level : own->second;
  return {"--instances-max", std::to_string(config.engine_instances_max),
          "--http-threads",  std::to_string(config.engine_http_threads),
          "--log-level",     std::string(log::name_of(level)),
          "--log-format",    config.log_format};
}

supervisor::WorkerManagerConfig manager_config(const RuntimeConfig& config) {
  supervisor::WorkerManagerConfig result;
  result.worker_program = config.worker_program;
  result.home = config.home;
  result.serve_arguments = serve_arguments(config.loaded.config);
  return result;
}

engine::EngineConfig main_engine_config(const manifest::DaemonConfig& config) {
  engine::EngineConfig result;
  result.instances_max = static_cast<std::uint32_t>(config.engine_instances_max);
  result.http_threads = static_cast<int>(config.engine_http_threads);
  return result;
}

model::EventKind kind_of(PlaceLoss loss) {
  if (loss == PlaceLoss::Failed) return model::EventKind::WorkerFailed;
  return loss == PlaceLoss::Retrying ? model::EventKind::WorkerBackoff
                                     : model::EventKind::WorkerDown;
}

// Of all that is deployed: what they are composed with. Gives the contents of what that makes.
std::vector<std::string> compose_fused(Registry& registry) {
  std::vector<std::string> contents;
  for (auto& [id, record] : registry.deployments()) {
    if (record.deployment.spec.fuse_with.empty()) continue;
    record.deployment.fused = fused_components(registry, record.deployment.spec);
    record.needs = registry.needs_of(record.deployment);
    const auto made = composition_of(registry, record.deployment);
    if (made.has_value()) contents.push_back(made->component().content_hash);
  }
  return contents;
}

}  // namespace

RuntimeCore::RuntimeCore(boost::asio::io_context& loop, const Clock& time, RuntimeConfig start,
                         HomeState disk)
    : io(loop),
      clock(time),
      config(std::move(start)),
      settings(config.loaded),
      home(std::move(disk)),
      state_pool("arcella-state", 1),
      files_pool("arcella-files", 1),
      logs(io.get_executor(), clock, registry, config.home, settings.config),
      events(io.get_executor(), clock, files_pool),
      places(io, clock, files_pool, *this, manager_config(config),
             main_engine_config(settings.config)),
      artifacts(config.worker_program, files_pool, home.repository, home.cache),
      reconciler(io, clock, registry, places, artifacts, events, config.home,
                 [this](const model::DeploymentId& id) { on_completed(id); }),
      lock(io.get_executor()),
      operations(io.get_executor()) {}

Result<void> RuntimeCore::load_registry() {
  ARCELLA_TRY(auto components, home.store->load_components());
  std::vector<model::ComponentId> known;
  std::vector<std::string> contents;
  for (model::Component& component : components) {
    ARCELLA_TRY(auto template_fields, home.store->component_template(component.id));
    known.push_back(component.id);
    contents.push_back(component.content_hash);
    registry.add({std::move(component), std::move(template_fields)});
  }
  // What a crash between code, files and the row of an install, or of a removal, has left.
  ARCELLA_TRY_VOID(home.repository.remove_unknown(known));
  ARCELLA_TRY(auto deployments, home.store->load_deployments());
  for (store::StoredDeployment& stored : deployments) {
    DeploymentRecord& record = registry.put(std::move(stored.deployment));
    record.desired = stored.desired;
    record.generation = stored.generation;
    record.previous = std::move(stored.previous);
  }
  std::vector<model::DeploymentId> deployed;
  for (const auto& [id, record] : registry.deployments()) deployed.push_back(id);
  for (const std::string& content : compose_fused(registry)) contents.push_back(content);
  ARCELLA_TRY_VOID(home.cache.remove_unknown(contents));
  remove_unknown_guest_logs(config.home, deployed);
  return remove_unknown_keys(config.home, deployed);
}

void RuntimeCore::open_events() {
  auto opened = events.open(config.home + "/logs");
  if (!opened.has_value()) {
    log::warn("runtime", "events are not kept on the disk", {{"error", opened.error().message()}});
  }
}

aio::Task<Result<void>> RuntimeCore::record_desired(model::DeploymentId id,
                                                    model::Desired desired) {
  auto write = [this, &id, desired] { return home.store->set_desired(id, desired); };
  ARCELLA_CO_TRY_VOID(co_await state_pool.run(std::move(write)));
  if (DeploymentRecord* record = registry.find(id)) record->desired = desired;
  co_return Result<void>();
}

void RuntimeCore::on_place_up(const model::Place& place) {
  if (place) events.record(model::EventKind::WorkerUp, "worker " + place->str());
  reconciler.on_place_up(place);
}

void RuntimeCore::on_place_down(const model::Place& place, const std::string& reason,
                                PlaceLoss loss) {
  if (place) events.record(kind_of(loss), "worker " + place->str(), reason);
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

void RuntimeCore::on_link_lost(const model::GroupName& one, const model::GroupName& other) {
  reconciler.on_link_lost(one, other);
}

void RuntimeCore::on_completed(const model::DeploymentId& id) {
  operations.spawn(record_completion(id));
}

aio::Task<void> RuntimeCore::record_completion(model::DeploymentId id) {
  // Until it is on the disk: what is not recorded as completed runs once more after a restart.
  while (true) {
    auto recorded = co_await try_record_completion(id);
    if (recorded.has_value() || recorded.error().code() == ErrorCode::Cancelled) co_return;
    log::error("runtime", "a command has completed, but that could not be recorded; trying again",
               {{"deployment", id.str()}, {"error", recorded.error().message()}});
    auto rested = co_await aio::sleep_for(kPauseAfterNoRecord);
    if (!rested.has_value()) co_return;
  }
}

aio::Task<Result<void>> RuntimeCore::try_record_completion(model::DeploymentId id) {
  KeyedLock::Keys keys{KeyedLock::key(id)};
  ARCELLA_CO_TRY(auto guard, co_await lock.acquire(std::move(keys)));
  const DeploymentRecord* record = registry.find(id);
  // Stopped, started again or gone meanwhile.
  if (record == nullptr || record->desired != model::Desired::Running) co_return Result<void>();
  if (count_in(*record, model::InstanceState::Completed) < record->deployment.spec.replicas)
    co_return Result<void>();
  ARCELLA_CO_TRY_VOID(co_await record_desired(id, model::Desired::Completed));
  crash_point("command.recorded");
  reconciler.kick();
  co_return Result<void>();
}

}  // namespace arcella::runtime
