// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "host/http_deployment.h"

#include <utility>

#include "base/limits.h"

namespace arcella::host {
namespace {

using model::InstanceEvent;
using std::chrono::milliseconds;

int concurrent_max_of(std::size_t replicas) {
  return static_cast<int>(replicas) * limits::kHttpConcurrentPerReplica;
}

}  // namespace

// Destroyed on a pool thread: its last owner may be the adapter in the middle of telling that the
// server has stopped.
struct HttpDeployment::Service {
  Service(std::shared_ptr<LiveGuests> guests, HostListener& listener, model::InstanceId id,
          std::shared_ptr<const engine::InstancePre> linked)
      : token(std::move(guests)), pre(std::move(linked)), output(listener, std::move(id)) {}
  const LiveGuests::Token token;
  const std::shared_ptr<const engine::InstancePre> pre;
  InstanceOutput output;
  std::unique_ptr<engine::HttpServer> server;
};

HttpDeployment::HttpDeployment(EnginePool& pool, std::shared_ptr<LiveGuests> guests,
                               HostListener& listener, model::RunSpec spec,
                               std::shared_ptr<const engine::InstancePre> pre,
                               UniqueFd listener_socket)
    : pool_(pool),
      guests_(std::move(guests)),
      listener_(listener),
      spec_(std::move(spec)),
      pre_(std::move(pre)),
      listener_socket_(std::move(listener_socket)) {}

void HttpDeployment::report(int index, InstanceEvent event) const {
  listener_.on_report({.instance = {spec_.deployment, index}, .event = event});
}

// What requests print cannot be told apart by replica, which share the server: it goes to the first
// one's log.
Result<std::shared_ptr<HttpDeployment::Service>> HttpDeployment::serve(int first, int count) const {
  ARCELLA_TRY(UniqueFd socket, listener_socket_.duplicate());
  auto made = std::make_unique<Service>(guests_, listener_,
                                        model::InstanceId{spec_.deployment, first}, pre_);
  const std::shared_ptr<Service> service(made.release(), [&pool = pool_](Service* last) {
    pool.post([owned = std::shared_ptr<Service>(last)] {});
  });
  const engine::HttpServerConfig config{
      .connections_max = limits::kHttpConnectionsMax,
      .concurrent_max = concurrent_max_of(static_cast<std::size_t>(count))};
  ARCELLA_TRY(service->server, pre_->serve_http(std::move(socket), service->output, config));
  return service;
}

Result<void> HttpDeployment::start(int first, int count) {
  {
    const MutexLock lock(mutex_);
    for (int index = first; index < first + count; ++index) {
      if (replicas_.contains(index) || stopping_.contains(index)) {
        return fail(ErrorCode::Conflict,
                    "replica " + model::InstanceId{spec_.deployment, index}.str() + " is alive");
      }
    }
    if (!service_) {
      ARCELLA_TRY(service_, serve(first, count));
    } else {
      service_->server->set_concurrent_max(
          concurrent_max_of(replicas_.size() + static_cast<std::size_t>(count)));
    }
    for (int index = first; index < first + count; ++index) replicas_.insert(index);
  }
  for (int index = first; index < first + count; ++index) report(index, InstanceEvent::Started);
  return {};
}

Result<void> HttpDeployment::stop(int first, int count, milliseconds deadline) {
  std::set<int> indexes;
  for (int index = first; index < first + count; ++index) indexes.insert(index);
  stop_these(indexes, deadline);
  return {};
}

void HttpDeployment::stop_all(milliseconds deadline) {
  std::set<int> indexes;
  {
    const MutexLock lock(mutex_);
    indexes = replicas_;
  }
  stop_these(indexes, deadline);
}

void HttpDeployment::stop_these(const std::set<int>& indexes, milliseconds deadline) {
  std::set<int> ended;
  std::shared_ptr<Service> last;
  {
    const MutexLock lock(mutex_);
    for (const int index : indexes) {
      if (stopping_.contains(index)) continue;  // reported when the server has ended
      ended.insert(index);
      replicas_.erase(index);
    }
    if (service_ && replicas_.empty()) {
      last = std::move(service_);
      service_.reset();
      stopping_.insert(ended.begin(), ended.end());
    } else if (service_) {
      service_->server->set_concurrent_max(concurrent_max_of(replicas_.size()));
    }
  }
  if (!last) {
    for (const int index : ended) report(index, InstanceEvent::Ended);
    return;
  }
  engine::HttpServer& server = *last->server;
  server.stop(deadline, [self = shared_from_this(), last = std::move(last), ended] {
    self->pool_.post([self, last, ended] { self->server_ended(last, ended); });
  });
}

void HttpDeployment::server_ended(std::shared_ptr<Service> service, const std::set<int>& ended) {
  {
    const MutexLock lock(mutex_);
    const engine::HttpStatistics numbers = service->server->statistics();
    past_.calls += numbers.requests;
    past_.failed += numbers.failed;
    past_.last_failure = service->server->last_failure();
    for (const int index : ended) stopping_.erase(index);
  }
  service->output.close();
  service.reset();
  for (const int index : ended) report(index, InstanceEvent::Ended);
}

int HttpDeployment::alive() const {
  const MutexLock lock(mutex_);
  return static_cast<int>(replicas_.size() + stopping_.size());
}

Result<std::uint32_t> HttpDeployment::resolve(std::string_view) {
  return fail(ErrorCode::InvalidParams,
              "'" + spec_.deployment.str() + "' serves HTTP and has no functions to call");
}

engine::CallHandle HttpDeployment::call(std::optional<int>, std::uint32_t, engine::Encoding,
                                        std::span<const std::byte>, milliseconds, CallChainPtr,
                                        engine::CallDone done) {
  engine::CallOutcome refusal;
  refusal.outcome = engine::Outcome::BadArguments;
  refusal.message = resolve("").error().message();
  done(refusal);
  return {};
}

DeploymentStatistics HttpDeployment::statistics() const {
  DeploymentStatistics statistics;
  std::shared_ptr<Service> service;
  {
    const MutexLock lock(mutex_);
    statistics = past_;
    service = service_;
  }
  if (!service) return statistics;
  const engine::HttpStatistics now = service->server->statistics();
  statistics.calls += now.requests;
  statistics.failed += now.failed;
  statistics.in_flight = now.in_flight;
  const std::string last_failure = service->server->last_failure();
  if (!last_failure.empty()) statistics.last_failure = last_failure;
  return statistics;
}

}  // namespace arcella::host
