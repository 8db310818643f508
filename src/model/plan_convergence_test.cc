// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Random wishes and random worlds: carrying out plans must always reach what is wanted, never break
// what an action may assume, and stop.
#include <gtest/gtest.h>

#include <random>
#include <type_traits>

#include "model/plan.h"

namespace arcella::model {
namespace {

using S = InstanceState;

// More than stop, unload and worker, load, start, and their waits can take.
constexpr int kRoundsMax = 8;

bool is_alive(S state) {
  return state == S::Starting || state == S::Ready || state == S::Stopping;
}

// Carries actions out as the runtime and the workers would, and checks that each was allowed.
class World {
 public:
  explicit World(unsigned seed) : random_(seed) {
    for (int i = 0; i < 3; ++i)
      groups_.push_back(GroupName::parse("g" + std::to_string(i)).value());
    for (const GroupName& group : groups_) {
      auto state = static_cast<WorkerState>(below(kWorkerStateCount));
      situation_.workers.push_back({group, state, random_traits()});
    }
    for (int i = below(8); i > 0; --i)
      add_deployment(DeploymentId::parse("d" + std::to_string(i)).value());
  }

  const Situation& situation() const { return situation_; }

  void apply(const Action& action) {
    std::visit([this](const auto& what) { carry_out(what); }, action);
  }

  // Some of what is wanted changes: updated, moved, scaled, stopped or started.
  void change_wishes() {
    for (DesiredDeployment& desired : situation_.desired) {
      if (below(2) == 0) ++desired.revision;
      if (below(4) == 0) desired.place = random_place();
      if (below(4) == 0) desired.replicas = below(6);
      if (below(4) == 0) desired.needs = random_traits();
      if (below(6) == 0) desired.running = !desired.running;
    }
  }

  // All that is under way comes to its end; what starts may fail, but not for ever.
  void settle(int round) {
    for (ObservedWorker& worker : situation_.workers) {
      if (worker.state == WorkerState::Starting || worker.state == WorkerState::Backoff) {
        worker.state = WorkerState::Up;
      } else if (worker.state == WorkerState::Stopping || worker.state == WorkerState::Killed) {
        empty_worker(worker, WorkerState::Down);
      } else if (worker.state == WorkerState::Failed) {
        worker.state = WorkerState::Down;  // a start by hand
      }
    }
    for (ObservedDeployment& observed : situation_.observed) {
      for (auto& [index, state] : observed.instances) {
        if (state == S::Starting) state = round < 2 && below(4) == 0 ? S::Failed : S::Ready;
        if (state == S::Stopping) state = S::Stopped;
      }
    }
  }

  void expect_wanted() {
    for (const DesiredDeployment& desired : situation_.desired) expect_as_wanted(desired);
    for (const ObservedDeployment& observed : situation_.observed) {
      EXPECT_TRUE(!is_there(observed) || wanted(observed.id)) << observed.id.str();
    }
    for (const ObservedWorker& worker : situation_.workers) {
      WorkerTraits needs;
      bool needed = false;
      for (const DesiredDeployment& desired : situation_.desired) {
        if (!desired.running || desired.place != worker.group) continue;
        needed = true;
        needs = either(needs, desired.needs);
      }
      EXPECT_EQ(worker.state, needed ? WorkerState::Up : WorkerState::Down) << worker.group.str();
      EXPECT_TRUE(!needed || covers(worker.traits, needs)) << worker.group.str();
    }
  }

 private:
  int below(int bound) { return static_cast<int>(random_() % static_cast<unsigned>(bound)); }
  WorkerTraits random_traits() { return {below(2) == 0, below(2) == 0}; }
  Place random_place() {
    int choice = below(4);
    return choice == 3 ? Place() : Place(groups_[static_cast<std::size_t>(choice)]);
  }

