// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/worker_backend.h"

#include <algorithm>
#include <limits>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "aio/event.h"
#include "aio/timeout.h"
#include "base/limits.h"
#include "ipc/data_channel.h"
#include "wire/utf8.h"

namespace arcella::runtime {
namespace {

std::string_view text_of(std::span<const std::byte> bytes) {
  // Bytes of a payload read as characters.
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Shared by the call's handler and the coroutine that waits for it, which may be cancelled first.
struct PendingCall {
  explicit PendingCall(const boost::asio::any_io_executor& executor) : done(executor) {}
  aio::Event done;
  std::optional<Result<supervisor::CallReply>> reply;
};

ipc::DataHeader header_of(const CallOrder& order, std::uint32_t function) {
  ipc::DataHeader header;
  header.kind = ipc::DataKind::Call;
  header.encoding_or_outcome = static_cast<std::uint8_t>(engine::Encoding::Wave);
  header.length = static_cast<std::uint32_t>(order.arguments.size());
  header.slot = order.slot;
  header.index = order.index.value_or(-1);
  header.function = function;
  header.timeout_ms = static_cast<std::uint32_t>(order.timeout.count());
  return header;
}

}  // namespace

Result<engine::CallOutcome> outcome_of(const supervisor::CallReply& reply) {
  auto kind = static_cast<ipc::DataOutcome>(reply.header.encoding_or_outcome);
  if (kind > ipc::DataOutcome::Unavailable)
    return fail(ErrorCode::Unavailable, "the worker answered nonsense");
  engine::CallOutcome outcome;
  if (kind == ipc::DataOutcome::Returned || kind == ipc::DataOutcome::Exited) {
    outcome.outcome = static_cast<engine::Outcome>(kind);
    outcome.exit_status = reply.header.index;
    std::string text = wire::to_utf8(text_of(reply.payload));
    auto bytes = std::as_bytes(std::span(text));
    outcome.payload.assign(bytes.begin(), bytes.end());
    return outcome;
  }
  ipc::FailureText failure = ipc::failure_text(reply.payload);
  outcome.message = std::move(failure.message);
  if (kind == ipc::DataOutcome::Unavailable) return fail(ErrorCode::Unavailable, outcome.message);
  outcome.outcome = static_cast<engine::Outcome>(kind);
  outcome.backtrace = std::move(failure.backtrace);
  return outcome;
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
  loaded_[order.spec.deployment] = Loaded{++loads_, {}};
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
  ipc::ToWorker message = ipc::BindImport{0,
                                          std::move(binding.consumer),
                                          std::move(binding.import),
                                          std::move(binding.provider),
                                          std::move(binding.exported),
                                          std::move(binding.why_not)};
  co_return co_await ask(std::move(message));
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
  auto executor = co_await boost::asio::this_coro::executor;
  auto pending = std::make_shared<PendingCall>(executor);
  auto on_reply = [pending](Result<supervisor::CallReply> reply) {
    pending->reply = std::move(reply);
    pending->done.set();
  };
  std::span<const std::byte> payload = std::as_bytes(std::span(order.arguments));
  std::uint64_t number =
      manager_.call(group_, header_of(order, function), payload, std::move(on_reply));
  auto waited =
      co_await aio::with_timeout(order.timeout + limits::kCallReplyGrace, pending->done.wait());
  if (!pending->reply) {
    manager_.cancel_call(group_, number);
    if (waited.error().code() != ErrorCode::DeadlineExceeded) co_return fail(waited.error());
    co_return fail(ErrorCode::DeadlineExceeded, "the worker did not answer in time");
  }
  Result<supervisor::CallReply> reply = std::move(*pending->reply);
  if (!reply.has_value()) co_return fail(std::move(reply).error());
  co_return outcome_of(*reply);
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

void WorkerBackend::on_down() {
  loaded_.clear();
}

}  // namespace arcella::runtime
