// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/plan_ahead.h"

#include <algorithm>
#include <utility>

namespace arcella::model {
namespace {

// Stop, unload and worker, load, start, with the waits between them, are fewer
// (plan_convergence_test.cc).
constexpr int kPlansMax = 8;

// A situation in which every action succeeds.
class Rehearsal {
 public:
  explicit Rehearsal(Situation situation) : situation_(std::move(situation)) {}

  const Situation& situation() const { return situation_; }

  void carry_out(const Action& action) {
    std::visit([this](const auto& what) { apply(what); }, action);
  }

  // What is under way comes to its end. False: nothing was.
  bool settle() {
    bool changed = false;
    for (ObservedWorker& worker : situation_.workers) {
      if (worker.state == WorkerState::Starting || worker.state == WorkerState::Backoff) {
        worker.state = WorkerState::Up;
        changed = true;
      } else if (worker.state == WorkerState::Stopping || worker.state == WorkerState::Killed) {
        empty(worker, WorkerState::Down);
        changed = true;
      }
    }
    for (ObservedDeployment& observed : situation_.observed) {
      for (auto& [index, state] : observed.instances) {
        bool starts = state == InstanceState::Starting;
        if (!starts && state != InstanceState::Stopping) continue;
        state = starts ? InstanceState::Ready : InstanceState::Stopped;
        changed = true;
      }
    }
    return changed;
  }

 private:
  void apply(const EnsureWorker& what) {
    ObservedWorker& target = worker(what.group);
    empty(target, WorkerState::Up);
    target.traits = what.traits;
  }
  void apply(const StopWorker& what) { empty(worker(what.group), WorkerState::Down); }
  void apply(const Load& what) {
    auto desired =
        std::find_if(situation_.desired.begin(), situation_.desired.end(),
                     [&what](const DesiredDeployment& one) { return one.id == what.deployment; });
    ObservedDeployment& there = observed(what.deployment);
    // How replicas of another revision ended says nothing of this one.
    if (there.revision != desired->revision) there.instances.clear();
    there.place = desired->place;
    there.revision = desired->revision;
    there.loaded = true;
    there.bound = false;
  }
  void apply(const BindImports& what) { observed(what.deployment).bound = true; }
  void apply(const Unload& what) { observed(what.deployment).loaded = false; }
  void apply(const StartInstances& what) {
    set(what.deployment, what.first, what.count, InstanceState::Starting);
  }
  void apply(const StopInstances& what) {
    set(what.deployment, what.first, what.count, InstanceState::Stopping);
  }

  void set(const DeploymentId& id, int first, int count, InstanceState state) {
    ObservedDeployment& there = observed(id);
    for (int i = first; i < first + count; ++i) there.instances[i] = state;
  }
  void empty(ObservedWorker& gone, WorkerState state) {
    gone.state = state;
    for (ObservedDeployment& observed : situation_.observed) {
      if (!observed.loaded || observed.place != gone.group) continue;
      observed.loaded = false;
      std::erase_if(observed.instances, [](const auto& instance) {
        return instance.second != InstanceState::Completed;
      });
    }
  }
  ObservedWorker& worker(const GroupName& group) {
    for (ObservedWorker& one : situation_.workers) {
      if (one.group == group) return one;
    }
    return situation_.workers.emplace_back(ObservedWorker{.group = group});
  }
  ObservedDeployment& observed(const DeploymentId& id) {
    for (ObservedDeployment& one : situation_.observed) {
      if (one.id == id) return one;
    }
    return situation_.observed.emplace_back(ObservedDeployment{.id = id});
  }

  Situation situation_;
};

}  // namespace

std::vector<Action> plan_ahead(Situation situation) {
  Rehearsal rehearsal(std::move(situation));
  std::vector<Action> all;
  for (int i = 0; i < kPlansMax; ++i) {
    std::vector<Action> actions = plan(rehearsal.situation());
    for (Action& action : actions) {
      rehearsal.carry_out(action);
      all.push_back(std::move(action));
    }
    if (!rehearsal.settle() && actions.empty()) break;
  }
  return all;
}

}  // namespace arcella::model