  void add_deployment(const DeploymentId& id) {
    if (below(5) != 0) {
      DesiredDeployment desired{.id = id, .place = random_place()};
      desired.running = below(3) != 0;
      desired.replicas = below(6);
      desired.needs = random_traits();
      desired.revision = static_cast<std::uint64_t>(below(2));
      desired.may_load = below(8) != 0;
      desired.binds = below(3) == 0;
      for (int i = 0; i < 6; ++i) {
        if (below(8) == 0) desired.held.insert(i);
      }
      situation_.desired.push_back(std::move(desired));
    }
    if (below(4) == 0) return;
    ObservedDeployment observed{.id = id, .place = random_place()};
    observed.loaded = below(3) != 0;
    observed.revision = static_cast<std::uint64_t>(below(2));
    observed.bound = below(2) == 0;
    for (int i = 0; i < 8; ++i) {
      if (below(2) == 0) observed.instances[i] = static_cast<S>(below(kInstanceStateCount));
    }
    situation_.observed.push_back(std::move(observed));
  }

  ObservedWorker& worker(const GroupName& group) {
    for (ObservedWorker& one : situation_.workers) {
      if (one.group == group) return one;
    }
    ADD_FAILURE() << "no worker " << group.str();
    return situation_.workers.front();
  }
  ObservedDeployment* find(const DeploymentId& id) {
    for (ObservedDeployment& observed : situation_.observed) {
      if (observed.id == id) return &observed;
    }
    return nullptr;
  }
  const DesiredDeployment* wanted(const DeploymentId& id) const {
    for (const DesiredDeployment& desired : situation_.desired) {
      if (desired.id == id && desired.running) return &desired;
    }
    return nullptr;
  }
  bool is_there(const ObservedDeployment& observed) {
    return observed.loaded && (!observed.place || worker(*observed.place).state == WorkerState::Up);
  }

  void empty_worker(ObservedWorker& gone, WorkerState state) {
    gone.state = state;
    for (ObservedDeployment& observed : situation_.observed) {
      if (observed.place != gone.group) continue;
      observed.loaded = false;
      for (auto& [index, instance] : observed.instances) {
        if (is_alive(instance)) instance = S::Failed;
      }
    }
  }

  void carry_out(const EnsureWorker& what) {
    ObservedWorker& target = worker(what.group);
    EXPECT_EQ(target.state, WorkerState::Down);
    empty_worker(target, WorkerState::Up);
    target.traits = what.traits;
  }
  void carry_out(const StopWorker& what) {
    ObservedWorker& target = worker(what.group);
    EXPECT_TRUE(target.state == WorkerState::Up || target.state == WorkerState::Starting ||
                target.state == WorkerState::Backoff);
    empty_worker(target, WorkerState::Down);
  }
  void carry_out(const Load& what) {
    const DesiredDeployment* desired = wanted(what.deployment);
    ASSERT_NE(desired, nullptr);
    if (desired->place) {
      EXPECT_EQ(worker(*desired->place).state, WorkerState::Up);
      EXPECT_TRUE(covers(worker(*desired->place).traits, desired->needs));
    }
    ObservedDeployment* observed = find(what.deployment);
    if (observed == nullptr) {
      observed =
          &situation_.observed.emplace_back(ObservedDeployment{.id = what.deployment, .place = {}});
    }
    EXPECT_FALSE(is_there(*observed)) << "loaded twice: " << what.deployment.str();
    for (auto& [index, state] : observed->instances) {
      if (is_alive(state)) state = S::Failed;
      // How replicas of another revision ended says nothing of this one.
      if (observed->revision != desired->revision) state = S::Stopped;
    }
    observed->place = desired->place;
    observed->loaded = true;
    observed->revision = desired->revision;
    observed->bound = false;
  }
  void carry_out(const BindImports& what) {
    ObservedDeployment* observed = find(what.deployment);
    ASSERT_TRUE(observed != nullptr && is_there(*observed));
    EXPECT_FALSE(observed->bound) << "bound twice: " << what.deployment.str();
    observed->bound = true;
  }
  void carry_out(const Unload& what) {
    ObservedDeployment* observed = find(what.deployment);
    ASSERT_TRUE(observed != nullptr && is_there(*observed));
    for (const auto& [index, state] : observed->instances) EXPECT_FALSE(is_alive(state));
    observed->loaded = false;
  }
  void carry_out(const StartInstances& what) {
    ObservedDeployment* observed = find(what.deployment);
    ASSERT_TRUE(observed != nullptr && is_there(*observed));
    const DesiredDeployment* desired = wanted(what.deployment);
    EXPECT_EQ(observed->place, desired->place);
    EXPECT_TRUE(observed->bound || !desired->binds) << "may call before it is bound";
    for (int i = what.first; i < what.first + what.count; ++i) {
      EXPECT_LT(i, desired->replicas);
      EXPECT_FALSE(desired->held.contains(i));
      auto [entry, fresh] = observed->instances.try_emplace(i, S::Stopped);
      EXPECT_TRUE(entry->second == S::Stopped || entry->second == S::Failed);
      entry->second = S::Starting;
    }
  }
  void carry_out(const StopInstances& what) {
    ObservedDeployment* observed = find(what.deployment);
    ASSERT_TRUE(observed != nullptr && is_there(*observed));
    for (int i = what.first; i < what.first + what.count; ++i) {
      S& state = observed->instances.at(i);
      EXPECT_TRUE(state == S::Starting || state == S::Ready);
      state = S::Stopping;
    }
  }

