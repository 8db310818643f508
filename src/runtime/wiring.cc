// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/wiring.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <utility>

#include "base/text.h"
#include "engine/engine.h"
#include "model/resolver.h"
#include "model/start_order.h"
#include "runtime/composition.h"

namespace arcella::runtime {
namespace {

using model::ImportState;

// Of those that an error names; `diag` shows all.
constexpr std::size_t kRefusalsInAnError = 2;

const std::set<ImportState> states_to_bind{ImportState::Platform, ImportState::Bound,
                                           ImportState::Optional, ImportState::Unresolved};
// What may lead to another deployment.
const std::set<ImportState> states_of_others{ImportState::Bound, ImportState::Fused,
                                             ImportState::Optional, ImportState::Unresolved};

model::Availability availability_of(const DeploymentRecord& record) {
  if (record.desired != model::Desired::Running) return model::Availability::Stopped;
  return count_in(record, model::InstanceState::Ready) > 0 ? model::Availability::Running
                                                           : model::Availability::Starting;
}

// Of what cannot be composed: nobody serves what it imports, and for all of it that is the reason.
std::vector<model::ImportResolution> not_composed(const model::Component& component,
                                                  const Error& error) {
  std::vector<model::ImportResolution> imports;
  for (const model::InterfaceItem& import : component.imports) {
    if (engine::host_offers(import.name) || import.functions.empty()) continue;
    imports.push_back(
        {.import = import.name, .state = ImportState::Unresolved, .why = error.message()});
  }
  return imports;
}

// Everything that is deployed, at this moment.
class Moment {
 public:
  Moment(const Registry& registry, const Together& together)
      : registry_(registry), resolver_(exporters(registry, together), engine::host_offers) {}

  std::vector<model::ImportResolution> resolve(const model::Deployment& deployment) const {
    const auto made = composition_of(registry_, deployment);
    if (made.has_value()) return resolve(deployment, *made);
    return not_composed(registry_.find(deployment.spec.component)->component, made.error());
  }

  // Of all that are to run, their imports whose state is one of `states`.
  std::vector<model::Binding> of_running(const std::set<ImportState>& states) const {
    std::vector<model::Binding> bindings;
    for (const auto& [id, record] : registry_.deployments()) {
      if (record.desired != model::Desired::Running) continue;
      const auto made = composition_of(registry_, record.deployment);
      // What runs on although it could not be composed again keeps what it was told.
      if (made.has_value()) append(bindings, id, resolve(record.deployment, *made), states);
    }
    return bindings;
  }

  // Those of `consumers` that are bound to any, with whom.
  model::Providers providers_of(const std::set<model::DeploymentId>& consumers) const {
    std::vector<model::Binding> bindings;
    for (const model::DeploymentId& id : consumers)
      append(bindings, id, resolve(registry_.find(id)->deployment), {ImportState::Bound});
    model::Providers providers;
    for (const model::Binding& one : bindings) providers[one.consumer].insert(*one.import.provider);
    return providers;
  }

  static void append(std::vector<model::Binding>& bindings, const model::DeploymentId& consumer,
                     std::vector<model::ImportResolution> imports,
                     const std::set<ImportState>& states) {
    for (model::ImportResolution& import : imports) {
      if (states.contains(import.state)) bindings.push_back({consumer, std::move(import)});
    }
  }

 private:
  std::vector<model::ImportResolution> resolve(const model::Deployment& deployment,
                                               const Composition& made) const {
    const model::Importer importer{deployment.spec.id, place_of(deployment), &made.component(),
                                   deployment.spec.wiring, deployment.policy.trusted};
    std::vector<model::ImportResolution> imports = model::fused_imports(made.members, made.plugs);
    std::ranges::move(resolver_.resolve(importer), std::back_inserter(imports));
    for (model::ImportResolution& import : imports) {
      if (import.state == ImportState::Bound &&
          asks_for_a_link(deployment, place_of(registry_.find(*import.provider)->deployment)))
        import.why += ", direct";
    }
    return imports;
  }

  static std::vector<model::Exporter> exporters(const Registry& registry,
                                                const Together& together) {
    std::vector<model::Exporter> result;
    for (const auto& [id, record] : registry.deployments()) {
      auto changed = together.find(id);
      const bool counts = changed != together.end();
      const model::Deployment& deployment = counts ? changed->second : record.deployment;
      result.push_back({id, place_of(deployment),
                        counts ? model::Availability::Running : availability_of(record),
                        &registry.find(deployment.spec.component)->component});
    }
    return result;
  }

  const Registry& registry_;
  model::Resolver resolver_;
};

std::string reason_of(const model::ImportResolution& import) {
  std::string text = import.why;
  if (import.refused.empty()) return text;
  const std::size_t shown = std::min(import.refused.size(), kRefusalsInAnError);
  text += " (";
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) text += "; ";
    text += "'" + import.refused[i].deployment + "' " + import.refused[i].reason;
  }
  if (shown < import.refused.size()) {
    text += "; and " + std::to_string(import.refused.size() - shown) + " more";
  }
  return text + ")";
}

}  // namespace

