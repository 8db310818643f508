// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/start_order.h"

#include <algorithm>
#include <utility>

namespace arcella::model {
namespace {

// Tarjan's strongly connected components, which come out with what they use first; in each the
// order in which the walk leaves them. By a stack of its own: a chain may be as long as there are
// deployments.
class Walk {
 public:
  Walk(const std::set<DeploymentId>& ids, const Providers& providers)
      : ids_(ids), providers_(providers) {}

  std::vector<DeploymentId> run() {
    for (const DeploymentId& id : ids_) {
      if (!numbers_.contains(id)) enter(id);
      while (!path_.empty()) step();
    }
    return std::move(order_);
  }

 private:
  struct Visit {
    const DeploymentId* id;
    std::size_t number;                           // in the order of arrival
    std::size_t lowest;                           // that it, or what it uses, leads back to
    std::size_t left_before;                      // how many had been left when it was entered
    std::set<DeploymentId>::const_iterator next;  // of its providers
    std::set<DeploymentId>::const_iterator end;
  };

  void enter(const DeploymentId& id) {
    static const std::set<DeploymentId> none;
    auto found = providers_.find(id);
    const auto& providers = found == providers_.end() ? none : found->second;
    const std::size_t number = numbers_.size();
    numbers_.emplace(id, number);
    path_.push_back({&id, number, number, left_.size(), providers.begin(), providers.end()});
  }

  void step() {
    Visit& last = path_.back();
    if (last.next == last.end) {
      leave();
      return;
    }
    const DeploymentId& provider = *last.next++;
    auto known = numbers_.find(provider);
    if (known == numbers_.end()) {
      enter(provider);
    } else if (known->second != kDone) {
      last.lowest = std::min(last.lowest, known->second);
    }
  }

  void leave() {
    const Visit visit = path_.back();
    path_.pop_back();
    left_.push_back(visit.id);
    if (!path_.empty()) path_.back().lowest = std::min(path_.back().lowest, visit.lowest);
    if (visit.lowest != visit.number) return;
    // The first of a circle, or alone: what was left since is done with it.
    for (std::size_t i = visit.left_before; i < left_.size(); ++i) {
      numbers_[*left_[i]] = kDone;
      if (ids_.contains(*left_[i])) order_.push_back(*left_[i]);
    }
    left_.resize(visit.left_before);
  }

  static constexpr auto kDone = static_cast<std::size_t>(-1);

  const std::set<DeploymentId>& ids_;
  const Providers& providers_;
  std::map<DeploymentId, std::size_t> numbers_;  // of those that were entered
  std::vector<Visit> path_;
  std::vector<const DeploymentId*> left_;  // and not done
  std::vector<DeploymentId> order_;
};

}  // namespace

std::vector<DeploymentId> start_order(const std::set<DeploymentId>& ids,
                                      const Providers& providers) {
  return Walk(ids, providers).run();
}

}  // namespace arcella::model
