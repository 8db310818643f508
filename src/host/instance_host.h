// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Owns the replicas that live in this process, in a worker and in main alike: loads a deployment's
// compiled component, makes and ends its instances, hands calls to them. Knows nothing of
// processes, sockets or the desired state: the daemon decides what runs, this does it and reports
// what happened.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "engine/engine.h"
#include "engine/instance.h"
#include "host/engine_pool.h"
#include "host/hosted_deployment.h"
#include "model/instance_lifecycle.h"
#include "model/run_spec.h"

namespace arcella::host {

// What an import of a deployment is bound to: another deployment of the same host.
struct ImportBinding {
  model::DeploymentId consumer;
  std::string import;                           // the interface as the consumer names it
  std::optional<model::DeploymentId> provider;  // nullopt: nobody
  std::string exported;                         // the interface as the provider names it
  std::string why_not;                          // one line, without a provider
  friend bool operator==(const ImportBinding&, const ImportBinding&) = default;
};

// Owner: the worker process, or the daemon's main backend.  Thread: any; internally locked (one
// mutex over the table of deployments, one in each deployment, never both; a call in progress holds
// no lock). Stop: unload() everything before destruction.
class InstanceHost {
 public:
  InstanceHost(const engine::Engine& engine, EnginePool& pool, HostListener& listener);
  ~InstanceHost();
  InstanceHost(const InstanceHost&) = delete;
  InstanceHost& operator=(const InstanceHost&) = delete;

  // Maps and links; runs nothing. `artifact` is a verified, sealed descriptor. `listener` is a
  // listening TCP socket for kind http, else invalid. Imports that the host does not offer are left
  // to bind(); Unresolved names those that cannot be bound. Conflict if it is loaded already.
  Result<void> load(const model::RunSpec& spec, UniqueFd artifact, UniqueFd listener);
  // Conflict if replicas are alive: stop them first.
  Result<void> unload(const model::DeploymentId& deployment);

  // Makes replicas `first`..`first + count - 1`; each is reported Started, or Crashed. Their
  // entrypoint runs first. For kind command the run itself is the replica. For kind http a replica
  // is a share of concurrency: the server accepts as soon as there is one (docs/decisions/: a fresh
  // store per request). Conflict, and nothing starts, if one of them is alive.
  Result<void> start(const model::DeploymentId& deployment, int first, int count);
  // Drains calls, runs the shutdown function, ends after `deadline` at the latest; each is reported
  // Ended, also one that was not alive. A command, which cannot be asked to end, is cut at once.
  Result<void> stop(const model::DeploymentId& deployment, int first, int count,
                    std::chrono::milliseconds deadline);

  // Calls of the import go to its provider from now on; without one they are NotReady and say
  // `why_not`. NotFound: one of them is not loaded, or lacks the import or a function of it;
  // Unavailable: no replica of the provider is ready. Then nothing has changed.
  Result<void> bind(const ImportBinding& binding);
  // To somebody who is not of this host.
  Result<void> bind(const model::DeploymentId& consumer, std::string_view interface,
                    const std::shared_ptr<Callee>& callee, std::string_view exported);

  // Every replica of every deployment, as stop().
  void stop_all(std::chrono::milliseconds deadline);
  // Replicas that are not reported to have ended.
  [[nodiscard]] int alive() const;

  // A function's number for call(), stable as long as the deployment is loaded. NotFound lists the
  // functions there are; Unavailable as long as no replica is ready.
  Result<std::uint32_t> resolve(const model::DeploymentId& deployment, std::string_view function);
  // Calls the least busy replica (or `index`). Runs the guest on this thread if the replica is
  // idle: call it on a pool thread. `done` runs exactly once, on any thread. Outcome Unavailable:
  // no replica, or its queue is full (limits::kCallQueuePerInstanceMax).
  engine::CallHandle call(const model::DeploymentId& deployment, std::optional<int> index,
                          std::uint32_t function, engine::Encoding encoding,
                          std::span<const std::byte> arguments, std::chrono::milliseconds timeout,
                          engine::CallDone done, CallChainPtr caller = nullptr);

  // For many calls: its call() looks nothing up. It outlives an unload, after which every call is
  // NotReady.
  [[nodiscard]] Result<std::shared_ptr<HostedDeployment>> find(
      const model::DeploymentId& deployment) const;

  [[nodiscard]] Result<DeploymentStatistics> statistics(
      const model::DeploymentId& deployment) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace arcella::host
