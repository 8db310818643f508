// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <memory>
#include <set>
#include <string>

#include "base/mutex.h"
#include "base/unique_fd.h"
#include "host/engine_pool.h"
#include "host/hosted_deployment.h"
#include "host/replica.h"

namespace arcella::host {

// A deployment of kind http: one server with a fresh store per request. A replica is a share of its
// concurrency (limits::kHttpConcurrentPerReplica), so a request cannot harm a replica, and none
// crashes.
class HttpDeployment final : public HostedDeployment,
                             public std::enable_shared_from_this<HttpDeployment> {
 public:
  // `listener_socket` stays open here: while no replica runs, connections wait in its backlog.
  HttpDeployment(EnginePool& pool, std::shared_ptr<LiveGuests> guests, HostListener& listener,
                 model::RunSpec spec, std::shared_ptr<const engine::InstancePre> pre,
                 UniqueFd listener_socket);

  Result<void> start(int first, int count) override;
  Result<void> stop(int first, int count, std::chrono::milliseconds deadline) override;
  void stop_all(std::chrono::milliseconds deadline) override;
  [[nodiscard]] int alive() const override;
  Result<std::uint32_t> resolve(std::string_view function) override;
  engine::CallHandle call(std::optional<int> index, std::uint32_t function,
                          engine::Encoding encoding, std::span<const std::byte> arguments,
                          std::chrono::milliseconds timeout, CallChainPtr caller,
                          engine::CallDone done) override;
  [[nodiscard]] DeploymentStatistics statistics() const override;

 private:
  struct Service;  // the server and what it refers to

  [[nodiscard]] Result<std::shared_ptr<Service>> serve(int first, int count) const;
  void report(int index, model::InstanceEvent event) const;
  void stop_these(const std::set<int>& indexes, std::chrono::milliseconds deadline);
  void server_ended(std::shared_ptr<Service> service, const std::set<int>& ended);

  EnginePool& pool_;
  const std::shared_ptr<LiveGuests> guests_;
  HostListener& listener_;
  const model::RunSpec spec_;
  const std::shared_ptr<const engine::InstancePre>
      pre_;  // shared with the services, which may outlive this
  const UniqueFd listener_socket_;

  mutable Mutex mutex_;
  std::set<int> replicas_ ARCELLA_GUARDED_BY(mutex_);
  std::set<int> stopping_ ARCELLA_GUARDED_BY(mutex_);
  std::shared_ptr<Service> service_
      ARCELLA_GUARDED_BY(mutex_);  // null without replicas; shared with a look at its numbers
  DeploymentStatistics past_ ARCELLA_GUARDED_BY(mutex_);  // of servers that have ended
};

}  // namespace arcella::host
