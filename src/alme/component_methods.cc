// SPDX-License-Identifier: Apache-2.0 OR MIT
#include <utility>

#include "alme/method_table.h"
#include "alme_proto/methods.h"
#include "alme_proto/views_json.h"
#include "runtime/arcella_runtime.h"

namespace arcella::alme {
namespace {

using runtime::ArcellaRuntime;
using wire::JsonObject;

aio::Task<Result<Answer>> install(ArcellaRuntime& runtime, Invocation invocation) {
  ARCELLA_CO_TRY(auto params, alme_proto::InstallParams::from_json(invocation.params));
  runtime::InstallRequest request;
  request.path = std::move(params.path);
  request.id = std::move(params.id);
  request.progress = runtime.progress(std::move(invocation.progress));
  ARCELLA_CO_TRY(auto installed, co_await runtime.install(std::move(request)));
  Answer answer;
  answer.result = alme_proto::to_json(installed);
  co_return answer;
}

aio::Task<Result<Answer>> remove(ArcellaRuntime& runtime, Invocation invocation) {
  ARCELLA_CO_TRY(auto params, alme_proto::IdParams::from_json(invocation.params));
  std::string id = params.id;
  ARCELLA_CO_TRY(auto without_previous, co_await runtime.remove(std::move(id)));
  JsonObject result;
  result["id"] = params.id;
  wire::JsonArray dropped;
  for (const std::string& deployment : without_previous) dropped.emplace_back(deployment);
  result["dropped_generations_of"] = std::move(dropped);
  Answer answer;
  answer.result = std::move(result);
  co_return answer;
}

// An id with a version is a component's; any other name is a deployment's, or else that of a
// component with one version.
aio::Task<Result<Answer>> describe(ArcellaRuntime& runtime, Invocation invocation) {
  ARCELLA_CO_TRY(auto params, alme_proto::IdParams::from_json(invocation.params));
  Answer answer;
  if (params.id.find('@') == std::string::npos) {
    std::string id = params.id;
    auto deployment = co_await runtime.describe_deployment(std::move(id));
    if (deployment.has_value()) {
      answer.result = alme_proto::to_json(*deployment);
      co_return answer;
    }
    if (deployment.error().code() != ErrorCode::NotFound) {
      co_return fail(std::move(deployment).error());
    }
    auto component = runtime.describe_component(params.id);
    if (!component.has_value()) {
      if (component.error().code() != ErrorCode::NotFound) {
        co_return fail(std::move(component).error());
      }
      co_return fail(std::move(deployment).error());
    }
    answer.result = alme_proto::to_json(*component);
    co_return answer;
  }
  ARCELLA_CO_TRY(auto component, runtime.describe_component(params.id));
  answer.result = alme_proto::to_json(component);
  co_return answer;
}

Result<Answer> wit(const ArcellaRuntime& runtime, const Invocation& invocation) {
  ARCELLA_TRY(auto params, alme_proto::IdParams::from_json(invocation.params));
  ARCELLA_TRY(auto text, runtime.wit(params.id));
  JsonObject result;
  result["wit"] = text;
  Answer answer;
  answer.result = std::move(result);
  return answer;
}

}  // namespace

void add_component_methods(MethodTable& table, ArcellaRuntime& runtime) {
  table.add(
      "install", [&runtime](Invocation i) { return install(runtime, std::move(i)); },
      OnCancel::AbortIfAsked);
  table.add("remove", [&runtime](Invocation i) { return remove(runtime, std::move(i)); });
  table.add("describe", [&runtime](Invocation i) { return describe(runtime, std::move(i)); });
  table.add_immediate("wit", [&runtime](const Invocation& i) { return wit(runtime, i); });
}

}  // namespace arcella::alme
