// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/deployment_operations.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/crash_point.h"
#include "base/log.h"
#include "manifest/rule_diagnostics.h"
#include "model/deployment_rules.h"
#include "runtime/changeover.h"
#include "runtime/composition.h"
#include "runtime/deploy_plan.h"
#include "runtime/deployment_keys.h"
#include "runtime/deployment_waits.h"
#include "runtime/listen_socket.h"

namespace arcella::runtime {
namespace {

Error not_started(const model::DeploymentId& id, Error error) {
  return std::move(error).with_context("deployment '" + id.str() + "' did not start");
}

}  // namespace

// --- deploy ---

aio::Task<Result<DeployOutcome>> DeploymentOperations::deploy(std::vector<std::string> paths) {
  auto read = [&paths] { return read_deployment_files(paths); };
  ARCELLA_CO_TRY(auto files, co_await core_.files_pool.run(std::move(read)));
  co_return co_await deploy_files(std::move(files));
}

aio::Task<Result<DeployOutcome>> DeploymentOperations::deploy_files(
    std::vector<DeploymentFile> files) {
  ARCELLA_CO_TRY(auto guard, co_await lock_all(files));
  Change change;
  ARCELLA_CO_TRY(change.deployments, check(files));
  if (!change.deployments.empty()) {
    Changeover changeover(core_, std::move(change));
    ARCELLA_CO_TRY_VOID(co_await changeover.check());
    ARCELLA_CO_TRY_VOID(co_await changeover.carry_out());
  }
  DeployOutcome outcome;
  for (DeploymentFile& file : files) {
    ARCELLA_CO_TRY(auto shown, view(file.spec.id));
    outcome.deployments.push_back(std::move(shown));
    std::move(file.notes.begin(), file.notes.end(), std::back_inserter(outcome.notes));
  }
  co_return outcome;
}

aio::Task<Result<std::vector<model::PlannedChange>>> DeploymentOperations::plan_deploy(
    std::vector<std::string> paths) {
  auto read = [&paths] { return read_deployment_files(paths); };
  ARCELLA_CO_TRY(auto files, co_await core_.files_pool.run(std::move(read)));
  ARCELLA_CO_TRY(auto guard, co_await lock_all(files));
  ARCELLA_CO_TRY(auto changed, check(files));
  Change change;
  change.deployments = changed;
  Changeover changeover(core_, std::move(change));
  ARCELLA_CO_TRY_VOID(co_await changeover.check());
  std::vector<model::DeploymentId> asked;
  for (const DeploymentFile& file : files) asked.push_back(file.spec.id);
  // What is composed anew because of them comes after them.
  for (std::size_t i = changed.size(); i < changeover.deployments().size(); ++i)
    asked.push_back(changeover.deployments()[i].spec.id);
  changed = changeover.deployments();
  model::Situation situation = core_.reconciler.observe(core_.clock.monotonic_now());
  co_return planned_changes(core_.registry, std::move(situation), asked, changed);
}

Result<std::vector<model::Deployment>> DeploymentOperations::check(
    const std::vector<DeploymentFile>& files) const {
  std::vector<model::Deployment> changed;
  std::vector<manifest::Diagnostic> diagnostics;
  std::size_t added = 0;
  for (const DeploymentFile& file : files) {
    auto complain = [&](const std::vector<model::RuleViolation>& violations) {
      for (auto& diagnostic : manifest::locate(violations, file.text, file.path)) {
        diagnostics.push_back(std::move(diagnostic));
      }
    };
    const ComponentRecord* component = core_.registry.find(file.spec.component);
    if (component == nullptr) {
      std::string hint = "install it first (`arcella-cli install PATH`)";
      auto near = core_.registry.find_component(file.spec.component.name());
      if (near.has_value()) hint = "installed is '" + (*near)->component.id.str() + "'";
      complain({{"deployment.module_id",
                 "component '" + file.spec.component.str() + "' is not installed", hint}});
      continue;
    }
    model::Deployment deployment{file.spec,
                                 model::merge(component->template_fields, file.spec.overrides)};
    // The rules of what is fused look at the others, too, when all are known.
    if (deployment.spec.fuse_with.empty())
      complain(model::check_rules(deployment, component->component));
    if (auto too_many = check_replicas_max(deployment.spec.replicas); !too_many.has_value()) {
      complain({{"deployment.replicas", too_many.error().message(), ""}});
    }
    const DeploymentRecord* there = core_.registry.find(file.spec.id);
    if (there == nullptr) ++added;
    bool same = there != nullptr && there->deployment.spec == deployment.spec &&
                there->deployment.policy == deployment.policy;
    if (same) continue;
    changed.push_back(std::move(deployment));
  }
  for (const DeploymentFile& file : files) {
    const ComponentRecord* component = core_.registry.find(file.spec.component);
    if (file.spec.fuse_with.empty() || component == nullptr) continue;
    const model::Deployment deployment{
        file.spec, model::merge(component->template_fields, file.spec.overrides)};
    const auto facts = facts_of(core_.registry, deployment, component->component, changed);
    std::vector<model::RuleViolation> violations = model::check_rules(deployment, facts).violations;
    for (auto& one : fusion_violations(core_.registry, deployment, component->component, changed))
      violations.push_back(std::move(one));
    for (auto& diagnostic : manifest::locate(violations, file.text, file.path))
      diagnostics.push_back(std::move(diagnostic));
  }
  if (!diagnostics.empty()) return fail(manifest::to_error(diagnostics));
  if (core_.registry.deployments().size() + added >
      static_cast<std::size_t>(limits::kDeploymentsMax)) {
    return fail(ErrorCode::LimitExceeded,
                "there can be " + std::to_string(limits::kDeploymentsMax) + " deployments");
  }
  return changed;
}

Result<void> DeploymentOperations::check_replicas_max(int replicas) const {
  const std::int64_t most = core_.settings.config.limits_replicas_max;
  if (replicas <= most) return {};
  return fail(ErrorCode::LimitExceeded,
              std::to_string(replicas) + " is more than limits.replicas_max of this daemon, " +
                  std::to_string(most) + "; ask for fewer, or raise it in cfg/arcella.toml");
}

// --- start ---

aio::Task<Result<model::DeploymentView>> DeploymentOperations::start(std::string deployment,
                                                                     Together together) {
  ARCELLA_CO_TRY(const DeploymentRecord* found, core_.registry.find_deployment(deployment));
  model::DeploymentId id = found->deployment.spec.id;
  ARCELLA_CO_TRY(auto guard, co_await lock(id));
  const DeploymentRecord* record = core_.registry.find(id);
  if (record == nullptr) co_return fail(deployment_is_gone(id));
  if (record->desired == model::Desired::Running && record->failure.empty() && all_up(*record))
    co_return view(id);

  auto prepared = co_await prepare_start(id, std::move(together));
  if (!prepared.has_value()) co_return fail(not_started(id, std::move(prepared).error()));
  crash_point("start.prepared");
  record = core_.registry.find(id);
  if (record != nullptr && record->desired == model::Desired::Running) {
    // It runs in part, or was given up: try at once what died, and leave what serves alone.
    core_.reconciler.forgive(*core_.registry.find(id));
    core_.reconciler.kick();
    ARCELLA_CO_TRY_VOID(co_await wait_all_ready(core_, id));
    core_.events.record(model::EventKind::DeploymentStarted, id.str());
    co_return view(id);
  }
  model::Desired before = record == nullptr ? model::Desired::Stopped : record->desired;
  auto started = co_await start_stopped(id);
  if (!started.has_value()) {
    crash_point("start.failed");
    if (started.error().code() != ErrorCode::Cancelled) co_await take_back_start(id, before);
    co_return fail(not_started(id, std::move(started).error()));
  }
  core_.events.record(model::EventKind::DeploymentStarted, id.str());
  log::info("runtime", "started", {{"deployment", id.str()}});
  co_return view(id);
}

// What can be known to fail fails here, before anything is recorded.
aio::Task<Result<void>> DeploymentOperations::prepare_start(model::DeploymentId id,
                                                            Together together) {
  DeploymentRecord* record = core_.registry.find(id);
  if (record == nullptr) co_return fail(deployment_is_gone(id));
  model::Deployment deployment = record->deployment;
  ARCELLA_CO_TRY_VOID(co_await wait_for_providers(core_, deployment, together));
  ARCELLA_CO_TRY_VOID(co_await check_startable(core_, std::move(deployment), std::move(together)));
  record = core_.registry.find(id);
  if (record == nullptr) co_return fail(deployment_is_gone(id));
  co_return ensure_listening(core_.registry, *record);
}

aio::Task<Result<void>> DeploymentOperations::start_stopped(model::DeploymentId id) {
  DeploymentRecord* record = core_.registry.find(id);
  if (record == nullptr) co_return fail(deployment_is_gone(id));
  core_.reconciler.forgive(*record);
  record->desired = model::Desired::Running;
  record->starting_by_hand = record->deployment.spec.replicas > 0;
  core_.reconciler.kick();
  ARCELLA_CO_TRY_VOID(co_await wait_started(core_, id));
  crash_point("start.ready");
  ARCELLA_CO_TRY_VOID(co_await core_.record_desired(id, model::Desired::Running));
  crash_point("start.recorded");
  co_return Result<void>();
}

aio::Task<void> DeploymentOperations::take_back_start(model::DeploymentId id,
                                                      model::Desired before) {
  DeploymentRecord* record = core_.registry.find(id);
  if (record == nullptr) co_return;
  record->desired = before;
  core_.reconciler.kick();
  auto drained = co_await wait_gone(core_, id);
  if (!drained.has_value()) {
    log::warn("runtime", "what was left of a start is slow to end", {{"deployment", id.str()}});
  }
  forget_run(id);
  crash_point("start.taken-back");
}

// --- stop, undeploy, scale ---

aio::Task<Result<model::DeploymentView>> DeploymentOperations::stop(std::string deployment) {
  ARCELLA_CO_TRY(const DeploymentRecord* found, core_.registry.find_deployment(deployment));
  model::DeploymentId id = found->deployment.spec.id;
  ARCELLA_CO_TRY(auto guard, co_await lock(id));
  const DeploymentRecord* record = core_.registry.find(id);
  if (record == nullptr) co_return fail(deployment_is_gone(id));
  if (record->desired != model::Desired::Stopped || occupies_a_process(*record)) {
    ARCELLA_CO_TRY_VOID(co_await core_.record_desired(id, model::Desired::Stopped));
    crash_point("stop.recorded");
    core_.reconciler.kick();
    ARCELLA_CO_TRY_VOID(co_await wait_gone(core_, id));
    crash_point("stop.drained");
    core_.events.record(model::EventKind::DeploymentStopped, id.str());
    log::info("runtime", "stopped", {{"deployment", id.str()}});
  }
  forget_run(id);
  co_return view(id);
}

// Stopped as asked: what its replicas died of is history, and its address is free again. Their logs
// stay.
void DeploymentOperations::forget_run(const model::DeploymentId& id) {
  DeploymentRecord* record = core_.registry.find(id);
  if (record == nullptr) return;
  record->starting_by_hand = false;
  record->start_error.reset();
  record->failure.clear();
  record->load_order = 0;
  record->listener.reset();
  for (InstanceRecord& instance : record->instances) {
    instance.held_until.reset();
    if (is_alive(instance.state)) continue;
    instance.state = model::InstanceState::Stopped;
    instance.reason.clear();
    instance.backtrace.clear();
  }
}

aio::Task<Result<void>> DeploymentOperations::undeploy(std::string deployment, bool force) {
  ARCELLA_CO_TRY(const DeploymentRecord* found, core_.registry.find_deployment(deployment));
  model::DeploymentId id = found->deployment.spec.id;
  ARCELLA_CO_TRY(auto guard, co_await lock(id));
  if (core_.registry.find(id) == nullptr) co_return fail(deployment_is_gone(id));
  if (!force) {
    ARCELLA_CO_TRY_VOID(check_unused(core_.registry, id));
  }
  // The row first: after a crash it is gone, and what still ran has died with the daemon.
  auto forget = [this, &id] { return core_.home.store->remove_deployment(id); };
  ARCELLA_CO_TRY_VOID(co_await core_.state_pool.run(std::move(forget)));
  crash_point("undeploy.row-gone");
  if (DeploymentRecord* record = core_.registry.find(id)) record->desired = model::Desired::Stopped;
  core_.reconciler.kick();
  auto drained = co_await wait_gone(core_, id);
  if (!drained.has_value()) {
    log::warn("runtime", "undeployed, but its guests are slow to end", {{"deployment", id.str()}});
  }
  crash_point("undeploy.drained");
  auto forget_keys = [this, &id] { return remove_keys(core_.config.home, id); };
  auto forgotten = co_await core_.files_pool.run(std::move(forget_keys));
  if (!forgotten.has_value()) {
    log::warn("runtime", "what it kept goes at the next start",
              {{"deployment", id.str()}, {"error", forgotten.error().message()}});
  }
  crash_point("undeploy.keys-gone");
  core_.registry.remove(id);
  core_.events.record(model::EventKind::DeploymentUndeployed, id.str());
  core_.reconciler.kick();
  co_await core_.logs.forget(id);
  co_return Result<void>();
}

aio::Task<Result<model::DeploymentView>> DeploymentOperations::scale(std::string deployment,
                                                                     int replicas) {
  ARCELLA_CO_TRY(const DeploymentRecord* found, core_.registry.find_deployment(deployment));
  model::DeploymentId id = found->deployment.spec.id;
  ARCELLA_CO_TRY(auto guard, co_await lock(id));
  DeploymentRecord* record = core_.registry.find(id);
  if (record == nullptr) co_return fail(deployment_is_gone(id));
  if (replicas < 0 || replicas > limits::kReplicasMax) {
    co_return fail(ErrorCode::InvalidParams,
                   "replicas: from 0 to " + std::to_string(limits::kReplicasMax));
  }
  ARCELLA_CO_TRY_VOID(check_replicas_max(replicas));
  if (!place_of(record->deployment) && replicas != 1) {
    co_return fail(ErrorCode::Conflict,
                   "deployment '" + id.str() +
                       "' runs in main, which has one replica: use isolation = \"worker\"");
  }
  int before = record->deployment.spec.replicas;
  set_replicas(id, replicas);
  auto kept = co_await keep_replicas(id, replicas);
  if (!kept.has_value()) {
    set_replicas(id, before);
    co_return fail(std::move(kept).error());
  }
  core_.events.record(
      model::EventKind::DeploymentScaled, id.str(),
      "from " + std::to_string(before) + " to " + std::to_string(replicas) + " replicas");
  co_return view(id);
}

void DeploymentOperations::set_replicas(const model::DeploymentId& id, int replicas) {
  DeploymentRecord* record = core_.registry.find(id);
  if (record == nullptr) return;
  record->deployment.spec.replicas = replicas;
  auto count = static_cast<std::size_t>(replicas);
  if (count > record->instances.size() || !any_alive(*record)) record->instances.resize(count);
  core_.reconciler.kick();
}

// On the disk only when they are up: as with a start, a crash or a failure before leaves what was.
aio::Task<Result<void>> DeploymentOperations::keep_replicas(model::DeploymentId id, int replicas) {
  const DeploymentRecord* record = core_.registry.find(id);
  if (record == nullptr) co_return fail(deployment_is_gone(id));
  if (record->desired == model::Desired::Running) {
    ARCELLA_CO_TRY_VOID(co_await wait_all_ready(core_, id));
    crash_point("scale.ready");
  }
  auto write = [this, &id, replicas] { return core_.home.store->set_replicas(id, replicas); };
  ARCELLA_CO_TRY_VOID(co_await core_.state_pool.run(std::move(write)));
  crash_point("scale.recorded");
  co_return Result<void>();
}

Result<model::DeploymentView> DeploymentOperations::view(const model::DeploymentId& id) const {
  const DeploymentRecord* record = core_.registry.find(id);
  if (record == nullptr) return fail(deployment_is_gone(id));
  return view_of(*record);
}

// Of the components too: the ones that are used, and the ones that will be.
aio::Task<Result<KeyedLock::Guard>> DeploymentOperations::lock_all(
    const std::vector<DeploymentFile>& files) {
  KeyedLock::KeysNow keys_now = [this, &files] { return keys_of(files); };
  co_return co_await core_.lock.acquire_current(std::move(keys_now));
}

KeyedLock::Keys DeploymentOperations::keys_of(const std::vector<DeploymentFile>& files) const {
  KeyedLock::Keys keys;
  for (const DeploymentFile& file : files) {
    keys.insert(KeyedLock::key(file.spec.id));
    keys.insert(KeyedLock::key(file.spec.component));
    for (const model::DeploymentId& other : fused_either_way(core_.registry, file.spec))
      keys.insert(KeyedLock::key(other));
    const DeploymentRecord* there = core_.registry.find(file.spec.id);
    if (there != nullptr) keys.insert(KeyedLock::key(there->deployment.spec.component));
  }
  return keys;
}

aio::Task<Result<KeyedLock::Guard>> DeploymentOperations::lock(model::DeploymentId id) {
  KeyedLock::Keys keys{KeyedLock::key(id)};
  co_return co_await core_.lock.acquire(std::move(keys));
}

}  // namespace arcella::runtime
