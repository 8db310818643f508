// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/changeover.h"

#include <utility>

#include "base/crash_point.h"
#include "base/log.h"
#include "base/text.h"
#include "runtime/composition.h"
#include "runtime/deployment_waits.h"
#include "runtime/listen_socket.h"
#include "runtime/ready_progress.h"

namespace arcella::runtime {
namespace {

// "calc (calc@1.0.0)".
std::string name_of(const model::DeploymentSpec& spec) {
  return spec.id.str() + " (" + spec.component.str() + ")";
}

bool is_to_run(const DeploymentRecord* record) {
  return record != nullptr && record->desired == model::Desired::Running;
}

}  // namespace

aio::Task<Result<void>> check_startable(RuntimeCore& core, model::Deployment deployment,
                                        Together together, model::Progress progress) {
  model::ComponentId component_id = deployment.spec.component;
  const ComponentRecord* component = core.registry.find(component_id);
  if (component == nullptr) co_return fail(deployment_is_gone(deployment.spec.id));
  ARCELLA_CO_TRY(const Composition made, composition_of(core.registry, deployment));
  if (!can_run(component->component, deployment.policy)) {
    co_return fail(ErrorCode::Conflict, "component '" + component_id.str() +
                                            "' has nothing to start: it exports no function, and "
                                            "the deployment names no entrypoint "
                                            "([deployment.overrides.startup])");
  }
  ARCELLA_CO_TRY_VOID(check_imports(core.registry, deployment, together));
  PlaceStatus status = core.places.status(place_of(deployment));
  model::WorkerTraits traits = core.registry.needs_of(deployment);
  if (status.state == model::WorkerState::Up) traits = model::either(traits, status.traits);
  // Into the cache if it is not there: compiling is not what the startup timeout is for.
  CodeSource code = made.code();
  ARCELLA_CO_TRY(UniqueFd artifact,
                 co_await core.artifacts.artifact(std::move(code), traits, std::move(progress)));
  co_return Result<void>();
}

aio::Task<Result<void>> Changeover::check() {
  const std::size_t asked = change_.deployments.size();
  ARCELLA_CO_TRY(change_.deployments,
                 with_recomposed(core_.registry, std::move(change_.deployments)));
  for (std::size_t i = asked; i < change_.deployments.size(); ++i)
    recomposed_.insert(change_.deployments[i].spec.id);
  for (std::size_t i = 0; i < change_.deployments.size(); ++i) {
    ARCELLA_CO_TRY_VOID(co_await prepare(i));
  }
  co_return Result<void>();
}

aio::Task<Result<void>> Changeover::carry_out() {
  crash_point("change.checked");
  CountReady count = [this] { return ready(); };
  auto done =
      co_await with_ready_progress(core_, std::move(count), change_.progress, replace_all());
  if (done.has_value()) done = co_await record();
  if (done.has_value()) {
    crash_point("change.recorded");
    apply_recorded();
    co_return done;
  }
  if (replaced_.empty() || done.error().code() == ErrorCode::Cancelled) co_return done;
  crash_point("change.failed");
  change_.progress.stage("reverting");
  std::string reverted = co_await put_back();
  crash_point("change.put-back");
  const Error& error = done.error();
  std::string detail = error.detail();
  Error whole(error.code(), error.message() + "; " + reverted);
  co_return fail(std::move(whole).with_detail(std::move(detail)));
}

aio::Task<Result<void>> Changeover::prepare(std::size_t which) {
  const model::Deployment& wanted = change_.deployments[which];
  const DeploymentRecord* record = core_.registry.find(wanted.spec.id);
  if (!is_to_run(record)) co_return Result<void>();
  const ComponentRecord* component = core_.registry.find(wanted.spec.component);
  bool elsewhere = record->deployment.spec.http_listen != wanted.spec.http_listen;
  if (elsewhere && component != nullptr && component->component.kind == model::Kind::Http) {
    ARCELLA_CO_TRY(UniqueFd listener, listen_for(core_.registry, wanted.spec));
    listeners_.insert_or_assign(wanted.spec.id, std::move(listener));
  }
  auto startable = co_await check_startable(core_, wanted, together(), change_.progress);
  if (startable.has_value()) co_return startable;
  co_return fail(
      std::move(startable).error().with_context("deployment '" + wanted.spec.id.str() + "'"));
}

aio::Task<Result<void>> Changeover::replace_all() {
  Result<void> done;
  for (std::size_t i = 0; i < change_.deployments.size() && done.has_value(); ++i) {
    done = co_await replace(i);
  }
  co_return done;
}

std::optional<model::Progress::Note> Changeover::ready() const {
  int wanted = 0;
  for (const model::Deployment& deployment : change_.deployments) {
    if (is_to_run(core_.registry.find(deployment.spec.id))) wanted += deployment.spec.replicas;
  }
  if (wanted == 0) return std::nullopt;
  int up = 0;
  for (const Earlier& earlier : replaced_) {
    // Those that still run as they did are not counted: they are to go.
    const DeploymentRecord* record = core_.registry.find(earlier.deployment.spec.id);
    if (record != nullptr && is_current(*record)) up += ready_of(*record);
  }
  return ready_note(up, wanted);
}

Together Changeover::together() const {
  Together result;
  for (const model::Deployment& wanted : change_.deployments) {
    if (is_to_run(core_.registry.find(wanted.spec.id))) result.emplace(wanted.spec.id, wanted);
  }
  return result;
}

aio::Task<Result<void>> Changeover::replace(std::size_t which) {
  const model::Deployment& wanted = change_.deployments[which];
  model::DeploymentId id = wanted.spec.id;
  DeploymentRecord* record = core_.registry.find(id);
  if (!is_to_run(record)) co_return Result<void>();
  Earlier& earlier = replaced_.emplace_back(Earlier{record->deployment, {}});
  if (record->deployment.spec.http_listen != wanted.spec.http_listen) {
    earlier.listener = std::exchange(record->listener, std::move(listeners_[id]));
  }
  core_.registry.put(wanted);
  core_.reconciler.forgive(*record);
  // What is only scaled or wired anew goes on as it is; anything else is started anew.
  record->starting_by_hand = !is_current(*record);
  core_.reconciler.kick();
  auto up = co_await wait_replaced(core_, id);
  record = core_.registry.find(id);
  if (record != nullptr && record->deployment.spec.replicas == 0) record->starting_by_hand = false;
  if (up.has_value()) {
    bool anew = record != nullptr && record->starting_by_hand;
    up = anew ? co_await wait_started(core_, id) : co_await wait_all_ready(core_, id);
  }
  if (up.has_value()) up = co_await wait_bound(core_, id);
  crash_point("change.replaced");
  if (up.has_value()) co_return up;
  int generation = record == nullptr ? 0 : record->generation + 1;
  std::string what = "deployment '" + id.str() + "': generation " + std::to_string(generation) +
                     " (" + wanted.spec.component.str() + ") did not come up";
  co_return fail(std::move(up).error().with_context(what));
}

aio::Task<Result<void>> Changeover::record() const {
  store::StateStore& store = *core_.home.store;
  const ComponentRecord* component =
      change_.component ? core_.registry.find(*change_.component) : nullptr;
  if (component == nullptr) {
    auto write = [this, &store] { return store.put_deployments(to_record()); };
    co_return co_await core_.state_pool.run(std::move(write));
  }
  // A copy: the registry may not be looked at from the other thread.
  ComponentRecord added = *component;
  auto write = [this, &store, &added] {
    return store.put_deployments(to_record(), added.component, added.template_fields);
  };
  co_return co_await core_.state_pool.run(std::move(write));
}

std::vector<model::Deployment> Changeover::to_record() const {
  std::vector<model::Deployment> result = change_.deployments;
  std::erase_if(result,
                [this](const model::Deployment& one) { return recomposed_.contains(one.spec.id); });
  return result;
}

// The registry as the store now is.
void Changeover::apply_recorded() {
  std::map<model::DeploymentId, model::DeploymentSpec> before;
  for (Earlier& earlier : replaced_) {
    model::DeploymentId id = earlier.deployment.spec.id;
    before.emplace(std::move(id), std::move(earlier.deployment.spec));
  }
  for (model::Deployment& wanted : change_.deployments) {
    const bool recomposed = recomposed_.contains(wanted.spec.id);
    core_.events.record(change_.event, wanted.spec.id.str(),
                        recomposed ? "composed anew" : wanted.spec.component.str());
    DeploymentRecord* record = core_.registry.find(wanted.spec.id);
    if (record == nullptr) {
      core_.registry.put(std::move(wanted));
      continue;
    }
    auto replaced = before.find(wanted.spec.id);
    bool was_running = replaced != before.end();
    if (recomposed) {
      log::info("runtime", "composed anew", {{"deployment", wanted.spec.id.str()}});
      if (!was_running) core_.registry.put(std::move(wanted));
      continue;
    }
    record->previous = model::Generation{record->generation++,
                                         was_running ? replaced->second : record->deployment.spec};
    log::info("runtime", "changed",
              {{"deployment", wanted.spec.id.str()},
               {"component", wanted.spec.component.str()},
               {"generation", record->generation}});
    if (!was_running) core_.registry.put(std::move(wanted));
  }
  core_.reconciler.kick();
}

aio::Task<std::string> Changeover::put_back() {
  std::vector<std::string> names;
  for (auto earlier = replaced_.rbegin(); earlier != replaced_.rend(); ++earlier) {
    DeploymentRecord* record = core_.registry.find(earlier->deployment.spec.id);
    if (record == nullptr) continue;
    names.push_back(name_of(earlier->deployment.spec));
    bool moved_back = record->deployment.spec.http_listen != earlier->deployment.spec.http_listen;
    if (moved_back) record->listener = std::move(earlier->listener);
    core_.registry.put(earlier->deployment);
    core_.reconciler.forgive(*record);
    record->starting_by_hand = false;
  }
  core_.reconciler.kick();
  std::vector<std::string> down;
  for (const Earlier& earlier : replaced_) {
    const model::DeploymentId& id = earlier.deployment.spec.id;
    auto up = co_await wait_replaced(core_, id);
    if (up.has_value()) up = co_await wait_all_ready(core_, id);
    if (!up.has_value()) down.push_back(up.error().message());
  }
  std::string said = "reverted to what ran before: " + join(names, ", ");
  if (!down.empty()) said += "; but not all of it is up again: " + join(down, "; ");
  co_return said;
}

}  // namespace arcella::runtime
