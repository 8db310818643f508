// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// A place where replicas can live: the daemon itself (main_backend.h) or the worker process of a
// group (worker_backend.h). Both do what a plan's actions say and report what happens; neither
// decides anything.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "aio/task.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "engine/instance.h"
#include "host/callee.h"
#include "host/instance_host.h"
#include "model/ids.h"
#include "model/plan.h"
#include "model/run_spec.h"
#include "model/worker_lifecycle.h"
#include "runtime/code_source.h"

namespace arcella::runtime {

// A deployment to be mapped and linked in a place. `artifact` is verified and sealed; `listener`
// only for http.
struct LoadOrder {
  LoadOrder(std::uint32_t slot_number, model::RunSpec run_spec)
      : slot(slot_number), spec(std::move(run_spec)) {}
  std::uint32_t slot;
  model::RunSpec spec;
  UniqueFd artifact;
  UniqueFd listener;
};

struct CallOrder {
  CallOrder(model::DeploymentId to, std::uint32_t slot_number)
      : deployment(std::move(to)), slot(slot_number) {}
  model::DeploymentId deployment;
  std::uint32_t slot;
  std::optional<int> index;  // nullopt: the least busy replica
  std::string function;
  std::string arguments;  // WAVE, without the parentheses
  // The deadline that holds, decided by the caller: after it (and a grace) the call is given up.
  std::chrono::milliseconds timeout{0};
  host::CallChainPtr caller;  // null: from outside
};

// A provider in the worker of another group.
struct DirectProvider {
  model::GroupName group;
  model::DeploymentId deployment;
};

// An import that is to lead to a deployment of another place.
struct RemoteBinding {
  model::DeploymentId consumer;
  std::string import;                  // the interface as the consumer names it
  std::string exported;                // and as the provider does
  std::vector<std::string> functions;  // of it, that the consumer imports, without the interface
  std::shared_ptr<host::Callee> callee;
  std::chrono::milliseconds call_timeout{0};  // the provider's
  // It asks for a way from worker to worker: by it if it can be had, else by `callee`.
  std::optional<DirectProvider> direct = {};
};

struct PlaceStatus {
  model::WorkerState state = model::WorkerState::Down;
  model::WorkerTraits traits;  // of the engine that runs
  std::int64_t pid = 0;
  int restarts = 0;
  std::string last_error;
};

struct GuestOutput {
  GuestOutput(model::InstanceId from, bool to_stderr)
      : instance(std::move(from)), stderr_stream(to_stderr) {}
  model::InstanceId instance;
  bool stderr_stream;
  std::string text;           // any bytes
  std::uint64_t dropped = 0;  // bytes lost before it
};

// How a place went.
enum class PlaceLoss {
  Asked,     // it was stopped
  Retrying,  // it died, and comes again by itself
  Failed,    // it died too often, and stays away until it is asked for by hand
};

// Called on the control thread. What a worker says is untrusted: the receiver checks that the place
// may say it.
class PlaceListener {
 public:
  virtual ~PlaceListener() = default;
  virtual void on_place_up(const model::Place& place) = 0;
  // All that lived there is gone.
  virtual void on_place_down(const model::Place& place, const std::string& reason,
                             PlaceLoss loss) = 0;
  virtual void on_report(const model::Place& place, host::InstanceReport report) = 0;
  virtual void on_output(const model::Place& place, GuestOutput output) = 0;
  // Direct bindings between the two lead to nobody any more.
  virtual void on_link_lost(const model::GroupName& one, const model::GroupName& other) = 0;
};

// Owner: the runtime's table of places.  Thread: control.
class InstanceBackend {
 public:
  virtual ~InstanceBackend() = default;

  // The place is up, with an engine of these traits, when it returns. Conflict: it is up with
  // others.
  virtual aio::Task<Result<void>> ensure_up(model::WorkerTraits traits) = 0;
  // All that lives there ends, gracefully until the deadline.
  virtual aio::Task<void> shut_down(std::chrono::milliseconds deadline) = 0;

  virtual aio::Task<Result<void>> load(LoadOrder order) = 0;
  virtual aio::Task<Result<void>> unload(model::DeploymentId deployment) = 0;
  // Complete when accepted; each replica is reported Started or Crashed, and Ended, later.
  virtual aio::Task<Result<void>> start(model::DeploymentId deployment, int first, int count) = 0;
  virtual aio::Task<Result<void>> stop(model::DeploymentId deployment, int first, int count,
                                       std::chrono::milliseconds deadline) = 0;

  // Whom an import leads to from now on; a provider is loaded in this place too.
  virtual aio::Task<Result<void>> bind(host::ImportBinding binding) = 0;
  // The same, to a provider of another place.
  virtual aio::Task<Result<void>> bind_remote(RemoteBinding binding) = 0;
  // A deployment of this place for callers of another, who may call these functions (by their full
  // names). NotFound: it lacks one; Unavailable: nobody can tell now.
  virtual aio::Task<Result<std::shared_ptr<host::Callee>>> callee(
      model::DeploymentId deployment, std::vector<std::string> functions) = 0;

  // The Error is of the way there (NotFound: no such function; Unavailable); what the guest did is
  // the outcome.
  virtual aio::Task<Result<engine::CallOutcome>> call(CallOrder order) = 0;
  virtual aio::Task<Result<std::string>> statistics(
      model::DeploymentId deployment) = 0;  // a JSON object

  [[nodiscard]] virtual PlaceStatus status() const = 0;
};

// The places by name, made when first asked for. Owner: the runtime; the reconciler and the
// operations use it.
class Places {
 public:
  virtual ~Places() = default;
  [[nodiscard]] virtual InstanceBackend& at(const model::Place& place) = 0;
  [[nodiscard]] virtual PlaceStatus status(const model::Place& place) const = 0;
  // The groups whose worker is not Down.
  [[nodiscard]] virtual std::vector<model::ObservedWorker> workers() const = 0;
};

// Compiled code of installed components for an engine of these traits.
class ArtifactSource {
 public:
  virtual ~ArtifactSource() = default;
  virtual aio::Task<Result<UniqueFd>> artifact(CodeSource source, model::WorkerTraits traits) = 0;
};

}  // namespace arcella::runtime
