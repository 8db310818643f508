// SPDX-License-Identifier: Apache-2.0 OR MIT
#include <utility>

#include "alme/method_table.h"
#include "alme_proto/change_params.h"
#include "alme_proto/methods.h"
#include "alme_proto/views_json.h"
#include "runtime/arcella_runtime.h"

namespace arcella::alme {
namespace {

using runtime::ArcellaRuntime;

aio::Task<Result<Answer>> update(ArcellaRuntime& runtime, Invocation invocation) {
  ARCELLA_CO_TRY(auto params, alme_proto::UpdateParams::from_json(invocation.params));
  runtime::UpdateRequest request;
  request.target = std::move(params.target);
  request.path = std::move(params.path);
  request.to = std::move(params.to);
  request.force = params.force;
  request.progress = runtime.progress(std::move(invocation.progress));
  ARCELLA_CO_TRY(auto outcome, co_await runtime.update(std::move(request)));
  alme_proto::UpdateResult result;
  result.component = std::move(outcome.component);
  result.deployments = std::move(outcome.deployments);
  Answer answer;
  answer.result = result.to_json();
  co_return answer;
}

aio::Task<Result<Answer>> rollback(ArcellaRuntime& runtime, Invocation invocation) {
  ARCELLA_CO_TRY(auto params, alme_proto::DeploymentParams::from_json(invocation.params));
  auto progress = runtime.progress(std::move(invocation.progress));
  ARCELLA_CO_TRY(auto view,
                 co_await runtime.rollback(std::move(params.deployment), std::move(progress)));
  Answer answer;
  answer.result = alme_proto::to_json(view);
  co_return answer;
}

}  // namespace

void add_update_methods(MethodTable& table, ArcellaRuntime& runtime) {
  table.add(
      "update", [&runtime](Invocation i) { return update(runtime, std::move(i)); },
      OnCancel::AbortIfAsked);
  table.add(
      "rollback", [&runtime](Invocation i) { return rollback(runtime, std::move(i)); },
      OnCancel::AbortIfAsked);
}

}  // namespace arcella::alme
