// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/resolver.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "base/text.h"
#include "model/interface_fit.h"

namespace arcella::model {
namespace {

// How much a name in a wiring says: which interface is more than which version.
int weight_of(const wit::InterfaceName& name) {
  return (name.interface.empty() ? 0 : 2) + (name.version ? 1 : 0);
}

bool is_optional(const Component& component, const wit::InterfaceName& import) {
  return std::any_of(component.optional_imports.begin(), component.optional_imports.end(),
                     [&import](const std::string& text) {
                       auto stated = wit::InterfaceName::parse(text);
                       return stated.has_value() && wit::means(*stated, import);
                     });
}

ImportResolution settled(const InterfaceItem& import, ImportState state, std::string why) {
  return {.import = import.name, .state = state, .why = std::move(why)};
}

}  // namespace

const DeploymentId* wired_to(const Wiring& wiring, const wit::InterfaceName& import) {
  const DeploymentId* provider = nullptr;
  int most = -1;
  for (const auto& [text, id] : wiring) {
    auto stated = wit::InterfaceName::parse(text);
    if (!stated.has_value() || !wit::means(*stated, import)) continue;
    if (weight_of(*stated) <= most) continue;
    most = weight_of(*stated);
    provider = &id;
  }
  return provider;
}

// What is asked for, and by whom.
struct Resolver::Request {
  const Importer& importer;
  const InterfaceItem& item;
  wit::InterfaceName name;

  // Of nobody to be bound to.
  [[nodiscard]] ImportResolution left(std::string why, std::vector<Refusal> refused) const {
    const bool optional = is_optional(*importer.component, name);
    ImportResolution result =
        settled(item, optional ? ImportState::Optional : ImportState::Unresolved, std::move(why));
    result.refused = std::move(refused);
    return result;
  }

  [[nodiscard]] ImportResolution bound(const Offer& offer, std::string_view why,
                                       std::vector<Refusal> refused) const {
    ImportResolution result = settled(item, ImportState::Bound, std::string(why));
    result.provider = offer.exporter->id;
    result.exported = offer.item->name;
    result.refused = std::move(refused);
    return result;
  }

  // Why the offer cannot serve; empty: it can. What no start of the exporter would mend comes
  // first.
  [[nodiscard]] std::string why_not(const Offer& offer) const {
    std::string unfit = why_unfit({item, name}, {*offer.item, offer.name});
    if (!unfit.empty()) return unfit;
    switch (offer.exporter->availability) {
      case Availability::Stopped:
        return "would fit, but does not run";
      case Availability::Starting:
        return "would fit, but none of its replicas is ready";
      case Availability::Running:
        break;
    }
    return {};
  }
};

// An offer that can serve, by its rank: the best is the smallest.
struct Resolver::Fit {
  const Offer* offer;
  bool other_process;
  bool in_worker;

