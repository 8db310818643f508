// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/call_operations.h"

#include <algorithm>
#include <utility>

#include "runtime/call_text.h"

namespace arcella::runtime {
namespace {

std::chrono::milliseconds timeout_of(const CallRequest& request, const model::Policy& policy) {
  std::chrono::milliseconds own =
      policy.call_timeout.count() > 0 ? policy.call_timeout : limits::kCallTimeoutMax;
  return request.timeout.count() > 0 ? std::min(request.timeout, own) : own;
}

}  // namespace

aio::Task<Result<std::string>> CallOperations::call(CallRequest request,
                                                    host::CallChainPtr caller) {
  ARCELLA_CO_TRY(CallText text, split_call(request.function, request.arguments));
  ARCELLA_CO_TRY(const DeploymentRecord* record,
                 core_.registry.find_deployment(request.deployment));
  ARCELLA_CO_TRY_VOID(check_callable(*record, request.index));
  CallOrder order(record->deployment.spec.id, record->slot);
  order.index = request.index;
  order.function = std::move(text.function);
  order.arguments = std::move(text.arguments);
  order.timeout = timeout_of(request, record->deployment.policy);
  order.caller = std::move(caller);
  InstanceBackend& place = core_.places.at(record->loaded_in);
  model::DeploymentId id = order.deployment;
  std::string function = order.function;
  std::string context = "calling " + function + " of '" + id.str() + "'";
  auto outcome = co_await place.call(std::move(order));
  if (!outcome.has_value()) {
    Error error = with_nearest(std::move(outcome).error(), id, function);
    co_return fail(std::move(error).with_context(context));
  }
  auto result = result_of(*outcome);
  if (!result.has_value()) co_return fail(std::move(result).error().with_context(context));
  co_return result;
}

Error CallOperations::with_nearest(Error error, const model::DeploymentId& id,
                                   const std::string& function) const {
  const DeploymentRecord* record = core_.registry.find(id);
  if (error.code() != ErrorCode::NotFound || record == nullptr) return error;
  const ComponentRecord* component = core_.registry.find(record->deployment.spec.component);
  if (component == nullptr) return error;
  auto near = nearest_function(function, component->component.exports);
  if (!near) return error;
  // What there is besides is a long list.
  Error said(error.code(), "no function '" + function + "'; did you mean '" + *near + "'?");
  return std::move(said).with_detail(error.message());
}

Result<void> CallOperations::check_callable(const DeploymentRecord& record,
                                            std::optional<int> index) {
  std::string name = "deployment '" + record.deployment.spec.id.str() + "'";
  if (record.kind != model::Kind::Service) {
    bool command = record.kind == model::Kind::Command;
    return fail(ErrorCode::Conflict,
                name + (command ? " is a command: `run` it" : " answers HTTP, not calls"));
  }
  if (record.desired != model::Desired::Running) {
    return fail(ErrorCode::Conflict, name + " is stopped: start it first (`arcella-cli start " +
                                         record.deployment.spec.id.str() + "`)");
  }
  if (index && (*index < 0 || *index >= record.deployment.spec.replicas)) {
    return fail(ErrorCode::NotFound,
                name + " has no replica " + std::to_string(*index) + "; it has " +
                    std::to_string(record.deployment.spec.replicas) + ", counted from 0");
  }
  auto at = static_cast<std::size_t>(index.value_or(0));
  bool ready = index ? at < record.instances.size() &&
                           record.instances[at].state == model::InstanceState::Ready
                     : count_in(record, model::InstanceState::Ready) > 0;
  if (record.loaded && ready) return {};
  std::string why =
      record.failure.empty() ? "try again, or look at `arcella-cli describe`" : record.failure;
  return fail(ErrorCode::Unavailable,
              name + (index ? ": that replica is not ready: " : ": no replica is ready: ") + why);
}

}  // namespace arcella::runtime
