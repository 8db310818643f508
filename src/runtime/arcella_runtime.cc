// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/arcella_runtime.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/crash_point.h"
#include "base/log.h"
#include "base/text.h"
#include "runtime/call_operations.h"
#include "runtime/component_operations.h"
#include "runtime/config_operations.h"
#include "runtime/deployment_operations.h"
#include "runtime/group_operations.h"
#include "runtime/hot_deploy_watch.h"
#include "runtime/log_operations.h"
#include "runtime/operation.h"
#include "runtime/platform_interface.h"
#include "runtime/process_memory.h"
#include "runtime/ready_progress.h"
#include "runtime/run_operations.h"
#include "runtime/runtime_core.h"
#include "runtime/shutdown.h"
#include "runtime/update_operations.h"
#include "runtime/wiring.h"

namespace arcella::runtime {

struct ArcellaRuntime::Impl {
  Impl(boost::asio::io_context& io, const Clock& clock, RuntimeConfig with, HomeState home)
      : core(io, clock, std::move(with), std::move(home)), started_at(clock.wall_now()) {}

  [[nodiscard]] std::int64_t pid_of(const DeploymentRecord& record) const {
    return record.loaded ? core.places.status(record.loaded_in).pid : 0;
  }
  [[nodiscard]] std::vector<model::WorkerView> worker_views() const;
  // A change of the platform: its failure is an event, and it outlives the client that asked for
  // it.
  template <class T>
  aio::Task<Result<T>> operate(std::string operation, std::string subject,
                               aio::Task<Result<T>> work) {
    return shield(core.operations,
                  recorded(core.events, std::move(operation), std::move(subject), std::move(work)));
  }

  RuntimeCore core;
  ComponentOperations components{core};
  DeploymentOperations deployments{core};
  GroupOperations groups{core, deployments};
  CallOperations calls{core};
  RunOperations runs{core};
  UpdateOperations updates{core, components};
  std::shared_ptr<PlatformInterface> control = std::make_shared<PlatformInterface>(core, calls);
  LogOperations logs{core};
  ConfigOperations config{core};
  HotDeployPlatform platform{core, components, deployments, updates};
  HotDeployWatch hot_deploy{core, platform};
  const WallTime started_at;
  bool stopped = false;
};

namespace {

std::int64_t seconds_of(WallTime::duration time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time).count();
}

}  // namespace

std::vector<model::WorkerView> ArcellaRuntime::Impl::worker_views() const {
  std::vector<model::WorkerView> views;
  for (const supervisor::WorkerStatus& worker : core.places.worker_processes()) {
    model::WorkerView view;
    view.group = worker.group.str();
    view.state = model::to_string(worker.state);
    view.pid = worker.pid;
    view.restarts = worker.restarts;
    view.rss_bytes = resident_bytes(worker.pid);
    for (const auto& [id, record] : core.registry.deployments()) {
      if (!record.loaded || record.loaded_in != worker.group) continue;
      view.instances += static_cast<int>(
          std::count_if(record.instances.begin(), record.instances.end(),
                        [](const auto& instance) { return is_alive(instance.state); }));
    }
    views.push_back(std::move(view));
  }
  return views;
}

Result<std::unique_ptr<ArcellaRuntime>> ArcellaRuntime::open(boost::asio::io_context& io,
                                                             const Clock& clock,
                                                             RuntimeConfig config) {
  ARCELLA_TRY_VOID(prepare_home(config.home));
  ARCELLA_TRY(HomeLock lock, HomeLock::acquire(config.home));
  crash_point("home.locked");
  ARCELLA_TRY(auto store, store::StateStore::open(config.home + "/state/arcella.db"));
  crash_point("home.state-open");
  ARCELLA_TRY(auto repository, store::ModuleRepository::open(config.home));
  ARCELLA_TRY(auto cache, store::CodeCache::open(config.home));
  HomeState home{std::move(lock), std::move(store), std::move(repository), std::move(cache)};
  auto impl = std::make_unique<Impl>(io, clock, std::move(config), std::move(home));
  ARCELLA_TRY_VOID(impl->core.load_registry());
  crash_point("home.cleaned");
  impl->core.open_events();
  return std::unique_ptr<ArcellaRuntime>(new ArcellaRuntime(std::move(impl)));
}

