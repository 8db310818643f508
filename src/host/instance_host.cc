// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "host/instance_host.h"

#include <unordered_map>
#include <utility>

#include "base/limits.h"
#include "base/mutex.h"
#include "host/call_refusal.h"
#include "host/http_deployment.h"
#include "host/imports.h"
#include "host/key_value_service.h"
#include "host/replica.h"
#include "host/replica_deployment.h"
#include "host/run_policy.h"

namespace arcella::host {
namespace {

Unexpected not_loaded(const model::DeploymentId& deployment) {
  return fail(ErrorCode::NotFound,
              "deployment '" + deployment.str() + "' is not loaded in this process");
}

Result<void> check_range(int first, int count) {
  if (first >= 0 && count > 0 && first <= limits::kReplicasMax &&
      count <= limits::kReplicasMax - first)
    return {};
  return fail(ErrorCode::InvalidParams, "replicas " + std::to_string(first) + " and " +
                                            std::to_string(count) + " from there on: 0 to " +
                                            std::to_string(limits::kReplicasMax - 1) + " exist");
}

}  // namespace

struct InstanceHost::Impl {
  struct Loaded {
    std::shared_ptr<HostedDeployment> deployment;
    std::shared_ptr<Imports> imports;  // shared with the linked code
  };

  [[nodiscard]] std::vector<std::shared_ptr<HostedDeployment>> all() {
    std::vector<std::shared_ptr<HostedDeployment>> every;
    const MutexLock lock(mutex);
    for (const auto& [id, loaded] : deployments) every.push_back(loaded.deployment);
    return every;
  }

  Impl(const engine::Engine& the_engine, EnginePool& the_pool, HostListener& the_listener)
      : engine(the_engine), pool(the_pool), listener(the_listener) {}

  const engine::Engine& engine;
  EnginePool& pool;
  HostListener& listener;
  const std::shared_ptr<LiveGuests> guests = std::make_shared<LiveGuests>();

  Mutex mutex;
  std::unordered_map<model::DeploymentId, Loaded> deployments ARCELLA_GUARDED_BY(mutex);

