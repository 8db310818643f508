// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/update_operations.h"

#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "model/deployment_rules.h"
#include "model/replacement.h"
#include "runtime/composition.h"
#include "runtime/deployment_waits.h"

namespace arcella::runtime {
namespace {

// One line with the first of them; all of them below it when there are more.
Error conflict(std::string message, const std::vector<std::string>& lines,
               std::string_view way_out) {
  message += ": " + lines.front();
  if (lines.size() > 1) message += " (and " + std::to_string(lines.size() - 1) + " more)";
  message += "; ";
  message += way_out;
  Error error(ErrorCode::Conflict, std::move(message));
  return lines.size() > 1 ? std::move(error).with_detail(join(lines, "\n")) : error;
}

Result<void> check_fits(const Registry& registry, const model::Deployment& deployment,
                        const model::Component& component) {
  std::vector<std::string> lines;
  const model::ComponentFacts facts = facts_of(registry, deployment, component);
  for (const model::RuleViolation& violation : model::check_rules(deployment, facts).violations) {
    const std::string way_out = violation.hint.empty() ? "" : "; " + violation.hint;
    lines.push_back(violation.field + ": " + violation.message + way_out);
  }
  if (lines.empty()) return {};
  return fail(conflict("deployment '" + deployment.spec.id.str() + "' does not fit component '" +
                           component.id.str() + "'",
                       lines, "change its file and deploy it"));
}

}  // namespace

aio::Task<Result<UpdateOutcome>> UpdateOperations::update(UpdateRequest request,
                                                          PointOfNoReturn& begun) {
  if (request.path.has_value() == request.to.has_value()) {
    co_return fail(ErrorCode::InvalidParams,
                   "update: either the path of a package, or the installed component to go `to`");
  }
  if (request.path) co_return co_await update_from_package(std::move(request), begun);
  co_return co_await update_to_installed(std::move(request), begun);
}

aio::Task<Result<UpdateOutcome>> UpdateOperations::update_from_package(UpdateRequest request,
                                                                       PointOfNoReturn& begun) {
  // What is not there need not be examined.
  ARCELLA_CO_TRY(Ids meant, deployments_of_component(request.target));
  InstallRequest package{*request.path, std::nullopt, request.progress};
  ARCELLA_CO_TRY(auto candidate, co_await components_.examine(std::move(package)));
  model::ComponentId to = candidate.id;
  std::string name = request.target.substr(0, request.target.find('@'));
  if (to.name() != name) {
    co_return fail(ErrorCode::InvalidParams,
                   *request.path + " is '" + to.str() + "', no version of '" + name +
                       "': install it, and use `update DEPLOYMENT --to " + to.str() + "`");
  }
  Select select = [this, target = request.target] { return deployments_of_component(target); };
  ARCELLA_CO_TRY(Locked locked, co_await lock(std::move(select), to));
  std::optional<model::ComponentId> added;
  std::string hash = candidate.content.content_hash;
  if (const ComponentRecord* there = core_.registry.find(to)) {
    ARCELLA_CO_TRY_VOID(components_.check_same(*there, candidate));
  } else {
    ARCELLA_CO_TRY(ComponentRecord kept, co_await components_.keep(std::move(candidate)));
    core_.registry.add(std::move(kept));
    added = to;
  }
  auto done = co_await move(request, locked.deployments, to, added, begun);
  if (done.has_value()) co_return outcome(locked.deployments, to);
  // Cancelled on the way: the daemon ends, and the next one removes what has no row.
  const bool ends = begun.passed() && done.error().code() == ErrorCode::Cancelled;
  if (added && !ends) {
    core_.registry.remove(to);
    co_await components_.drop(std::move(to), std::move(hash));
  }
  co_return fail(std::move(done).error());
}

aio::Task<Result<UpdateOutcome>> UpdateOperations::update_to_installed(UpdateRequest request,
                                                                       PointOfNoReturn& begun) {
  ARCELLA_CO_TRY(const ComponentRecord* found, core_.registry.find_component(*request.to));
  model::ComponentId to = found->component.id;
  Select select = [this, target = request.target] { return deployments_of_target(target); };
  ARCELLA_CO_TRY(Locked locked, co_await lock(std::move(select), to));
  ARCELLA_CO_TRY(found, core_.registry.find_component(to.str()));
  ARCELLA_CO_TRY_VOID(co_await move(request, locked.deployments, to, std::nullopt, begun));
  co_return outcome(locked.deployments, to);
}

aio::Task<Result<model::DeploymentView>> UpdateOperations::rollback(std::string deployment,
                                                                    model::Progress progress,
                                                                    PointOfNoReturn& begun) {
  Select select = [this, deployment] { return deployments_of_target(deployment); };
  while (true) {
    ARCELLA_CO_TRY(const DeploymentRecord* record, core_.registry.find_deployment(deployment));
    model::DeploymentId id = record->deployment.spec.id;
    if (!record->previous) {
      co_return fail(ErrorCode::Conflict, "deployment '" + id.str() +
                                              "' has no earlier generation to go back to: it has "
                                              "not changed since it was deployed, or the component "
                                              "of the earlier one was removed");
    }
    model::ComponentId to = record->previous->spec.component;
    ARCELLA_CO_TRY(Locked locked, co_await lock(select, to));
    record = core_.registry.find(id);
    // Something else has changed it while this waited.
    if (record == nullptr || !record->previous || record->previous->spec.component != to) continue;
    const ComponentRecord* component = core_.registry.find(to);
    if (component == nullptr) continue;
    model::DeploymentSpec spec = record->previous->spec;
    model::Policy policy = model::merge(component->template_fields, spec.overrides);
    model::Deployment earlier{std::move(spec), std::move(policy)};
    ARCELLA_CO_TRY_VOID(check_fits(core_.registry, earlier, component->component));
    Change change;
    change.event = model::EventKind::DeploymentRolledBack;
    change.progress = std::move(progress);
    change.deployments.push_back(std::move(earlier));
    ARCELLA_CO_TRY_VOID(co_await carry_out(std::move(change), begun));
    record = core_.registry.find(id);
    if (record == nullptr) co_return fail(deployment_is_gone(id));
    co_return view_of(*record);
  }
}

Result<UpdateOperations::Ids> UpdateOperations::deployments_of_component(
    const std::string& id_or_name) const {
  bool known = false;
  for (const auto& [id, record] : core_.registry.components()) {
    known = known || id.str() == id_or_name || id.name() == id_or_name;
  }
  if (!known) {
    auto missing = core_.registry.find_component(id_or_name);
    if (core_.registry.find_deployment(id_or_name).has_value()) {
      return fail(ErrorCode::NotFound,
                  "'" + id_or_name + "' is a deployment: install the package, and use `update " +
                      id_or_name + " --to COMPONENT`");
    }
    return fail(std::move(missing).error());
  }
  Ids result;
  for (const auto& [id, record] : core_.registry.deployments()) {
    const model::ComponentId& component = record.deployment.spec.component;
    if (component.str() == id_or_name || component.name() == id_or_name) result.push_back(id);
  }
  return result;
}

Result<UpdateOperations::Ids> UpdateOperations::deployments_of_target(
    const std::string& target) const {
  if (target.find('@') != std::string::npos) return deployments_of_component(target);
  ARCELLA_TRY(const DeploymentRecord* record, core_.registry.find_deployment(target));
  return Ids{record->deployment.spec.id};
}

aio::Task<Result<UpdateOperations::Locked>> UpdateOperations::lock(Select select,
                                                                   model::ComponentId to) {
  KeyedLock::KeysNow keys_now = [this, &select, &to]() -> Result<KeyedLock::Keys> {
    ARCELLA_TRY(const Ids deployments, select());
    KeyedLock::Keys keys{KeyedLock::key(to)};
    for (const model::DeploymentId& id : deployments) {
      keys.insert(KeyedLock::key(id));
      const model::DeploymentSpec& spec = core_.registry.find(id)->deployment.spec;
      keys.insert(KeyedLock::key(spec.component));
      for (const model::DeploymentId& other : fused_either_way(core_.registry, spec))
        keys.insert(KeyedLock::key(other));
    }
    return keys;
  };
  ARCELLA_CO_TRY(KeyedLock::Guard guard, co_await core_.lock.acquire_current(std::move(keys_now)));
  ARCELLA_CO_TRY(Ids deployments, select());
  co_return Locked(std::move(deployments), std::move(guard));
}

aio::Task<Result<void>> UpdateOperations::move(const UpdateRequest& request, Ids deployments,
                                               model::ComponentId to,
                                               std::optional<model::ComponentId> added,
                                               PointOfNoReturn& begun) {
  const ComponentRecord* component = core_.registry.find(to);
  Change change;
  change.event = model::EventKind::DeploymentUpdated;
  for (const model::DeploymentId& id : deployments) {
    const DeploymentRecord* record = core_.registry.find(id);
    if (record->deployment.spec.component == to) continue;
    ARCELLA_CO_TRY(model::Deployment other, moved(*record, *component, request.force));
    change.deployments.push_back(std::move(other));
  }
  if (change.deployments.empty() && !added) co_return Result<void>();
  change.component = std::move(added);
  change.progress = request.progress;
  co_return co_await carry_out(std::move(change), begun);
}

aio::Task<Result<void>> UpdateOperations::carry_out(Change change, PointOfNoReturn& begun) {
  Changeover changeover(core_, std::move(change));
  ARCELLA_CO_TRY_VOID(co_await changeover.check());
  ARCELLA_CO_TRY_VOID(co_await begun.pass());
  co_return co_await changeover.carry_out();
}

Result<model::Deployment> UpdateOperations::moved(const DeploymentRecord& record,
                                                  const ComponentRecord& to, bool force) const {
  const model::DeploymentSpec& spec = record.deployment.spec;
  const model::Component& after = to.component;
  const model::Component& before = core_.registry.find(spec.component)->component;
  std::string name = "deployment '" + spec.id.str() + "'";
  if (after.kind != before.kind) {
    return fail(ErrorCode::Conflict, name + ": '" + after.id.str() + "' is of kind " +
                                         std::string(model::to_string(after.kind)) + ", '" +
                                         before.id.str() + "' of kind " +
                                         std::string(model::to_string(before.kind)) +
                                         ": deploy it under another name");
  }
  std::vector<std::string> lost = model::lost_exports(before, after);
  if (!lost.empty() && !force) {
    return fail(conflict(
        name + ": '" + after.id.str() + "' does not offer all that '" + before.id.str() + "' does",
        lost, "--force updates nevertheless"));
  }
  model::Deployment result{spec, model::merge(to.template_fields, spec.overrides)};
  result.spec.component = after.id;
  ARCELLA_TRY_VOID(check_fits(core_.registry, result, after));
  return result;
}

Result<UpdateOutcome> UpdateOperations::outcome(const Ids& deployments,
                                                const model::ComponentId& component) const {
  UpdateOutcome result;
  result.component = component.str();
  for (const model::DeploymentId& id : deployments) {
    if (const DeploymentRecord* record = core_.registry.find(id))
      result.deployments.push_back(view_of(*record));
  }
  log::info("runtime", "updated",
            {{"component", result.component}, {"deployments", result.deployments.size()}});
  return result;
}

}  // namespace arcella::runtime