ArcellaRuntime::ArcellaRuntime(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ArcellaRuntime::~ArcellaRuntime() = default;

void ArcellaRuntime::restore() {
  RuntimeCore& core = impl_->core;
  core.events.run();
  core.events.record(model::EventKind::DaemonStarted, "daemon",
                     "version " + core.config.version + ", pid " + std::to_string(::getpid()));
  core.reconciler.serve_platform(impl_->control);
  // All that is desired Running, to the reconciler, is simply not there yet.
  core.reconciler.run();
  if (core.settings.config.hot_deploy_enabled) impl_->hot_deploy.run();
  crash_point("home.restoring");
}

aio::Task<void> ArcellaRuntime::stop() {
  RuntimeCore& core = impl_->core;
  if (std::exchange(impl_->stopped, true)) co_return;
  core.events.record(model::EventKind::DaemonStopping, "daemon");
  co_await impl_->hot_deploy.stop();
  core.operations.cancel();
  co_await core.operations.join();
  const std::chrono::seconds timeout(core.settings.config.limits_shutdown_timeout_seconds);
  const MonotonicTime deadline = core.clock.monotonic_now() + timeout;
  co_await stop_guests(core, deadline);
  co_await core.reconciler.stop();
  co_await impl_->control->stop();
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - core.clock.monotonic_now());
  co_await core.places.stop(std::max<std::chrono::milliseconds>(left, limits::kStopGrace));
  co_await core.events.stop();
  co_await core.logs.stop();
}

aio::Task<Result<model::ComponentView>> ArcellaRuntime::install(InstallRequest request) {
  std::string path = request.path;
  auto work = impl_->hot_deploy.by_hand(impl_->components.install(std::move(request)));
  auto watched = recorded(impl_->core.events, "install", std::move(path), std::move(work));
  co_return co_await cancellable(impl_->core.operations, std::move(watched));
}

aio::Task<Result<DeployOutcome>> ArcellaRuntime::deploy(std::vector<std::string> paths) {
  std::string named = join(paths, ", ");
  auto work = impl_->hot_deploy.by_hand(impl_->deployments.deploy(std::move(paths)));
  co_return co_await impl_->operate("deploy", std::move(named), std::move(work));
}

aio::Task<Result<model::DeploymentView>> ArcellaRuntime::start(std::string deployment,
                                                               model::Progress progress) {
  auto work = impl_->operate("start", deployment, impl_->deployments.start(deployment));
  CountReady count = count_ready(impl_->core, std::move(deployment));
  co_return co_await with_ready_progress(impl_->core, std::move(count), std::move(progress),
                                         std::move(work));
}

aio::Task<Result<model::DeploymentView>> ArcellaRuntime::stop_deployment(std::string deployment) {
  auto work = impl_->deployments.stop(deployment);
  co_return co_await impl_->operate("stop", std::move(deployment), std::move(work));
}

aio::Task<Result<std::vector<model::PlannedChange>>> ArcellaRuntime::plan_deploy(
    std::vector<std::string> paths) {
  return impl_->deployments.plan_deploy(std::move(paths));
}

namespace {

std::string subject_of(const Selection& selection) {
  return selection.group.empty() ? join(selection.deployments, ", ") : selection.group;
}

}  // namespace

aio::Task<Result<std::vector<model::DeploymentView>>> ArcellaRuntime::start_several(
    Selection selection) {
  std::string subject = subject_of(selection);
  auto work = impl_->groups.start(std::move(selection));
  co_return co_await impl_->operate("start", std::move(subject), std::move(work));
}

