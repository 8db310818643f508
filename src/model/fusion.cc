// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/fusion.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "base/text.h"
#include "model/interface_fit.h"
#include "wit/interface_name.h"

namespace arcella::model {
namespace {

std::optional<wit::InterfaceName> interface_of(const InterfaceItem& item) {
  auto name = wit::InterfaceName::parse(item.name);
  if (!name.has_value() || name->interface.empty()) return std::nullopt;
  return std::move(*name);
}

class Joiner {
 public:
  Joiner(std::span<const Member> members, const Wiring& wiring, const HostOffers& host)
      : members_(members), wiring_(wiring), host_(host), serves_(members.size(), false) {
    joints_.faults.resize(members.size());
  }

  Joints run() {
    for (std::size_t into = 0; into < members_.size(); ++into) {
      for (const InterfaceItem& import : members_[into].component->imports) join(into, import);
    }
    for (std::size_t i = 1; i < members_.size(); ++i) {
      if (joints_.faults[i].empty() && !serves_[i])
        joints_.faults[i] = "exports nothing that " + members_[0].deployment.str() +
                            " or one before it in fuse_with imports";
    }
    return std::move(joints_);
  }

 private:
  void join(std::size_t into, const InterfaceItem& import) {
    auto name = interface_of(import);
    if (!name) return;
    const DeploymentId* wired = wired_to(wiring_, *name);
    if (wired == nullptr && host_(import.name)) return;
    std::vector<std::pair<std::size_t, std::string>> unfit;
    for (std::size_t from = into + 1; from < members_.size(); ++from) {
      if (wired != nullptr && *wired != members_[from].deployment) continue;
      std::string why;
      if (const InterfaceItem* best = best_of(from, {import, *name}, why)) {
        joints_.plugs.push_back({into, import.name, from, best->name});
        serves_[from] = true;
        return;
      }
      if (!why.empty()) unfit.emplace_back(from, std::move(why));
    }
    // Nobody serves it, though somebody has it: that is why it was asked for.
    for (auto& [from, why] : unfit) {
      std::string& fault = joints_.faults[from];
      fault += (fault.empty() ? "" : "; ") + ("cannot serve " + import.name + " of ") +
               members_[into].deployment.str() + ": it " + why;
    }
  }

  // Of the member's exports the one of the highest version that serves; else `why` not, if it has
  // the interface at all.
  const InterfaceItem* best_of(std::size_t member, const NamedItem& wanted,
                               std::string& why) const {
    const InterfaceItem* best = nullptr;
    std::optional<wit::InterfaceName> best_name;
    for (const InterfaceItem& item : members_[member].component->exports) {
      auto name = interface_of(item);
      if (!name || name->without_version() != wanted.name.without_version()) continue;
      std::string unfit = why_unfit(wanted, {item, *name});
      if (!unfit.empty()) {
        why = std::move(unfit);
      } else if (best == nullptr || name->version > best_name->version) {
        best = &item;
        best_name = std::move(name);
      }
    }
    return best;
  }

