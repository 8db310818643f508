// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/plan.h"

#include <type_traits>
#include <utility>

namespace arcella::model {
namespace {

bool is_alive(InstanceState state) {
  return state == InstanceState::Starting || state == InstanceState::Ready ||
         state == InstanceState::Stopping;
}

// Contiguous runs of ascending indices, each as one action.
class Runs {
 public:
  void add(int index) {
    if (!runs_.empty() && runs_.back().first + runs_.back().second == index) {
      ++runs_.back().second;
    } else {
      runs_.emplace_back(index, 1);
    }
  }
  template <class Batch>
  void append_to(std::vector<Action>& actions, const DeploymentId& deployment) const {
    for (auto [first, count] : runs_) actions.emplace_back(Batch{deployment, first, count});
  }

 private:
  std::vector<std::pair<int, int>> runs_;
};

// What happens to a group's worker in this plan.
enum class Fate {
  Stays,     // Up before and after
  Restarts,  // Up, but its engine lacks a trait that is needed
  Comes,     // Down, needed
  Goes,      // not needed
  Waits,     // not to be used now: on its way up or down, in backoff, failed
};

class Planner {
 public:
  explicit Planner(const Situation& situation) : situation_(situation) {
    for (const DesiredDeployment& desired : situation_.desired) {
      desired_[desired.id] = &desired;
      if (!desired.running || !desired.place) continue;
      WorkerTraits& needs = needs_[*desired.place];
      needs = either(needs, desired.needs);
    }
    for (const ObservedWorker& worker : situation_.workers) workers_[worker.group] = &worker;
    for (const ObservedDeployment& observed : situation_.observed) {
      observed_[observed.id] = &observed;
      if (observed.place && has_alive(observed)) occupied_.insert(*observed.place);
    }
  }

  std::vector<Action> run() {
    for (const ObservedDeployment& observed : situation_.observed) plan_stops(observed);
    for (const ObservedWorker& worker : situation_.workers) {
      Fate fate = fate_of(worker.group);
      bool drained = !occupied_.contains(worker.group);
      if (fate == Fate::Restarts || (fate == Fate::Goes && drained)) {
        actions_.emplace_back(StopWorker{worker.group});
      }
    }
    for (const DesiredDeployment& desired : situation_.desired) {
      if (desired.running) plan_starts(desired);
    }
    return std::move(actions_);
  }

 private:
  WorkerState state_of(const GroupName& group) const {
    auto found = workers_.find(group);
    return found == workers_.end() ? WorkerState::Down : found->second->state;
  }

  Fate fate_of(const GroupName& group) const {
    auto needs = needs_.find(group);
    bool needed = needs != needs_.end();
    switch (state_of(group)) {
      case WorkerState::Up:
        if (!needed) return Fate::Goes;
        return covers(workers_.at(group)->traits, needs->second) ? Fate::Stays : Fate::Restarts;
      case WorkerState::Down:
        return needed ? Fate::Comes : Fate::Waits;
      case WorkerState::Starting:
      case WorkerState::Backoff:
        return needed ? Fate::Waits : Fate::Goes;
      case WorkerState::Stopping:
      case WorkerState::Killed:
      case WorkerState::Failed:
        break;
    }
    return Fate::Waits;
  }

  // Is there a process in which this is loaded?
  bool is_present(const ObservedDeployment& observed) const {
    return observed.loaded && (!observed.place || state_of(*observed.place) == WorkerState::Up);
  }
  bool has_alive(const ObservedDeployment& observed) const {
    if (!is_present(observed)) return false;
    for (const auto& [index, state] : observed.instances) {
      if (is_alive(state)) return true;
    }
    return false;
  }
  // Loaded where and as it is wanted.
  static bool fits(const ObservedDeployment& observed, const DesiredDeployment* desired) {
    return desired != nullptr && desired->running && desired->place == observed.place &&
           desired->revision == observed.revision;
  }