  [[nodiscard]] Result<Loaded> find(const model::DeploymentId& deployment) {
    const MutexLock lock(mutex);
    const auto found = deployments.find(deployment);
    if (found == deployments.end()) return not_loaded(deployment);
    return found->second;
  }
};

InstanceHost::InstanceHost(const engine::Engine& engine, EnginePool& pool, HostListener& listener)
    : impl_(std::make_unique<Impl>(engine, pool, listener)) {}

// Guests that were cut may still have a step to go: they refer to the pool, the listener and the
// engine. On a thread of the pool, which has to make that step, it cannot wait; then the pool is
// about to end, and takes them with it.
InstanceHost::~InstanceHost() {
  std::unordered_map<model::DeploymentId, Impl::Loaded> all;
  {
    const MutexLock lock(impl_->mutex);
    all.swap(impl_->deployments);
  }
  // Deployments that are wired in a circle would keep each other.
  for (const auto& [id, loaded] : all) loaded.imports->close("the process ends");
  all.clear();
  if (!impl_->pool.is_current()) impl_->guests->wait_until_none();
}

Result<void> InstanceHost::load(const model::RunSpec& spec, UniqueFd artifact, UniqueFd listener) {
  if (find(spec.deployment)) {
    return fail(ErrorCode::Conflict,
                "deployment '" + spec.deployment.str() + "' is loaded already");
  }
  if (spec.kind == model::Kind::Http && !listener.valid()) {
    return fail(ErrorCode::InvalidParams,
                "deployment '" + spec.deployment.str() + "' has no listening socket");
  }
  ARCELLA_TRY(std::shared_ptr<const engine::Component> component,
              impl_->engine.load(std::move(artifact)));
  const auto imports = std::make_shared<Imports>(impl_->pool, spec.provider_wait);
  engine::WasiPolicy policy = wasi_policy_of(spec);
  policy.key_value = key_value_of(spec);
  ARCELLA_TRY(auto linked, engine::InstancePre::link(impl_->engine, std::move(component), policy,
                                                     store_limits_of(spec), imports));
  imports->set_functions(linked->imports(), std::make_unique<engine::DirectImports>(*linked));
  const std::shared_ptr<const engine::InstancePre> pre = std::move(linked);
  std::shared_ptr<HostedDeployment> made;
  if (spec.kind == model::Kind::Http) {
    made = std::make_shared<HttpDeployment>(impl_->pool, impl_->guests, impl_->listener, spec, pre,
                                            std::move(listener));
  } else {
    made =
        std::make_shared<ReplicaDeployment>(impl_->pool, impl_->guests, impl_->listener, spec, pre);
  }
  const MutexLock lock(impl_->mutex);
  if (!impl_->deployments.emplace(spec.deployment, Impl::Loaded{std::move(made), imports}).second) {
    return fail(ErrorCode::Conflict,
                "deployment '" + spec.deployment.str() + "' is loaded already");
  }
  return {};
}

Result<void> InstanceHost::unload(const model::DeploymentId& deployment) {
  Impl::Loaded unloaded;  // closed and destroyed without the lock
  {
    const MutexLock lock(impl_->mutex);
    const auto found = impl_->deployments.find(deployment);
    if (found == impl_->deployments.end()) return not_loaded(deployment);
    if (const int alive = found->second.deployment->alive(); alive > 0) {
      return fail(ErrorCode::Conflict, "deployment '" + deployment.str() + "' has " +
                                           std::to_string(alive) + " replicas: stop them first");
    }
    unloaded = std::move(found->second);
    impl_->deployments.erase(found);
  }
  unloaded.imports->close("the deployment is unloaded");
  return {};
}

Result<void> InstanceHost::bind(const model::DeploymentId& consumer, std::string_view interface,
                                const std::shared_ptr<Callee>& callee, std::string_view exported) {
  ARCELLA_TRY(const Impl::Loaded loaded, impl_->find(consumer));
  return loaded.imports->bind(interface, callee, exported);
}

Result<void> InstanceHost::bind(const ImportBinding& binding) {
  if (binding.provider) {
    ARCELLA_TRY(const auto provider, find(*binding.provider));
    return bind(binding.consumer, binding.import, provider, binding.exported);
  }
  ARCELLA_TRY(const Impl::Loaded loaded, impl_->find(binding.consumer));
  loaded.imports->unbind(binding.import, binding.why_not);
  return {};
}

Result<std::shared_ptr<HostedDeployment>> InstanceHost::find(
    const model::DeploymentId& deployment) const {
  ARCELLA_TRY(const Impl::Loaded loaded, impl_->find(deployment));
  return loaded.deployment;
}

Result<void> InstanceHost::start(const model::DeploymentId& deployment, int first, int count) {
  ARCELLA_TRY_VOID(check_range(first, count));
  ARCELLA_TRY(const auto found, find(deployment));
  return found->start(first, count);
}

Result<void> InstanceHost::stop(const model::DeploymentId& deployment, int first, int count,
                                std::chrono::milliseconds deadline) {
  ARCELLA_TRY_VOID(check_range(first, count));
  ARCELLA_TRY(const auto found, find(deployment));
  return found->stop(first, count, deadline);
}

void InstanceHost::stop_all(std::chrono::milliseconds deadline) {
  for (const auto& deployment : impl_->all()) deployment->stop_all(deadline);
}

int InstanceHost::alive() const {
  int alive = 0;
  for (const auto& deployment : impl_->all()) alive += deployment->alive();
  return alive;
}

Result<std::uint32_t> InstanceHost::resolve(const model::DeploymentId& deployment,
                                            std::string_view function) {
  ARCELLA_TRY(const auto found, find(deployment));
  return found->resolve(function);
}

engine::CallHandle InstanceHost::call(const model::DeploymentId& deployment,
                                      std::optional<int> index, std::uint32_t function,
                                      engine::Encoding encoding,
                                      std::span<const std::byte> arguments,
                                      std::chrono::milliseconds timeout, engine::CallDone done,
                                      CallChainPtr caller) {
  const auto found = find(deployment);
  if (found) {
    return (*found)->call(index, function, encoding, arguments, timeout, std::move(caller),
                          std::move(done));
  }
  done(refuse_call(engine::Outcome::NotReady, found.error().message()));
  return {};
}

Result<DeploymentStatistics> InstanceHost::statistics(const model::DeploymentId& deployment) const {
  ARCELLA_TRY(const auto found, find(deployment));
  return found->statistics();
}

}  // namespace arcella::host
