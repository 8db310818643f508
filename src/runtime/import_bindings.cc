// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/import_bindings.h"

#include <algorithm>
#include <string>

#include "runtime/composition.h"
#include "runtime/wiring.h"

namespace arcella::runtime {
namespace {

ToldImport nobody(host::ImportBinding binding, std::string why_not) {
  binding.why_not = std::move(why_not);
  return {std::move(binding), {}, 0};
}

ToldImport wanted_import(const Registry& registry, const model::Deployment& consumer,
                         const model::ImportResolution& import) {
  host::ImportBinding binding{consumer.spec.id, import.import, {}, {}, {}};
  if (import.state == model::ImportState::Platform) {
    binding.exported = import.import;
    ToldImport told{std::move(binding), {}, 0};
    told.platform = true;
    return told;
  }
  if (import.state != model::ImportState::Bound) return nobody(std::move(binding), import.why);
  const DeploymentRecord* provider = registry.find(*import.provider);
  const std::string name = "'" + import.provider->str() + "'";
  if (provider == nullptr || !provider->loaded)
    return nobody(std::move(binding), name + " is starting");
  binding.provider = import.provider;
  binding.exported = import.exported;
  ToldImport told{std::move(binding), provider->loaded_in, provider->load_number};
  told.direct = asks_for_a_link(consumer, provider->loaded_in);
  return told;
}

}  // namespace

WantedImports wanted_imports(const Registry& registry) {
  WantedImports wanted;
  for (const model::Binding& binding : imports_to_bind(registry)) {
    const model::Deployment& consumer = registry.find(binding.consumer)->deployment;
    wanted[binding.consumer].push_back(wanted_import(registry, consumer, binding.import));
  }
  return wanted;
}

std::vector<ToldImport> wanted_imports_of(const Registry& registry,
                                          const model::Deployment& deployment) {
  std::vector<ToldImport> wanted;
  for (const model::ImportResolution& import : resolve_imports(registry, deployment)) {
    if (needs_binding(import.state)) wanted.push_back(wanted_import(registry, deployment, import));
  }
  return wanted;
}

std::vector<std::string> imported_functions(const model::Component& component,
                                            std::string_view interface) {
  std::vector<std::string> functions;
  for (const model::InterfaceItem& item : component.imports) {
    if (item.name != interface) continue;
    for (const std::string& signature : item.functions)
      functions.emplace_back(model::function_name(signature));
  }
  return functions;
}

RemoteBinding remote_binding(const Registry& registry, const host::ImportBinding& binding) {
  RemoteBinding remote{binding.consumer, binding.import, binding.exported, {}, {}, {}};
  // The platform has none of its own: a call of a deployment ends in that one's.
  remote.call_timeout = binding.provider
                            ? registry.find(*binding.provider)->deployment.policy.call_timeout
                            : limits::kCallTimeoutMax;
  const auto made = composition_of(registry, registry.find(binding.consumer)->deployment);
  if (made.has_value()) remote.functions = imported_functions(made->component(), binding.import);
  return remote;
}

std::set<model::DeploymentId> providers_to_leave(const Registry& registry,
                                                 const WantedImports& wanted) {
  std::set<model::DeploymentId> left;
  for (const auto& [consumer, imports] : wanted) {
    const DeploymentRecord& record = *registry.find(consumer);
    if (!record.loaded) continue;
    const auto leave = [&](const ToldImport& told) {
      const auto& provider = told.binding.provider;
      const auto now = std::ranges::find_if(imports, [&told](const ToldImport& one) {
        return one.binding.import == told.binding.import;
      });
      if (provider && now != imports.end() && now->binding.provider != provider)
        left.insert(*provider);
    };
    std::ranges::for_each(record.told, leave);
    if (record.telling) leave(*record.telling);
  }
  return left;
}

std::vector<ToldImport> untold(const DeploymentRecord& record,
                               const std::vector<ToldImport>& wanted) {
  std::vector<ToldImport> missing;
  std::ranges::copy_if(wanted, std::back_inserter(missing), [&record](const ToldImport& one) {
    return std::ranges::find(record.told, one) == record.told.end();
  });
  return missing;
}

}  // namespace arcella::runtime
