// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Other content for an installed id: what the hot-deploy folder does with a file that was built
// again. In this order: the new content is compiled, the deployments that run are taken over to it,
// the files are exchanged, the row is written. An error before the row leaves all as it was. A
// crash between files and row leaves the old row; the folder then does it again.
#include <span>
#include <utility>

#include "base/log.h"
#include "model/deployment_rules.h"
#include "runtime/component_operations.h"
#include "runtime/deployment_waits.h"

namespace arcella::runtime {

aio::Task<Result<void>> ComponentOperations::replace(PackageSource source) {
  ARCELLA_CO_TRY(Candidate candidate, co_await examine(std::move(source), std::nullopt));
  model::ComponentId id = candidate.id;
  ARCELLA_CO_TRY(auto guard, co_await lock_with_deployments(id));
  ComponentRecord after = record_of(candidate);
  ARCELLA_CO_TRY_VOID(check_replaceable(after));
  ComponentRecord before = *core_.registry.find(id);
  ARCELLA_CO_TRY_VOID(co_await compile_and_keep(candidate));
  std::string old_hash = before.component.content_hash;
  std::string new_hash = after.component.content_hash;

  Result<void> done = co_await switch_to(after);
  if (done.has_value()) done = co_await record_replacement(after, candidate.content.package);
  if (done.has_value()) {
    log::info("runtime", "replaced", {{"component", id.str()}});
    if (old_hash != new_hash) co_await drop_code(std::move(old_hash));
    co_return done;
  }
  if (done.error().code() == ErrorCode::Cancelled) co_return done;
  auto reverted = co_await switch_to(std::move(before));
  std::string said = reverted.has_value()
                         ? std::string("the earlier content runs as before")
                         : "the earlier content is not up again: " + reverted.error().message();
  if (old_hash != new_hash) co_await drop_code(std::move(new_hash));
  std::string detail = done.error().detail();
  Error whole(done.error().code(), done.error().message() + "; " + said);
  co_return fail(std::move(whole).with_detail(std::move(detail)));
}

aio::Task<Result<KeyedLock::Guard>> ComponentOperations::lock_with_deployments(
    model::ComponentId id) {
  KeyedLock::KeysNow keys_now = [this, &id] {
    KeyedLock::Keys keys{KeyedLock::key(id)};
    for (const std::string& user : core_.registry.deployments_of(id)) {
      keys.insert(KeyedLock::key(model::DeploymentId::parse(user).value()));
    }
    return keys;
  };
  co_return co_await core_.lock.acquire_current(std::move(keys_now));
}

Result<void> ComponentOperations::check_replaceable(const ComponentRecord& after) const {
  const model::ComponentId& component = after.component.id;
  if (core_.registry.find(component) == nullptr)
    return fail(ErrorCode::NotFound, "component '" + component.str() + "' is gone");
  for (const model::DeploymentId& id : core_.registry.made_of(component)) {
    const model::DeploymentSpec& spec = core_.registry.find(id)->deployment.spec;
    // Its parts are composed out of the files of installed components, which are exchanged last.
    if (!spec.fuse_with.empty()) {
      return fail(ErrorCode::Conflict, "component '" + component.str() +
                                           "' is composed with others for deployment '" + id.str() +
                                           "': raise the version");
    }
    model::Deployment merged{spec, model::merge(after.template_fields, spec.overrides)};
    const auto violations = model::check_rules(merged, after.component);
    if (violations.empty()) continue;
    return fail(ErrorCode::Conflict,
                "deployment '" + id.str() + "' does not fit the new content of '" +
                    component.str() + "': " + violations.front().field + ": " +
                    violations.front().message + "; change its file, or raise the version");
  }
  return {};
}

// In memory only: the store says what was there until all of it is up.
aio::Task<Result<void>> ComponentOperations::switch_to(ComponentRecord record) {
  const model::ComponentId id = record.component.id;
  const model::PolicyFields template_fields = record.template_fields;
  core_.registry.add(std::move(record));
  std::vector<model::DeploymentId> running;
  for (const std::string& user : core_.registry.deployments_of(id)) {
    const model::DeploymentId deployment = model::DeploymentId::parse(user).value();
    DeploymentRecord* there = core_.registry.find(deployment);
    model::DeploymentSpec spec = there->deployment.spec;
    model::Policy policy = model::merge(template_fields, spec.overrides);
    core_.registry.put({std::move(spec), std::move(policy)});
    core_.registry.renew(*there);
    if (there->desired != model::Desired::Running) continue;
    core_.reconciler.forgive(*there);
    there->starting_by_hand = there->deployment.spec.replicas > 0;
    running.push_back(deployment);
  }
  core_.reconciler.kick();
  for (const model::DeploymentId& deployment : running) {
    ARCELLA_CO_TRY_VOID(co_await wait_replaced(core_, deployment));
    ARCELLA_CO_TRY_VOID(co_await wait_started(core_, deployment));
  }
  co_return Result<void>();
}

aio::Task<Result<void>> ComponentOperations::record_replacement(const ComponentRecord& record,
                                                                const Package& package) {
  const model::ComponentId& id = record.component.id;
  auto exchange = [this, &id, &package] {
    return core_.home.repository.replace(id, std::as_bytes(std::span(package.wasm)), package.files);
  };
  ARCELLA_CO_TRY_VOID(co_await core_.files_pool.run(std::move(exchange)));
  auto write = [this, &record] {
    return core_.home.store->replace_component(record.component, record.template_fields);
  };
  Result<void> written = co_await core_.state_pool.run(std::move(write));
  auto settle = [this, &id, &written] {
    return written.has_value() ? core_.home.repository.finish_replacement(id)
                               : core_.home.repository.take_back_replacement(id);
  };
  auto settled = co_await core_.files_pool.run(std::move(settle));
  if (!settled.has_value())
    log::warn("runtime", settled.error().message(), {{"component", id.str()}});
  co_return written;
}

}  // namespace arcella::runtime
