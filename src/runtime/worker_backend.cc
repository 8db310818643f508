// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/worker_backend.h"

#include <algorithm>
#include <limits>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "base/limits.h"
#include "base/log.h"
#include "host/remote_callee.h"
#include "runtime/pending_call.h"
#include "wire/utf8.h"

namespace arcella::runtime {
namespace {

ipc::DataHeader header_of(const CallOrder& order, std::uint32_t function) {
  ipc::DataHeader header;
  header.encoding_or_outcome = static_cast<std::uint8_t>(engine::Encoding::Wave);
  header.slot = order.slot;
  header.index = order.index.value_or(-1);
  header.function = function;
  header.timeout_ms = static_cast<std::uint32_t>(order.timeout.count());
  return header;
}

}  // namespace

Result<engine::CallOutcome> checked(engine::CallOutcome outcome) {
  if (outcome.outcome == engine::Outcome::Unavailable ||
      outcome.outcome == engine::Outcome::NotReady)
    return fail(ErrorCode::Unavailable, std::move(outcome.message));
  std::string text = wire::to_utf8(
      {reinterpret_cast<const char*>(outcome.payload.data()), outcome.payload.size()});
  auto bytes = std::as_bytes(std::span(text));
  outcome.payload.assign(bytes.begin(), bytes.end());
  return outcome;
}

WorkerBackend::~WorkerBackend() {
  close_port("the daemon ends");
}

void WorkerBackend::on_up(ipc::DataEnd data) {
  life_ = std::make_shared<char>();
  auto on_lost = [this, life = std::weak_ptr<const void>(life_), &io = io_](const Error& why) {
    boost::asio::post(io, [this, life, why] {
      if (!life.expired()) manager_.lost_channel(group_, why);
    });
  };
  auto opened = host::CallPort::open(std::move(data), pool_, host::CallPort::Side::Daemon,
                                     std::move(on_lost));
  if (opened.has_value()) {
    port_ = std::move(*opened);
  } else {
    manager_.lost_channel(group_, opened.error());
  }
}

void WorkerBackend::on_down(const std::string& reason) {
  close_port("worker " + group_.str() + ": " + reason);
  loaded_.clear();
  routes_.clear();
  handles_.clear();
}

void WorkerBackend::close_port(const std::string& reason) {
  life_.reset();
  if (port_) port_->close(reason);
  port_.reset();
}

aio::Task<Result<void>> WorkerBackend::ensure_up(model::WorkerTraits traits) {
  co_return co_await manager_.ensure_up(group_, traits);
}

aio::Task<void> WorkerBackend::shut_down(std::chrono::milliseconds deadline) {
  co_await manager_.stop(group_, deadline);
}

aio::Task<Result<void>> WorkerBackend::ask(ipc::ToWorker message) {
  std::vector<UniqueFd> none;
  auto reply = co_await manager_.request(group_, std::move(message), std::move(none),
                                         limits::kWorkerRequestTimeout);
  if (!reply.has_value()) co_return fail(std::move(reply).error());
  co_return Result<void>();
}

aio::Task<Result<void>> WorkerBackend::load(LoadOrder order) {
  loaded_[order.spec.deployment] = Loaded{++loads_, order.slot, order.spec.call_timeout, {}};
  ipc::LoadDeployment load{0, order.slot, std::move(order.spec)};
  std::vector<UniqueFd> fds;
  fds.push_back(std::move(order.artifact));
  if (order.listener.valid()) fds.push_back(std::move(order.listener));
  ipc::ToWorker message = std::move(load);
  auto reply = co_await manager_.request(group_, std::move(message), std::move(fds),
                                         limits::kWorkerRequestTimeout);
  if (!reply.has_value()) co_return fail(std::move(reply).error());
  co_return Result<void>();
}

aio::Task<Result<void>> WorkerBackend::unload(model::DeploymentId deployment) {
  loaded_.erase(deployment);
  std::erase_if(routes_, [&](const auto& route) {
    if (route.first.first != deployment) return false;
    if (port_) port_->serve(route.second.route, nullptr);
    return true;
  });
  handles_.erase(deployment);
  links_.forget(group_, deployment);
  ipc::ToWorker message = ipc::UnloadDeployment{0, std::move(deployment)};
  co_return co_await ask(std::move(message));
}

aio::Task<Result<void>> WorkerBackend::start(model::DeploymentId deployment, int first, int count) {
  ipc::ToWorker message = ipc::StartInstances{0, std::move(deployment), first, count};
  co_return co_await ask(std::move(message));
}

aio::Task<Result<void>> WorkerBackend::stop(model::DeploymentId deployment, int first, int count,
                                            std::chrono::milliseconds deadline) {
  ipc::ToWorker message =
      ipc::StopInstances{0, std::move(deployment), first, count, deadline.count()};
  co_return co_await ask(std::move(message));
}

aio::Task<Result<void>> WorkerBackend::bind(host::ImportBinding binding) {
  const Import which(binding.consumer, binding.import);
  ipc::BindImport bind{0, std::move(binding.consumer), std::move(binding.import)};
  bind.provider = std::move(binding.provider);
  bind.exported = std::move(binding.exported);
  bind.why_not = std::move(binding.why_not);
  ipc::ToWorker message = std::move(bind);
  ARCELLA_CO_TRY_VOID(co_await ask(std::move(message)));
  now_over(which, 0);
  co_return Result<void>();
}

aio::Task<Result<void>> WorkerBackend::bind_remote(RemoteBinding binding) {
  if (!port_) co_return fail(ErrorCode::Unavailable, "worker " + group_.str() + " is not up");
  if (binding.direct) {
    RemoteBinding same = binding;
    auto bound = co_await bind_directly(std::move(same));
    if (bound.has_value()) co_return bound;
    log::debug("runtime", "an import goes through the daemon, for there is no link",
               {{"deployment", binding.consumer.str()}, {"reason", bound.error().message()}});
  }
  co_return co_await bind_through_daemon(std::move(binding));
}

aio::Task<Result<void>> WorkerBackend::bind_through_daemon(RemoteBinding binding) {
  if (!port_) co_return fail(ErrorCode::Unavailable, "worker " + group_.str() + " is not up");
  ARCELLA_CO_TRY(std::vector<std::uint32_t> numbers,
                 host::numbers_of(*binding.callee, binding.exported, binding.functions));
  const Import which(binding.consumer, binding.import);
  const std::uint32_t route = route_of(which);
  // Calls that are on their way already may go there too: it is the same import.
  std::shared_ptr<host::Handles>& handles = handles_[binding.consumer];
  if (!handles) handles = std::make_shared<host::Handles>();
  port_->serve(route,
               std::make_shared<host::Route>(route, binding.callee, std::move(numbers), handles));
  ARCELLA_CO_TRY_VOID(co_await bind_by_route(std::move(binding), route, 0));
  now_over(which, 0);
  co_return Result<void>();
}

aio::Task<Result<void>> WorkerBackend::bind_directly(RemoteBinding binding) {
  const Import which(binding.consumer, binding.import);
  const std::uint32_t route = route_of(which);
  WorkerLinks::Loan loan{
      group_,           binding.consumer, route, binding.direct->group, binding.direct->deployment,
      binding.exported, binding.functions};
  ARCELLA_CO_TRY(const WorkerLinks::Number link, co_await links_.lend(std::move(loan)));
  auto bound = co_await bind_by_route(std::move(binding), route, link);
  if (!bound.has_value()) {
    links_.withdraw(link, group_, which.first, route);
    co_return bound;
  }
  // Lost meanwhile: who listens for it did not know of this binding yet.
  if (!links_.has(link)) co_return fail(ErrorCode::Unavailable, "the link has gone");
  now_over(which, link);
  co_return Result<void>();
}

std::uint32_t WorkerBackend::route_of(const Import& which) {
  const auto known = routes_.try_emplace(which, WayOut{last_route_ + 1, 0});
  if (known.second) ++last_route_;
  return known.first->second.route;
}

aio::Task<Result<void>> WorkerBackend::bind_by_route(RemoteBinding binding, std::uint32_t route,
                                                     WorkerLinks::Number link) {
  ipc::BindImport bind{0, std::move(binding.consumer), std::move(binding.import)};
  bind.exported = std::move(binding.exported);
  bind.route = ipc::ImportRoute{route, std::move(binding.functions), binding.call_timeout.count()};
  bind.link = link;
  ipc::ToWorker message = std::move(bind);
  co_return co_await ask(std::move(message));
}

void WorkerBackend::now_over(const Import& which, WorkerLinks::Number link) {
  const auto way = routes_.find(which);
  if (way == routes_.end()) return;
  const WorkerLinks::Number before = std::exchange(way->second.link, link);
  if (before != 0 && before != link)
    links_.withdraw(before, group_, which.first, way->second.route);
}

aio::Task<Result<std::shared_ptr<host::Callee>>> WorkerBackend::callee(
    model::DeploymentId deployment, std::vector<std::string> functions) {
  host::RemoteCallee::Functions numbers;
  for (const std::string& function : functions) {
    ARCELLA_CO_TRY(std::uint32_t number, co_await number_of(deployment, function));
    numbers.emplace(function, number);
  }
  auto known = loaded_.find(deployment);
  if (known == loaded_.end() || !port_)
    co_return fail(ErrorCode::Unavailable, "'" + deployment.str() + "' is not loaded");
  const Loaded& loaded = known->second;
  std::shared_ptr<host::Callee> made = std::make_shared<host::RemoteCallee>(
      port_, loaded.slot, std::move(numbers), loaded.call_timeout);
  co_return made;
}

aio::Task<Result<std::uint32_t>> WorkerBackend::number_of(model::DeploymentId deployment,
                                                          std::string function) {
  auto known = loaded_.find(deployment);
  if (known == loaded_.end())
    co_return fail(ErrorCode::Unavailable, "the deployment is not loaded");
  auto cached = known->second.functions.find(function);
  if (cached != known->second.functions.end()) co_return cached->second;
  std::uint64_t load = known->second.load;
  ipc::ToWorker message = ipc::ResolveFunction{0, deployment, function};
  std::vector<UniqueFd> none;
  ARCELLA_CO_TRY(ipc::Reply reply,
                 co_await manager_.request(group_, std::move(message), std::move(none),
                                           limits::kResolveTimeout));
  if (reply.value > std::numeric_limits<std::uint32_t>::max()) {
    co_return fail(ErrorCode::Unavailable, "the worker answered nonsense");
  }
  known = loaded_.find(deployment);
  if (known == loaded_.end() || known->second.load != load) {
    co_return fail(ErrorCode::Unavailable,
                   "the deployment was replaced while the call was on its way");
  }
  auto number = static_cast<std::uint32_t>(reply.value);
  known->second.functions[function] = number;
  co_return number;
}

aio::Task<Result<engine::CallOutcome>> WorkerBackend::call(CallOrder order) {
  if (order.arguments.size() > limits::kDataPayloadBytesMax) {
    co_return fail(
        ErrorCode::LimitExceeded,
        "the arguments are longer than " + std::to_string(limits::kDataPayloadBytesMax) + " bytes");
  }
  ARCELLA_CO_TRY(std::uint32_t function, co_await number_of(order.deployment, order.function));
  if (!port_) co_return fail(ErrorCode::Unavailable, "worker " + group_.str() + " is not up");
  auto control = co_await boost::asio::this_coro::executor;
  auto pending = std::make_shared<PendingCall>(control);
  std::span<const std::byte> arguments = std::as_bytes(std::span(order.arguments));
  // Given up here, before the port would.
  const std::chrono::milliseconds patience = order.timeout + limits::kCallReplyGrace;
  pending->begun(port_->call(header_of(order, function), order.caller.get(), arguments,
                             patience * 2, pending->done()));
  ARCELLA_CO_TRY(auto outcome,
                 co_await pending->wait(patience, "the worker did not answer in time"));
  co_return checked(std::move(outcome));
}

aio::Task<Result<std::string>> WorkerBackend::statistics(model::DeploymentId deployment) {
  ipc::ToWorker message = ipc::QueryStatistics{0, std::move(deployment)};
  std::vector<UniqueFd> none;
  ARCELLA_CO_TRY(ipc::Reply reply,
                 co_await manager_.request(group_, std::move(message), std::move(none),
                                           limits::kResolveTimeout));
  co_return std::move(reply.text);
}

PlaceStatus WorkerBackend::status() const {
  PlaceStatus result;
  auto known = manager_.status(group_);
  if (!known) return result;
  result.state = known->state;
  result.traits = known->traits;
  result.pid = known->pid;
  result.restarts = known->restarts;
  result.last_error = known->last_error;
  return result;
}

}  // namespace arcella::runtime
