// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The planner: what is wanted and what is there -> what to do next, in order. Pure: no clock, no
// memory, no I/O; hold-offs come in as data. The reconciler carries a plan out one action after the
// other, then plans again whenever something it observes has changed; nothing to do is an empty
// plan. Repeating this reaches what is wanted (plan_test.cc).
//
// Carrying out: an action may assume that the ones before it succeeded. When one fails, skip the
// later ones of the same deployment (EnsureWorker or StopWorker: of the same group), note the
// hold-off and plan again when it is over.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "model/ids.h"
#include "model/instance_lifecycle.h"
#include "model/worker_lifecycle.h"
#include "model/worker_traits.h"

namespace arcella::model {

// Where instances live: the worker of a group, or main (nullopt), which is always up and has every
// trait.
using Place = std::optional<GroupName>;

struct DesiredDeployment {
  DeploymentId id;
  bool running = false;  // Desired::Running; else it is to be stopped and unloaded
  Place place = {};
  int replicas = 0;  // indices 0..replicas-1
  WorkerTraits needs = {};
  std::uint64_t revision =
      0;  // changes with the spec or the component: what is loaded of another one is replaced
  bool may_load = true;  // false: the last Load failed and its hold-off runs
  std::set<int> held =
      {};  // replicas that must not be started now: hold-off after a failure, or given up
  bool binds = false;  // it has imports that lead to other deployments, or to nobody
};

struct ObservedDeployment {
  DeploymentId id;
  Place place = {};  // where it is loaded
  bool loaded = false;
  std::uint64_t revision = 0;  // that was loaded
  bool bound = true;           // its imports lead where they should
  // Others call it that are about to be bound elsewhere: what is to be stopped waits for them.
  bool called = false;
  // By index; absent is the same as Stopped. Failed is started again unless held. Completed is
  // final until the runtime forgets it (a start by hand). What is said of a place that is not Up is
  // taken for gone.
  std::map<int, InstanceState> instances = {};
};

// A group without one is Down. Starting, Stopping, Killed and Backoff are waited for. Failed is
// left alone; for a start by hand the runtime shows a Failed worker, or one in Backoff, as Down.
struct ObservedWorker {
  GroupName group;
  WorkerState state = WorkerState::Down;
  WorkerTraits traits = {};  // of the running process
};

struct Situation {
  std::vector<DesiredDeployment> desired;  // each id once
  std::vector<ObservedDeployment>
      observed;                         // each id once; may hold ids that are no longer desired
  std::vector<ObservedWorker> workers;  // each group once
};

// When an action is complete, and the next may begin: EnsureWorker when the worker is Up,
// StopWorker when its process is gone, Load, BindImports and Unload when they are answered,
// StartInstances and StopInstances when they are accepted: the instances then show as Starting or
// Stopping until they report.
struct EnsureWorker {
  GroupName group;
  WorkerTraits traits;
  friend bool operator==(const EnsureWorker&, const EnsureWorker&) = default;
};
struct Load {
  DeploymentId deployment;
  friend bool operator==(const Load&, const Load&) = default;
};
struct BindImports {  // all of its imports lead where they should
  DeploymentId deployment;
  friend bool operator==(const BindImports&, const BindImports&) = default;
};
struct StartInstances {  // replicas first..first+count-1
  DeploymentId deployment;
  int first = 0;
  int count = 0;
  friend bool operator==(const StartInstances&, const StartInstances&) = default;
};
struct StopInstances {
  DeploymentId deployment;
  int first = 0;
  int count = 0;
  friend bool operator==(const StopInstances&, const StopInstances&) = default;
};
struct Unload {  // only when none of its instances is alive
  DeploymentId deployment;
  friend bool operator==(const Unload&, const Unload&) = default;
};
struct StopWorker {  // all that is in it ends with it
  GroupName group;
  friend bool operator==(const StopWorker&, const StopWorker&) = default;
};
using Action = std::variant<EnsureWorker, Load, BindImports, StartInstances, StopInstances, Unload,
                            StopWorker>;

// Stops before starts. What has to wait for something that is under way (instances that drain, a
// worker in Backoff) is left to a later plan.
[[nodiscard]] std::vector<Action> plan(const Situation& situation);
[[nodiscard]] std::string to_string(const Action& action);  // for logs and tests: "start calc/0..9"

}  // namespace arcella::model