  // By what `a` goes before `b`; none: it does not.
  static std::optional<std::string_view> precedence(const Fit& a, const Fit& b) {
    const auto& high = a.offer->name.version;
    const auto& low = b.offer->name.version;
    if (high != low) return high > low ? std::optional("the highest version") : std::nullopt;
    if (a.other_process != b.other_process) {
      return b.other_process ? std::optional("in the same process") : std::nullopt;
    }
    if (a.in_worker != b.in_worker) {
      return b.in_worker ? std::optional("in main") : std::nullopt;
    }
    const bool smaller = a.offer->exporter->id < b.offer->exporter->id;
    return smaller ? std::optional("the smallest id") : std::nullopt;
  }
};

Resolver::Resolver(std::vector<Exporter> exporters, HostOffers host) : host_(std::move(host)) {
  for (Exporter& exporter : exporters) {
    DeploymentId id = exporter.id;
    exporters_.insert_or_assign(std::move(id), std::move(exporter));
  }
  for (const auto& [id, exporter] : exporters_) {
    // What a core module exports are functions, whatever their names look like.
    if (exporter.component->format == Format::CoreModule) continue;
    for (const InterfaceItem& item : exporter.component->exports) {
      auto name = wit::InterfaceName::parse(item.name);
      if (!name.has_value() || name->interface.empty()) continue;
      offers_[name->without_version()].push_back({&exporter, &item, std::move(*name)});
    }
  }
}

std::vector<ImportResolution> Resolver::resolve(const Importer& importer) const {
  std::vector<ImportResolution> results;
  results.reserve(importer.component->imports.size());
  for (const InterfaceItem& import : importer.component->imports) {
    results.push_back(resolve_one(importer, import));
  }
  return results;
}

ImportResolution Resolver::resolve_one(const Importer& importer,
                                       const InterfaceItem& import) const {
  constexpr std::string_view kHost = "the host offers it";
  if (importer.component->format == Format::CoreModule) {
    if (host_(import.name)) return settled(import, ImportState::Host, std::string(kHost));
    return settled(import, ImportState::Unresolved,
                   "the host does not offer it, and nobody else serves a core module");
  }
  auto name = wit::InterfaceName::parse(import.name);
  if (!name.has_value() || name->interface.empty()) {
    return settled(import, ImportState::Unresolved,
                   "it is no interface, and nothing else can be bound");
  }
  const Request request{importer, import, std::move(*name)};
  if (const DeploymentId* provider = wired_to(importer.wiring, request.name)) {
    return by_hand(request, *provider);
  }
  if (host_(import.name)) return settled(import, ImportState::Host, std::string(kHost));
  if (import.name == kPlatformInterface && importer.trusted) {
    return settled(import, ImportState::Platform, "the platform serves it to who is trusted");
  }
  if (import.functions.empty()) {
    return settled(import, ImportState::TypesOnly, "it has only types, which need no provider");
  }
  return by_rank(request);
}

ImportResolution Resolver::by_hand(const Request& request, const DeploymentId& provider) const {
  const std::string why = "wired by hand to '" + provider.str() + "'";
  auto refuse = [&](std::string reason) {
    return request.left(why + ", which cannot serve it", {{provider.str(), std::move(reason)}});
  };
  if (provider == request.importer.id) return refuse("is the deployment itself");
  if (!exporters_.contains(provider)) return refuse(unknown_deployment(provider));
  const Offer* best = nullptr;
  std::string reason = "does not export it";
  for (const Offer& offer : offers_of(request.name)) {
    if (offer.exporter->id != provider) continue;
    std::string why_not = request.why_not(offer);
    if (!why_not.empty()) {
      reason = std::move(why_not);
    } else if (best == nullptr || offer.name.version > best->name.version) {
      best = &offer;
    }
  }
  if (best == nullptr) return refuse(std::move(reason));
  return request.bound(*best, "wired by hand", {});
}

ImportResolution Resolver::by_rank(const Request& request) const {
  std::map<DeploymentId, const Offer*> fitting;  // of each its highest version
  std::vector<Refusal> refused;
  for (const Offer& offer : offers_of(request.name)) {
    const DeploymentId& id = offer.exporter->id;
    if (id == request.importer.id) continue;
    std::string why_not = request.why_not(offer);
    if (!why_not.empty()) {
      refused.push_back({id.str(), std::move(why_not)});
      continue;
    }
    const Offer*& best = fitting[id];
    if (best == nullptr || offer.name.version > best->name.version) best = &offer;
  }
  // Another version of what serves anyway is no refusal.
  std::erase_if(refused, [&fitting](const Refusal& refusal) {
    return std::any_of(fitting.begin(), fitting.end(), [&refusal](const auto& fit) {
      return fit.first.str() == refusal.deployment;
    });
  });
  if (fitting.empty() && request.item.name == kPlatformInterface) {
    return request.left("the platform serves it to trusted deployments only, and nobody else does",
                        std::move(refused));
  }
  if (fitting.empty()) {
    return request.left(refused.empty() ? "nobody exports it" : "nobody who exports it can serve",
                        std::move(refused));
  }
  std::vector<Fit> fits;
  for (const auto& [id, offer] : fitting) {
    const Place& place = offer->exporter->place;
    fits.push_back({offer, place != request.importer.place, place.has_value()});
  }
  std::sort(fits.begin(), fits.end(),
            [](const Fit& a, const Fit& b) { return Fit::precedence(a, b).has_value(); });
  if (fits.size() == 1) {
    return request.bound(*fits.front().offer, "the only candidate", std::move(refused));
  }
  return request.bound(*fits[0].offer, *Fit::precedence(fits[0], fits[1]), std::move(refused));
}

const std::vector<Resolver::Offer>& Resolver::offers_of(const wit::InterfaceName& name) const {
  static const std::vector<Offer> none;
  auto found = offers_.find(name.without_version());
  return found == offers_.end() ? none : found->second;
}

std::string Resolver::unknown_deployment(const DeploymentId& id) const {
  std::vector<std::string_view> names;
  names.reserve(exporters_.size());
  for (const auto& [known, exporter] : exporters_) names.push_back(known.str());
  std::string text = "is not deployed";
  if (auto near = nearest_name(id.str(), names))
    text += "; did you mean '" + std::string(*near) + "'?";
  return text;
}

}  // namespace arcella::model