  void expect_as_wanted(const DesiredDeployment& desired) {
    const ObservedDeployment* observed = find(desired.id);
    bool there = observed != nullptr && is_there(*observed);
    if (!desired.running) {
      EXPECT_FALSE(there) << desired.id.str();
      return;
    }
    if (!there) {
      EXPECT_FALSE(desired.may_load) << desired.id.str();
      return;
    }
    EXPECT_EQ(observed->place, desired.place);
    EXPECT_EQ(observed->revision, desired.revision);
    EXPECT_TRUE(observed->bound || !desired.binds) << desired.id.str();
    for (int i = 0; i < desired.replicas; ++i) {
      auto found = observed->instances.find(i);
      bool fine = found != observed->instances.end() &&
                  (found->second == S::Ready || found->second == S::Completed);
      EXPECT_TRUE(fine || desired.held.contains(i)) << desired.id.str() << "/" << i;
    }
    for (const auto& [index, state] : observed->instances) {
      EXPECT_FALSE(index >= desired.replicas && is_alive(state))
          << desired.id.str() << "/" << index;
    }
  }

  std::mt19937 random_;
  std::vector<GroupName> groups_;
  Situation situation_;
};

TEST(PlanConvergence, ReachesWhatIsWantedFromEverywhere) {
  for (unsigned seed = 0; seed < 5000 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    World world(seed);
    bool at_rest = false;
    for (int round = 0; round < kRoundsMax && !at_rest; ++round) {
      std::vector<Action> actions = plan(world.situation());
      for (const Action& action : actions) world.apply(action);
      world.settle(round);
      at_rest = plan(world.situation()).empty();
    }
    EXPECT_TRUE(at_rest);
    world.expect_wanted();
  }
}

TEST(PlanConvergence, ReachesWhatIsWantedWhenThatChangesOnTheWay) {
  for (unsigned seed = 0; seed < 5000 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    World world(seed);
    // Not all of a plan may be carried out before the wish changes.
    for (int change = 0; change < 4; ++change) {
      std::vector<Action> actions = plan(world.situation());
      for (std::size_t i = 0; i < actions.size() / 2; ++i) world.apply(actions[i]);
      if (change % 2 == 1) world.settle(change);
      world.change_wishes();
    }
    bool at_rest = false;
    for (int round = 0; round < kRoundsMax && !at_rest; ++round) {
      std::vector<Action> actions = plan(world.situation());
      for (const Action& action : actions) world.apply(action);
      world.settle(round);
      at_rest = plan(world.situation()).empty();
    }
    EXPECT_TRUE(at_rest);
    world.expect_wanted();
  }
}

}  // namespace
}  // namespace arcella::model
