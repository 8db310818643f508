// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Takes deployments from what they are to what they are to be, all or none. What runs is replaced,
// one deployment after the other: stop, replace, start. What does not run is only pointed at the
// new thing. Nothing is durable until everything new is ready; then one transaction records it all.
// When one does not come up, or cannot be recorded, all that was replaced is put back and runs as
// before. So a crash at any point leaves the state before, or the one after.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "aio/task.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "model/deployment.h"
#include "model/event.h"
#include "model/progress.h"
#include "runtime/runtime_core.h"
#include "runtime/wiring.h"

namespace arcella::runtime {

struct Change {
  std::vector<model::Deployment> deployments;  // each id once; new ones, or changed ones
  // A component that is in the registry and not in the store yet: recorded with them, as one.
  std::optional<model::ComponentId> component;
  model::EventKind event = model::EventKind::DeploymentDeployed;  // of each, when it is done
  // Stages: compiling, where the cache has no code; starting, all deployments together; reverting.
  model::Progress progress = {};
};

// Owner: an operation, which holds the locks of everything in the change.  Thread: control.
class Changeover {
 public:
  Changeover(RuntimeCore& core, Change change) : core_(core), change_(std::move(change)) {}

  // What can be known to fail before anything is touched; also Cancelled. What fuses with something
  // of the change is composed anew, and so becomes part of it.
  aio::Task<Result<void>> check();
  // Once, when check() has found nothing. What an error says has been undone; after Cancelled the
  // daemon ends, and the next one brings back the state before.
  aio::Task<Result<void>> carry_out();
  // All that changes, after check().
  [[nodiscard]] const std::vector<model::Deployment>& deployments() const {
    return change_.deployments;
  }

 private:
  // Of a running deployment that was replaced, for the way back.
  struct Earlier {
    model::Deployment deployment;
    UniqueFd listener;  // where it listened, if the change has another address
  };

  // All of the change that is to run.
  [[nodiscard]] Together together() const;
  // What can be known to fail fails here.
  aio::Task<Result<void>> prepare(std::size_t which);
  aio::Task<Result<void>> replace_all();
  aio::Task<Result<void>> replace(std::size_t which);
  // Of all deployments that run; none: nothing is started.
  [[nodiscard]] std::optional<model::Progress::Note> ready() const;
  aio::Task<Result<void>> record() const;
  [[nodiscard]] std::vector<model::Deployment> to_record() const;
  void apply_recorded();
  // Gives what is to be said about it.
  aio::Task<std::string> put_back();

  RuntimeCore& core_;
  Change change_;
  // Those that are only composed anew: what the store says of them stays.
  std::set<model::DeploymentId> recomposed_;
  std::map<model::DeploymentId, UniqueFd> listeners_;  // bound to new addresses, not yet given
  std::vector<Earlier> replaced_;                      // in order
};

// What has to be so before a deployment of a component is started in its place: something to
// start (else Conflict), somebody for each import that it needs (else Unresolved), and compiled
// code for its engine. `together`: what starts or changes with it.
aio::Task<Result<void>> check_startable(RuntimeCore& core, model::Deployment deployment,
                                        Together together, model::Progress progress = {});

}  // namespace arcella::runtime
