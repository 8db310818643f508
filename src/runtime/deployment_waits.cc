// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/deployment_waits.h"

#include <optional>
#include <string>
#include <utility>

#include "runtime/import_bindings.h"

namespace arcella::runtime {
namespace {

using model::InstanceState;

// What a start may take: the worker, then the replicas' own startup.
std::chrono::milliseconds start_timeout(const DeploymentRecord& record) {
  return limits::kWorkerReadyTimeout + record.deployment.policy.startup_timeout;
}

// Its own deadline, the grace after which its worker is replaced, and that replacement.
constexpr std::chrono::milliseconds kStopTimeout =
    2 * limits::kWorkerStopTimeout + 2 * limits::kStopGrace;

std::string progress_of(const DeploymentRecord& record) {
  return std::to_string(count_in(record, InstanceState::Ready)) + " of " +
         std::to_string(record.deployment.spec.replicas) + " replicas are ready";
}

// What is looked for after each change; nullopt goes on waiting.
using Found = std::optional<Result<void>>;
// What is said when the time is over.
using TooLate = std::string (*)(const DeploymentRecord& record);

// False: the time is over. Cancelled: the daemon stops.
aio::Task<Result<bool>> changed_before(RuntimeCore& core, MonotonicTime deadline) {
  auto left = deadline - core.clock.monotonic_now();
  if (left <= left.zero()) co_return false;
  auto changed = co_await core.reconciler.changed().wait_for(left);
  if (!changed.has_value() && changed.error().code() == ErrorCode::Cancelled)
    co_return fail(std::move(changed).error());
  co_return true;
}

// `look`: from a record to what is Found.
template <class Look>
aio::Task<Result<void>> wait_until(RuntimeCore& core, model::DeploymentId id,
                                   std::chrono::milliseconds limit, Look look, TooLate too_late) {
  const MonotonicTime deadline = core.clock.monotonic_now() + limit;
  while (true) {
    const DeploymentRecord* record = core.registry.find(id);
    if (record == nullptr) co_return fail(deployment_is_gone(id));
    if (auto found = look(*record)) co_return *std::move(found);
    std::string late = too_late(*record);
    ARCELLA_CO_TRY(const bool in_time, co_await changed_before(core, deadline));
    if (!in_time) co_return fail(ErrorCode::DeadlineExceeded, std::move(late));
  }
}

std::string name_of(const DeploymentRecord& record) {
  return "deployment '" + record.deployment.spec.id.str() + "'";
}

Found is_started(const DeploymentRecord& record) {
  if (record.start_error) return Result<void>(fail(*record.start_error));
  if (!record.starting_by_hand) return Result<void>();
  return std::nullopt;
}

Found is_all_ready(const DeploymentRecord& record) {
  auto replicas = static_cast<std::size_t>(record.deployment.spec.replicas);
  if (is_current(record) && all_up(record) && record.instances.size() <= replicas)
    return Result<void>();
  if (record.failure.empty()) return std::nullopt;
  return Result<void>(fail(ErrorCode::GuestTrapped, name_of(record) + ": " + record.failure));
}

Found is_gone(const DeploymentRecord& record) {
  if (occupies_a_process(record)) return std::nullopt;
  return Result<void>();
}

Found is_replaced(const DeploymentRecord& record) {
  if (record.start_error) return Result<void>(fail(*record.start_error));
  if (is_current(record)) return Result<void>();
  return std::nullopt;
}

std::string still_stopping(const DeploymentRecord& record) {
  return name_of(record) + " is still stopping";
}

}  // namespace

aio::Task<Result<void>> wait_for_providers(RuntimeCore& core, model::Deployment deployment,
                                           Together together) {
  const MonotonicTime deadline = core.clock.monotonic_now() + deployment.spec.provider_wait;
  while (true) {
    auto resolved = check_imports(core.registry, deployment, together);
    if (resolved.has_value()) co_return resolved;
    ARCELLA_CO_TRY(const bool in_time, co_await changed_before(core, deadline));
    if (!in_time) co_return resolved;
    if (core.registry.find(deployment.spec.id) == nullptr)
      co_return fail(deployment_is_gone(deployment.spec.id));
  }
}

aio::Task<Result<void>> wait_bound(RuntimeCore& core, model::DeploymentId id) {
  auto look = [&core](const DeploymentRecord& record) -> Found {
    const std::vector<ToldImport> wanted = wanted_imports_of(core.registry, record.deployment);
    if (!record.loaded || untold(record, wanted).empty()) return Result<void>();
    return std::nullopt;
  };
  TooLate too_late = [](const DeploymentRecord& record) {
    return name_of(record) + " was not wired in time";
  };
  co_return co_await wait_until(core, std::move(id), limits::kWorkerReadyTimeout, look, too_late);
}

aio::Task<Result<void>> wait_started(RuntimeCore& core, model::DeploymentId id) {
  const DeploymentRecord* record = core.registry.find(id);
  if (record == nullptr) co_return fail(deployment_is_gone(id));
  TooLate too_late = [](const DeploymentRecord& there) { return progress_of(there) + " in time"; };
  co_return co_await wait_until(core, std::move(id), start_timeout(*record), is_started, too_late);
}

aio::Task<Result<void>> wait_all_ready(RuntimeCore& core, model::DeploymentId id) {
  const DeploymentRecord* record = core.registry.find(id);
  if (record == nullptr) co_return fail(deployment_is_gone(id));
  TooLate too_late = [](const DeploymentRecord& there) {
    return name_of(there) + ": only " + progress_of(there) + " in time";
  };
  co_return co_await wait_until(core, std::move(id), start_timeout(*record), is_all_ready,
                                too_late);
}

aio::Task<Result<void>> wait_gone(RuntimeCore& core, model::DeploymentId id) {
  if (core.registry.find(id) == nullptr) co_return Result<void>();
  co_return co_await wait_until(core, std::move(id), kStopTimeout, is_gone, still_stopping);
}

aio::Task<Result<void>> wait_replaced(RuntimeCore& core, model::DeploymentId id) {
  const DeploymentRecord* record = core.registry.find(id);
  if (record == nullptr) co_return fail(deployment_is_gone(id));
  std::chrono::milliseconds limit = kStopTimeout + start_timeout(*record);
  co_return co_await wait_until(core, std::move(id), limit, is_replaced, still_stopping);
}

Error deployment_is_gone(const model::DeploymentId& id) {
  return {ErrorCode::NotFound, "deployment '" + id.str() + "' is gone"};
}

bool all_up(const DeploymentRecord& record) {
  return count_up(record) >= record.deployment.spec.replicas;
}

}  // namespace arcella::runtime