  void plan_stops(const ObservedDeployment& observed) {
    if (!is_present(observed)) return;
    // A worker that restarts takes all that is in it along.
    if (observed.place && fate_of(*observed.place) == Fate::Restarts) return;
    auto found = desired_.find(observed.id);
    const DesiredDeployment* desired = found == desired_.end() ? nullptr : found->second;
    bool stays = fits(observed, desired);
    bool is_wanted = desired != nullptr && desired->running;
    if (!is_wanted && observed.called) return;
    Runs surplus;
    for (const auto& [index, state] : observed.instances) {
      if (!is_alive(state) || state == InstanceState::Stopping) continue;
      if (!stays || index >= desired->replicas) surplus.add(index);
    }
    surplus.append_to<StopInstances>(actions_, observed.id);
    if (!stays && !has_alive(observed)) actions_.emplace_back(Unload{observed.id});
  }

  void plan_starts(const DesiredDeployment& desired) {
    bool place_restarts = false;
    if (desired.place) {
      Fate fate = fate_of(*desired.place);
      if (fate != Fate::Stays && fate != Fate::Restarts && fate != Fate::Comes) return;
      if (fate != Fate::Stays && ensured_.insert(*desired.place).second) {
        actions_.emplace_back(EnsureWorker{*desired.place, needs_.at(*desired.place)});
      }
      place_restarts = fate == Fate::Restarts;
    }
    auto found = observed_.find(desired.id);
    const ObservedDeployment* observed = found == observed_.end() ? nullptr : found->second;
    bool present = observed != nullptr && is_present(*observed);
    bool here = present && !place_restarts && fits(*observed, &desired);
    if (!here) {
      bool old_one_lives = present && has_alive(*observed) && !goes_with_its_worker(*observed);
      if (old_one_lives || !desired.may_load) return;
      actions_.emplace_back(Load{desired.id});
    }
    // Before its replicas start: they may call from their first instruction on.
    if (desired.binds && (!here || !observed->bound))
      actions_.emplace_back(BindImports{desired.id});
    Runs missing;
    for (int index = 0; index < desired.replicas; ++index) {
      if (!desired.held.contains(index) && is_missing(observed, here, index)) missing.add(index);
    }
    missing.append_to<StartInstances>(actions_, desired.id);
  }

  bool goes_with_its_worker(const ObservedDeployment& observed) const {
    return observed.place && fate_of(*observed.place) == Fate::Restarts;
  }

  static bool is_missing(const ObservedDeployment* observed, bool here, int index) {
    if (observed == nullptr) return true;
    auto found = observed->instances.find(index);
    if (found == observed->instances.end()) return true;
    if (found->second == InstanceState::Completed) return false;
    return !here || !is_alive(found->second);
  }

  const Situation& situation_;
  std::map<DeploymentId, const DesiredDeployment*> desired_;
  std::map<DeploymentId, const ObservedDeployment*> observed_;
  std::map<GroupName, const ObservedWorker*> workers_;
  std::map<GroupName, WorkerTraits> needs_;  // of the groups that are needed at all
  std::set<GroupName> occupied_;             // by instances that are alive
  std::set<GroupName> ensured_;
  std::vector<Action> actions_;
};

std::string range(const DeploymentId& deployment, int first, int count) {
  std::string text = deployment.str() + "/" + std::to_string(first);
  return count == 1 ? text : text + ".." + std::to_string(first + count - 1);
}

}  // namespace

std::vector<Action> plan(const Situation& situation) {
  return Planner(situation).run();
}

std::string to_string(const Action& action) {
  return std::visit(
      [](const auto& what) -> std::string {
        using What = std::remove_cvref_t<decltype(what)>;
        if constexpr (std::is_same_v<What, EnsureWorker>) {
          return "ensure worker " + what.group.str() +
                 (what.traits.concurrency ? " +concurrency" : "") +
                 (what.traits.fuel ? " +fuel" : "");
        } else if constexpr (std::is_same_v<What, StopWorker>) {
          return "stop worker " + what.group.str();
        } else if constexpr (std::is_same_v<What, Load>) {
          return "load " + what.deployment.str();
        } else if constexpr (std::is_same_v<What, BindImports>) {
          return "bind " + what.deployment.str();
        } else if constexpr (std::is_same_v<What, Unload>) {
          return "unload " + what.deployment.str();
        } else if constexpr (std::is_same_v<What, StartInstances>) {
          return "start " + range(what.deployment, what.first, what.count);
        } else {
          return "stop " + range(what.deployment, what.first, what.count);
        }
      },
      action);
}

}  // namespace arcella::model