std::vector<model::ImportResolution> resolve_imports(const Registry& registry,
                                                     const model::Deployment& deployment,
                                                     const Together& together) {
  return Moment(registry, together).resolve(deployment);
}

Result<void> check_imports(const Registry& registry, const model::Deployment& deployment,
                           const Together& together) {
  std::vector<std::string> names;
  std::vector<std::string> reasons;
  for (const model::ImportResolution& import : resolve_imports(registry, deployment, together)) {
    if (import.state != ImportState::Unresolved) continue;
    names.push_back(import.import);
    reasons.push_back(reason_of(import));
  }
  if (names.empty()) return {};
  const std::string diag = "`arcella-cli diag " + deployment.spec.id.str() + "` says more";
  if (names.size() == 1) {
    return fail(ErrorCode::Unresolved,
                "import " + names.front() + ": " + reasons.front() + "; " + diag);
  }
  Error error(ErrorCode::Unresolved, "imports " + join(names, ", ") + " have no provider; " + diag);
  for (std::size_t i = 0; i < names.size(); ++i) reasons[i] = names[i] + ": " + reasons[i];
  return fail(std::move(error).with_detail(join(reasons, "\n")));
}

Result<void> check_unused(const Registry& registry, const model::DeploymentId& id) {
  std::set<std::string> users;
  for (const model::Binding& binding : bindings_of(registry)) {
    if (binding.import.provider == id) users.insert(binding.consumer.str());
  }
  // Also of what does not run: it could not be started without it.
  const std::vector<model::DeploymentId> fused = fused_users(registry, id);
  for (const model::DeploymentId& user : fused) users.insert(user.str());
  if (users.empty()) return {};
  const std::vector<std::string> names(users.begin(), users.end());
  return fail(ErrorCode::Conflict,
              "deployment '" + id.str() + "' serves " + join(names, ", ") +
                  (fused.empty() ? ": stop what uses it" : ": undeploy what fuses with it") +
                  ", or use --force");
}

std::vector<model::Binding> bindings_of(const Registry& registry) {
  return Moment(registry, {}).of_running({ImportState::Bound, ImportState::Fused});
}

bool needs_binding(ImportState state) noexcept {
  return states_to_bind.contains(state);
}

bool asks_for_a_link(const model::Deployment& consumer, const model::Place& place) {
  const model::Place own = place_of(consumer);
  return consumer.spec.direct && own && place && own != place;
}

std::vector<model::Binding> imports_to_bind(const Registry& registry) {
  return Moment(registry, {}).of_running(states_to_bind);
}

model::WiringGraph wiring_graph(const Registry& registry) {
  const Moment moment(registry, {});
  model::WiringGraph graph;
  for (const auto& [id, record] : registry.deployments()) {
    graph.nodes.push_back({id, state_of(record)});
    Moment::append(graph.edges, id, moment.resolve(record.deployment), states_of_others);
  }
  return graph;
}

std::set<model::DeploymentId> to_start_later(
    const Registry& registry, const std::function<bool(const DeploymentRecord&)>& is_coming) {
  std::set<model::DeploymentId> coming;
  for (const auto& [id, record] : registry.deployments()) {
    if (record.desired == model::Desired::Running &&
        count_in(record, model::InstanceState::Ready) == 0 && is_coming(record))
      coming.insert(id);
  }
  std::set<model::DeploymentId> later;
  if (coming.empty()) return later;
  Together running;
  for (const auto& [id, record] : registry.deployments()) {
    if (record.desired == model::Desired::Running) running.emplace(id, record.deployment);
  }
  const Moment moment(registry, running);
  const model::Providers providers = moment.providers_of(coming);
  std::set<model::DeploymentId> before;
  for (const model::DeploymentId& id : model::start_order(coming, providers)) {
    const auto used = providers.find(id);
    const bool waits = used != providers.end() && std::ranges::any_of(used->second, [&](auto& one) {
                         return before.contains(one);
                       });
    const bool begun = std::ranges::any_of(registry.find(id)->instances, [](const auto& instance) {
      return is_alive(instance.state);
    });
    if (waits && !begun) later.insert(id);
    before.insert(id);
  }
  return later;
}

std::vector<model::DeploymentId> in_start_order(
    const Registry& registry, const std::vector<model::DeploymentId>& deployments) {
  Together together;
  for (const model::DeploymentId& id : deployments) {
    if (const DeploymentRecord* record = registry.find(id))
      together.emplace(id, record->deployment);
  }
  std::set<model::DeploymentId> linked;
  for (const auto& [id, record] : registry.deployments()) {
    if (together.contains(id) || record.desired == model::Desired::Running) linked.insert(id);
  }
  const model::Providers providers = Moment(registry, together).providers_of(linked);
  return model::start_order({deployments.begin(), deployments.end()}, providers);
}

}  // namespace arcella::runtime