aio::Task<Result<std::vector<model::DeploymentView>>> ArcellaRuntime::stop_several(
    Selection selection) {
  std::string subject = subject_of(selection);
  auto work = impl_->groups.stop(std::move(selection));
  co_return co_await impl_->operate("stop", std::move(subject), std::move(work));
}

aio::Task<Result<model::DeploymentView>> ArcellaRuntime::scale(std::string deployment, int replicas,
                                                               model::Progress progress) {
  auto work = impl_->operate("scale", deployment, impl_->deployments.scale(deployment, replicas));
  CountReady count = count_ready(impl_->core, std::move(deployment));
  co_return co_await with_ready_progress(impl_->core, std::move(count), std::move(progress),
                                         std::move(work));
}

aio::Task<Result<void>> ArcellaRuntime::undeploy(std::string deployment, bool force) {
  HandTouched touched = touched_deployment(deployment);
  auto work =
      impl_->hot_deploy.by_hand(impl_->deployments.undeploy(deployment, force), std::move(touched));
  co_return co_await impl_->operate("undeploy", std::move(deployment), std::move(work));
}

aio::Task<Result<std::vector<std::string>>> ArcellaRuntime::remove(std::string component) {
  auto found = impl_->core.registry.find_component(component);
  HandTouched touched =
      touched_component(found.has_value() ? (*found)->component.id.str() : component);
  auto work = impl_->hot_deploy.by_hand(impl_->components.remove(component), std::move(touched));
  co_return co_await impl_->operate("remove", std::move(component), std::move(work));
}

aio::Task<Result<UpdateOutcome>> ArcellaRuntime::update(UpdateRequest request) {
  std::string target = request.target;
  PointOfNoReturn begun;
  auto work = impl_->hot_deploy.by_hand(impl_->updates.update(std::move(request), begun));
  auto watched = recorded(impl_->core.events, "update", std::move(target), std::move(work));
  co_return co_await cancellable(impl_->core.operations, std::move(watched), &begun);
}

aio::Task<Result<model::DeploymentView>> ArcellaRuntime::rollback(std::string deployment,
                                                                  model::Progress progress) {
  PointOfNoReturn begun;
  auto work = impl_->updates.rollback(deployment, std::move(progress), begun);
  auto watched = recorded(impl_->core.events, "rollback", std::move(deployment), std::move(work));
  co_return co_await cancellable(impl_->core.operations, std::move(watched), &begun);
}

aio::Task<Result<std::string>> ArcellaRuntime::call(CallRequest request) {
  return impl_->calls.call(std::move(request));
}

aio::Task<Result<RunOutcome>> ArcellaRuntime::run(RunRequest request) {
  return impl_->runs.run(std::move(request));
}

model::Listing ArcellaRuntime::list(model::ListSelection selection) const {
  const Registry& registry = impl_->core.registry;
  bool all = !selection.components && !selection.deployments && !selection.instances &&
             !selection.workers && !selection.bindings;
  model::Listing listing;
  if (all || selection.components) {
    std::map<model::ComponentId, std::size_t> uses;
    for (const auto& [id, record] : registry.deployments())
      ++uses[record.deployment.spec.component];
    for (const auto& [id, record] : registry.components())
      listing.components.push_back(view_of(record, uses[id]));
  }
  for (const auto& [id, record] : registry.deployments()) {
    if (all || selection.deployments) listing.deployments.push_back(view_of(record));
    if (!all && !selection.instances) continue;
    auto instances = instance_views(record, impl_->pid_of(record));
    std::move(instances.begin(), instances.end(), std::back_inserter(listing.instances));
  }
  if (all || selection.workers) listing.workers = impl_->worker_views();
  if (all || selection.bindings) listing.bindings = bindings_of(registry);
  return listing;
}

