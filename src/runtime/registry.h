// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What the platform knows, in memory: the components and deployments that the store holds, and what
// is observed of each replica. The store is the truth about what is wanted; this is loaded from it
// at start and changed after it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "host/instance_host.h"
#include "model/component.h"
#include "model/deployment.h"
#include "model/ids.h"
#include "model/instance_lifecycle.h"
#include "model/plan.h"
#include "model/restart_policy.h"
#include "model/views.h"
#include "runtime/log_ring.h"

namespace arcella::runtime {

struct ComponentRecord {
  model::Component component;
  model::PolicyFields template_fields;
};

// One replica as observed. It stays when the replica ends, for `list` and `logs`.
struct InstanceRecord {
  model::InstanceState state = model::InstanceState::Stopped;
  int restarts = 0;
  std::string reason;                       // why it is Failed, one line
  std::string backtrace;                    // of the trap behind it
  std::optional<MonotonicTime> held_until;  // not started again before
  std::unique_ptr<LogRing> log;             // made by its first output
};

// What an import of a loaded deployment was told to lead to.
struct ToldImport {
  host::ImportBinding binding;
  model::Place provider_place;      // of a provider, where it was loaded
  std::uint64_t provider_load = 0;  // which load of the provider: one that was loaded again is told
                                    // again
  bool platform = false;            // the daemon itself serves it
  bool direct = false;              // from worker to worker, if that can be had
  friend bool operator==(const ToldImport&, const ToldImport&) = default;
};

struct DeploymentRecord {
  explicit DeploymentRecord(model::Deployment made)
      : deployment(std::move(made)), tracker(deployment.spec.restart) {}

  model::Deployment deployment;
  model::Desired desired = model::Desired::Stopped;
  int generation = 1;                         // as the store counts
  std::optional<model::Generation> previous;  // that the store keeps
  model::Kind kind = model::Kind::Service;
  model::WorkerTraits needs;
  std::uint32_t slot = 0;      // its number on data channels
  std::uint64_t revision = 0;  // changes with what its replicas are made of

  bool loaded = false;
  model::Place loaded_in;             // meaningful when loaded
  std::uint64_t loaded_revision = 0;  // also when it is loaded no more
  std::uint64_t load_order = 0;       // counts up from 1 with each deployment that is started
  std::uint64_t load_number = 0;      // no two loads have the same
  std::vector<ToldImport> told;  // since it was loaded; one for each import that is not the host's
  std::optional<ToldImport> telling;             // has not been answered yet
  std::optional<MonotonicTime> load_held_until;  // the last load failed
  // It is to be stopped, and consumers that still call it are being bound elsewhere.
  std::optional<MonotonicTime> stop_held_until;
  bool consumers_left = false;  // all are bound elsewhere: calls on their way are waited for
  std::vector<InstanceRecord> instances;  // by index; at least as many as replicas

  model::RestartTracker tracker;
  int restarts = 0;     // of replicas, since the daemon started
  std::string failure;  // not empty: given up, and why
  // A start by hand is under way: the first failure ends it, instead of the restart policy.
  bool starting_by_hand = false;
  std::optional<Error> start_error;  // that failure
  UniqueFd listener;                 // http: held while it is to run
};

// Owner: the runtime.  Thread: control. References into it do not survive an await: look up again.
class Registry {
 public:
  // --- components ---
  void add(ComponentRecord record);
  void remove(const model::ComponentId& id);
  [[nodiscard]] const ComponentRecord* find(const model::ComponentId& id) const;
  // By id, or by bare name if one version of it is installed. NotFound names near ids; Conflict
  // lists the versions.
  [[nodiscard]] Result<const ComponentRecord*> find_component(std::string_view id_or_name) const;
  [[nodiscard]] const std::map<model::ComponentId, ComponentRecord>& components() const {
    return components_;
  }
  [[nodiscard]] std::vector<std::string> deployments_of(const model::ComponentId& id) const;
  // Those, and the ones that it is composed into.
  [[nodiscard]] std::vector<model::DeploymentId> made_of(const model::ComponentId& id) const;
  // Drops the previous generations that used it; gives the deployments whose they were.
  std::vector<std::string> forget_previous(const model::ComponentId& id);

  // --- deployments ---
  // Inserts, or changes the one that is there: a new revision of it, unless the two run alike. Its
  // component must be there.
  DeploymentRecord& put(model::Deployment deployment);
  // A new revision although the deployment says the same: the component's content is another.
  void renew(DeploymentRecord& record) { record.revision = next_revision_++; }
  void remove(const model::DeploymentId& id);
  [[nodiscard]] DeploymentRecord* find(const model::DeploymentId& id);
  [[nodiscard]] const DeploymentRecord* find(const model::DeploymentId& id) const;
  // NotFound with the nearest id.
  [[nodiscard]] Result<DeploymentRecord*> find_deployment(std::string_view id);
  [[nodiscard]] Result<const DeploymentRecord*> find_deployment(std::string_view id) const;
  [[nodiscard]] std::map<model::DeploymentId, DeploymentRecord>& deployments() {
    return deployments_;
  }
  [[nodiscard]] const std::map<model::DeploymentId, DeploymentRecord>& deployments() const {
    return deployments_;
  }

  // What a deployment needs of an engine; its components are there.
  [[nodiscard]] model::WorkerTraits needs_of(const model::Deployment& deployment) const;
  // Which traits the main engine needs for all that is to run there.
  [[nodiscard]] model::WorkerTraits main_needs() const;

 private:
  std::map<model::ComponentId, ComponentRecord> components_;
  std::map<model::DeploymentId, DeploymentRecord> deployments_;
  std::uint32_t next_slot_ = 1;
  std::uint64_t next_revision_ = 1;
};

// Where it is to run.
[[nodiscard]] model::Place place_of(const model::Deployment& deployment);
// Starting, Ready or Stopping: there is, or will be, something in a process.
[[nodiscard]] bool is_alive(model::InstanceState state) noexcept;
[[nodiscard]] int count_in(const DeploymentRecord& record, model::InstanceState state);
// Ready or Completed.
[[nodiscard]] int count_up(const DeploymentRecord& record);
[[nodiscard]] bool any_alive(const DeploymentRecord& record);
// Is anything of it in a process, or will be: alive or loaded?
[[nodiscard]] bool occupies_a_process(const DeploymentRecord& record);
// What is loaded is what is wanted, not an earlier revision that is being replaced.
[[nodiscard]] bool is_current(const DeploymentRecord& record) noexcept;
// Do the two differ in nothing but the number of replicas, their restart, how they are updated,
// their wiring and the way that it takes? Then what runs need not be made anew.
[[nodiscard]] bool runs_alike(const model::Deployment& before, const model::Deployment& after);
// Has something that can be started: a command, an http handler, a function that can be called, an
// entrypoint.
[[nodiscard]] bool can_run(const model::Component& component, const model::Policy& policy);

// --- views (registry_views.cc) ---
[[nodiscard]] std::string state_of(const DeploymentRecord& record);
[[nodiscard]] model::DeploymentView view_of(const DeploymentRecord& record);
[[nodiscard]] model::ComponentView view_of(const ComponentRecord& record, std::size_t deployments);
// `pid`: of the process where the deployment is loaded. Replicas that were never started are left
// out.
[[nodiscard]] std::vector<model::InstanceView> instance_views(const DeploymentRecord& record,
                                                              std::int64_t pid);

}  // namespace arcella::runtime
