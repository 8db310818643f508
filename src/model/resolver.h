// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Who serves each import of a deployment (design.md section 8): the host, another deployment, or
// nobody, and why. Pure: the runtime asks again whenever it needs to know, and keeps nothing. What
// an import is bound to is a deployment; its replicas share the calls.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/binding.h"
#include "model/component.h"
#include "model/ids.h"
#include "model/plan.h"
#include "wit/interface_name.h"

namespace arcella::model {

enum class Availability {
  Stopped,
  Starting,  // it is to run, and no replica is ready
  Running,   // a replica is ready
};

// A deployment as one that others may be bound to. What it points to outlives the resolver.
struct Exporter {
  DeploymentId id;
  Place place = {};
  Availability availability = Availability::Stopped;
  const Component* component = nullptr;
};

using Wiring = std::vector<std::pair<std::string, DeploymentId>>;

// A deployment as one that needs others.
struct Importer {
  DeploymentId id;
  Place place = {};
  const Component* component = nullptr;
  // From the names as the administrator wrote them: with or without version, or of a whole package.
  Wiring wiring = {};
  bool trusted = false;
};

// Whom the wiring by hand names for an import: of several that mean it the one that says most.
[[nodiscard]] const DeploymentId* wired_to(const Wiring& wiring, const wit::InterfaceName& import);

// Does the host itself offer this import (an interface, or a core module's "module.name")?
using HostOffers = std::function<bool(std::string_view import)>;

// Made of all deployments at one moment, asked for each of them. Resolving one import costs what
// its interface has exporters, not what the platform has deployments.
class Resolver {
 public:
  Resolver(std::vector<Exporter> exporters, HostOffers host);
  ~Resolver() = default;
  Resolver(Resolver&&) = default;
  Resolver& operator=(Resolver&&) = default;
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // One for each import, in their order. A deployment is never bound to itself.
  //
  // A wiring by hand comes first, also before the host, and has no second choice; of several that
  // mean the import the one that says most. Then the host, and for trusted deployments the platform
  // itself. Then whoever runs and exports the
  // interface at a compatible version with the types that are imported: of several the highest
  // version, then who shares the process, then main, then the smallest id.
  [[nodiscard]] std::vector<ImportResolution> resolve(const Importer& importer) const;

 private:
  // One interface that one deployment exports.
  struct Offer {
    const Exporter* exporter;
    const InterfaceItem* item;
    wit::InterfaceName name;
  };
  struct Request;
  struct Fit;

  [[nodiscard]] ImportResolution resolve_one(const Importer& importer,
                                             const InterfaceItem& import) const;
  [[nodiscard]] ImportResolution by_hand(const Request& request,
                                         const DeploymentId& provider) const;
  [[nodiscard]] ImportResolution by_rank(const Request& request) const;
  [[nodiscard]] const std::vector<Offer>& offers_of(const wit::InterfaceName& name) const;
  [[nodiscard]] std::string unknown_deployment(const DeploymentId& id) const;

  std::map<DeploymentId, Exporter> exporters_;
  std::map<std::string, std::vector<Offer>, std::less<>> offers_;  // by name without version
  HostOffers host_;
};

}  // namespace arcella::model