model::PlatformStatus ArcellaRuntime::status() const {
  const RuntimeCore& core = impl_->core;
  model::PlatformStatus status;
  status.version = core.config.version;
  status.pid = ::getpid();
  status.start_time = seconds_of(impl_->started_at.time_since_epoch());
  status.uptime_seconds = seconds_of(core.clock.wall_now() - impl_->started_at);
  status.home = core.config.home;
  status.rss_bytes = resident_bytes(status.pid);
  status.components = static_cast<int>(core.registry.components().size());
  status.deployments = static_cast<int>(core.registry.deployments().size());
  for (const auto& [id, record] : core.registry.deployments()) {
    if (state_of(record) == "running") ++status.running;
    status.instances_ready += count_in(record, model::InstanceState::Ready);
  }
  status.workers = impl_->worker_views();
  status.hot_deploy = impl_->hot_deploy.status();
  return status;
}

Result<model::ComponentDetails> ArcellaRuntime::describe_component(const std::string& id) const {
  const Registry& registry = impl_->core.registry;
  ARCELLA_TRY(const ComponentRecord* record, registry.find_component(id));
  return model::ComponentDetails{record->component, registry.deployments_of(record->component.id)};
}

aio::Task<Result<model::DeploymentDetails>> ArcellaRuntime::describe_deployment(std::string id) {
  RuntimeCore& core = impl_->core;
  ARCELLA_CO_TRY(const DeploymentRecord* record, core.registry.find_deployment(id));
  model::DeploymentDetails details{record->deployment, view_of(*record), record->previous,
                                   instance_views(*record, impl_->pid_of(*record)), std::nullopt};
  if (record->loaded) {
    InstanceBackend& place = core.places.at(record->loaded_in);
    model::DeploymentId deployment = record->deployment.spec.id;
    auto statistics = co_await place.statistics(std::move(deployment));
    // Figures are an extra: a place that cannot tell them now is no failure of `describe`.
    if (statistics.has_value()) details.statistics = std::move(*statistics);
  }
  co_return details;
}

Result<std::vector<model::ImportResolution>> ArcellaRuntime::diag(
    const std::string& deployment) const {
  const Registry& registry = impl_->core.registry;
  ARCELLA_TRY(const DeploymentRecord* record, registry.find_deployment(deployment));
  return resolve_imports(registry, record->deployment);
}

model::WiringGraph ArcellaRuntime::graph() const {
  return wiring_graph(impl_->core.registry);
}

Result<std::string> ArcellaRuntime::wit(const std::string& id) const {
  const Registry& registry = impl_->core.registry;
  auto component = registry.find_component(id);
  if (component.has_value()) return (*component)->component.wit;
  auto deployment = registry.find_deployment(id);
  if (!deployment.has_value()) return fail(std::move(component).error());
  return registry.find((*deployment)->deployment.spec.component)->component.wit;
}

aio::Task<Result<LogAnswer>> ArcellaRuntime::logs(LogQuery query) {
  return impl_->logs.logs(std::move(query));
}

std::vector<model::ConfigEntry> ArcellaRuntime::config() const {
  return impl_->config.values();
}

aio::Task<Result<model::ReloadOutcome>> ArcellaRuntime::reload() {
  auto work = impl_->config.reload();
  co_return co_await shield(impl_->core.operations, std::move(work));
}

Result<model::EventTail> ArcellaRuntime::events(const EventQuery& query) {
  if (query.deployment && !impl_->core.events.knows(*query.deployment)) {
    ARCELLA_TRY_VOID(std::as_const(impl_->core.registry).find_deployment(*query.deployment));
  }
  return impl_->core.events.tail(query);
}

std::shared_ptr<void> ArcellaRuntime::follow_events(
    std::optional<std::string> deployment, std::function<void(const model::Event&)> follower) {
  return impl_->core.events.follow(std::move(deployment), std::move(follower));
}

model::Progress ArcellaRuntime::progress(model::Progress::Sink sink) const {
  if (!sink) return {};
  return {impl_->core.clock, std::move(sink)};
}

}  // namespace arcella::runtime