  std::span<const Member> members_;
  const Wiring& wiring_;
  const HostOffers& host_;
  std::vector<bool> serves_;
  Joints joints_;
};

// What both import, as one: all functions of either.
void merge_into(InterfaceItem& one, const InterfaceItem& other) {
  const bool by_shape =
      one.shapes.size() == one.functions.size() && other.shapes.size() == other.functions.size();
  if (!by_shape) one.shapes.clear();
  for (std::size_t i = 0; i < other.functions.size(); ++i) {
    const std::string_view name = function_name(other.functions[i]);
    const bool there = std::ranges::any_of(one.functions, [name](const std::string& signature) {
      return function_name(signature) == name;
    });
    if (there) continue;
    one.functions.push_back(other.functions[i]);
    if (by_shape) one.shapes.push_back(other.shapes[i]);
  }
  one.types.insert(one.types.end(), other.types.begin(), other.types.end());
}

void merge_into(Capabilities& one, const Capabilities& other) {
  auto append = [](std::vector<std::string>& to, const std::vector<std::string>& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  append(one.network, other.network);
  append(one.filesystem, other.filesystem);
  append(one.environment, other.environment);
  // One of them leaves it to the administrator, so the whole does.
  one.stated = one.stated && other.stated;
}

std::string place_text(const Deployment& deployment) {
  if (deployment.policy.isolation == Isolation::Main) return "runs in main";
  return "runs in " +
         (deployment.spec.group ? "group '" + deployment.spec.group->str() + "'" : "a worker");
}

std::string said(bool value) {
  return value ? "true" : "false";
}

// What of its policy keeps `provider` out of the other's store; empty: nothing.
std::string why_apart(const Deployment& consumer, const Deployment& provider) {
  const std::string ours = place_text(consumer);
  const std::string theirs = place_text(provider);
  if (ours != theirs) return theirs + ", and this " + ours;
  if (consumer.policy.trusted != provider.policy.trusted)
    return "has trusted = " + said(provider.policy.trusted) +
           ", and this trusted = " + said(consumer.policy.trusted);
  if (consumer.policy.async != provider.policy.async)
    return "has async = " + said(provider.policy.async) +
           ", and this async = " + said(consumer.policy.async);
  return {};
}

// Does `from` lead back to `to` by way of fuse_with?
bool leads_to(const DeploymentId& from, const DeploymentId& to, const FindDeployed& find) {
  std::set<DeploymentId> seen;
  std::vector<DeploymentId> ahead{from};
  while (!ahead.empty()) {
    const DeploymentId id = std::move(ahead.back());
    ahead.pop_back();
    if (id == to) return true;
    const Deployed there = find(id);
    if (there.deployment == nullptr || !seen.insert(id).second) continue;
    const std::vector<DeploymentId>& next = there.deployment->spec.fuse_with;
    ahead.insert(ahead.end(), next.begin(), next.end());
  }
  return false;
}

RuleViolation violation(std::size_t which, const DeploymentId& id, const std::string& what,
                        std::string hint) {
  return {"deployment.fuse_with[" + std::to_string(which) + "]", "'" + id.str() + "' " + what,
          std::move(hint)};
}

// Of one of those in fuse_with, by itself.
std::optional<RuleViolation> check_one(const Deployment& deployment, std::size_t which,
                                       const FindDeployed& find) {
  const DeploymentId& id = deployment.spec.fuse_with[which];
  const Deployed other = find(id);
  if (other.deployment == nullptr || other.component == nullptr)
    return violation(which, id, "is not deployed", "deploy it first, or together with this");
  if (other.component->format == Format::CoreModule)
    return violation(which, id, "is a core module, and only components can be composed",
                     "remove it from fuse_with");
  std::string apart = why_apart(deployment, *other.deployment);
  if (!apart.empty())
    return violation(which, id, apart, "what is fused is in one place and trusted alike");
  if (leads_to(id, deployment.spec.id, find))
    return violation(which, id, "fuses with this in turn",
                     "one of the two has to be the outer one");
  return std::nullopt;
}

}  // namespace

Joints join_members(std::span<const Member> members, const Wiring& wiring, const HostOffers& host) {
  return Joiner(members, wiring, host).run();
}

Component whole_of(std::span<const Member> members, const std::vector<Plug>& plugs) {
  const Component& first = *members.front().component;
  Component whole{.id = first.id, .description = first.description};
  whole.format = first.format;
  whole.kind = first.kind;
  whole.exports = first.exports;
  whole.installed_at = first.installed_at;
  whole.capabilities = first.capabilities;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const Component& member = *members[i].component;
    whole.needs_concurrency = whole.needs_concurrency || member.needs_concurrency;
    whole.wasm_bytes += member.wasm_bytes;
    whole.optional_imports.insert(whole.optional_imports.end(), member.optional_imports.begin(),
                                  member.optional_imports.end());
    if (i > 0) merge_into(whole.capabilities, member.capabilities);
    for (const InterfaceItem& import : member.imports) {
      const bool joined = std::ranges::any_of(
          plugs, [&](const Plug& plug) { return plug.into == i && plug.import == import.name; });
      if (joined) continue;
      auto same = std::ranges::find(whole.imports, import.name, &InterfaceItem::name);
      if (same == whole.imports.end()) {
        whole.imports.push_back(import);
      } else {
        merge_into(*same, import);
      }
    }
  }
  return whole;
}

std::vector<ImportResolution> fused_imports(std::span<const Member> members,
                                            const std::vector<Plug>& plugs) {
  std::vector<ImportResolution> imports;
  imports.reserve(plugs.size());
  for (const Plug& plug : plugs) {
    ImportResolution& import =
        imports.emplace_back(ImportResolution{.import = plug.import, .state = ImportState::Fused});
    import.provider = members[plug.from].deployment;
    import.exported = plug.exported;
    import.why = "composed with " + members[plug.from].component->id.str() + " into one store";
    if (plug.into > 0) import.why += ", for " + members[plug.into].deployment.str();
  }
  return imports;
}

std::string fusion_text(std::span<const Member> members, const std::vector<Plug>& plugs) {
  // Of the way of composing, too: another one makes other code of the same parts.
  std::string text = "arcella fusion 1\n";
  for (const Member& member : members) text += member.component->content_hash + "\n";
  for (const Plug& plug : plugs) {
    text += std::to_string(plug.into) + " " + plug.import + " " + std::to_string(plug.from) + " " +
            plug.exported + "\n";
  }
  return text;
}

void add_member(ComponentFacts& facts, const Component& member) {
  if (facts.capabilities) merge_into(*facts.capabilities, member.capabilities);
  if (!facts.imports) return;
  for (const InterfaceItem& import : member.imports) facts.imports->push_back(import.name);
}

std::vector<RuleViolation> check_fusion(const Deployment& deployment, const Component& component,
                                        const FindDeployed& find, const HostOffers& host) {
  const std::vector<DeploymentId>& fuse_with = deployment.spec.fuse_with;
  if (fuse_with.empty()) return {};
  if (component.format == Format::CoreModule) {
    return {{"deployment.fuse_with",
             component.id.str() + " is a core module, and only components can be composed",
             "remove it"}};
  }
  std::vector<RuleViolation> violations;
  std::vector<Member> members{{deployment.spec.id, &component}};
  for (std::size_t i = 0; i < fuse_with.size(); ++i) {
    if (auto found = check_one(deployment, i, find)) {
      violations.push_back(std::move(*found));
    } else {
      members.push_back({fuse_with[i], find(fuse_with[i]).component});
    }
  }
  if (!violations.empty()) return violations;
  const Joints joints = join_members(members, deployment.spec.wiring, host);
  for (std::size_t i = 1; i < members.size(); ++i) {
    if (joints.faults[i].empty()) continue;
    violations.push_back(violation(i - 1, fuse_with[i - 1], joints.faults[i],
                                   "install a version that fits, or remove it from fuse_with"));
  }
  return violations;
}

}  // namespace arcella::model
