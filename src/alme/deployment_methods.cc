// SPDX-License-Identifier: Apache-2.0 OR MIT
#include <utility>

#include "alme/method_table.h"
#include "alme_proto/binding_json.h"
#include "alme_proto/change_params.h"
#include "alme_proto/methods.h"
#include "alme_proto/views_json.h"
#include "runtime/arcella_runtime.h"

namespace arcella::alme {
namespace {

using runtime::ArcellaRuntime;
using wire::JsonObject;

constexpr std::size_t kStdioFds = 3;

aio::Task<Result<Answer>> deploy(ArcellaRuntime& runtime, Invocation invocation) {
  ARCELLA_CO_TRY(auto params, alme_proto::DeployParams::from_json(invocation.params));
  if (params.dry_run) {
    alme_proto::DeployPlan plan;
    ARCELLA_CO_TRY(plan.changes, co_await runtime.plan_deploy(std::move(params.paths)));
    Answer planned;
    planned.result = plan.to_json();
    co_return planned;
  }
  ARCELLA_CO_TRY(auto deployed, co_await runtime.deploy(std::move(params.paths)));
  Answer answer;
  answer.result = alme_proto::deployed_to_json(deployed.deployments, deployed.notes);
  co_return answer;
}

runtime::Selection selection_of(alme_proto::StartParams params) {
  return {std::move(params.deployments), std::move(params.group).value_or("")};
}

aio::Task<Result<Answer>> start(ArcellaRuntime& runtime, Invocation invocation) {
  ARCELLA_CO_TRY(auto params, alme_proto::StartParams::from_json(invocation.params));
  Answer answer;
  if (!params.deployment) {
    ARCELLA_CO_TRY(auto views, co_await runtime.start_several(selection_of(std::move(params))));
    answer.result = alme_proto::to_json(views);
  } else {
    auto progress = runtime.progress(std::move(invocation.progress));
    ARCELLA_CO_TRY(auto view,
                   co_await runtime.start(std::move(*params.deployment), std::move(progress)));
    answer.result = alme_proto::to_json(view);
  }
  co_return answer;
}

aio::Task<Result<Answer>> stop(ArcellaRuntime& runtime, Invocation invocation) {
  ARCELLA_CO_TRY(auto params, alme_proto::StartParams::from_json(invocation.params));
  Answer answer;
  if (!params.deployment) {
    ARCELLA_CO_TRY(auto views, co_await runtime.stop_several(selection_of(std::move(params))));
    answer.result = alme_proto::to_json(views);
  } else {
    ARCELLA_CO_TRY(auto view, co_await runtime.stop_deployment(std::move(*params.deployment)));
    answer.result = alme_proto::to_json(view);
  }
  co_return answer;
}

aio::Task<Result<Answer>> scale(ArcellaRuntime& runtime, Invocation invocation) {
  ARCELLA_CO_TRY(auto params, alme_proto::ScaleParams::from_json(invocation.params));
  auto progress = runtime.progress(std::move(invocation.progress));
  ARCELLA_CO_TRY(auto view, co_await runtime.scale(std::move(params.deployment), params.replicas,
                                                   std::move(progress)));
  Answer answer;
  answer.result = alme_proto::to_json(view);
  co_return answer;
}

aio::Task<Result<Answer>> undeploy(ArcellaRuntime& runtime, Invocation invocation) {
  ARCELLA_CO_TRY(auto params, alme_proto::UndeployParams::from_json(invocation.params));
  std::string id = params.deployment;
  ARCELLA_CO_TRY_VOID(co_await runtime.undeploy(std::move(id), params.force));
  JsonObject result;
  result["id"] = params.deployment;
  Answer answer;
  answer.result = std::move(result);
  co_return answer;
}

Result<Answer> diag(const ArcellaRuntime& runtime, const Invocation& invocation) {
  ARCELLA_TRY(auto params, alme_proto::DeploymentParams::from_json(invocation.params));
  alme_proto::DiagResult result{std::move(params.deployment), {}};
  ARCELLA_TRY(result.imports, runtime.diag(result.deployment));
  Answer answer;
  answer.result = result.to_json();
  return answer;
}

Answer graph(const ArcellaRuntime& runtime) {
  Answer answer;
  answer.result = alme_proto::to_json(runtime.graph());
  return answer;
}

aio::Task<Result<Answer>> call(ArcellaRuntime& runtime, Invocation invocation) {
  ARCELLA_CO_TRY(auto params, alme_proto::CallParams::from_json(invocation.params));
  runtime::CallRequest request;
  request.deployment = std::move(params.deployment);
  request.index = params.instance;
  request.function = std::move(params.function);
  request.arguments = std::move(params.arguments);
  request.timeout = params.timeout;
  ARCELLA_CO_TRY(auto text, co_await runtime.call(std::move(request)));
  JsonObject result;
  result["result"] = text;
  Answer answer;
  answer.result = std::move(result);
  co_return answer;
}

aio::Task<Result<Answer>> run(ArcellaRuntime& runtime, Invocation invocation) {
  ARCELLA_CO_TRY(auto params, alme_proto::RunParams::from_json(invocation.params));
  if (params.stdio && invocation.fds.size() != kStdioFds) {
    co_return fail(
        ErrorCode::InvalidParams,
        "params.stdio: expected three descriptors beside the line (stdin, stdout, stderr), "
        "found " +
            std::to_string(invocation.fds.size()));
  }
  runtime::RunRequest request;
  request.target = std::move(params.target);
  request.mounts = std::move(params.mounts);
  request.env = std::move(params.env);
  request.args = std::move(params.args);
  request.timeout = params.timeout;
  if (params.stdio) request.stdio = std::move(invocation.fds);
  ARCELLA_CO_TRY(auto outcome, co_await runtime.run(std::move(request)));
  alme_proto::RunResult result;
  result.exit_status = outcome.exit_status;
  result.failure = std::move(outcome.failure);
  result.backtrace = std::move(outcome.backtrace);
  if (!params.stdio) {
    result.stdout_text = std::move(outcome.stdout_text);
    result.stderr_text = std::move(outcome.stderr_text);
  }
  Answer answer;
  answer.result = result.to_json();
  co_return answer;
}

// The tail, then, if asked, each new line as a notification.
aio::Task<Result<Answer>> logs(ArcellaRuntime& runtime, Invocation invocation) {
  ARCELLA_CO_TRY(auto params, alme_proto::LogsParams::from_json(invocation.params));
  runtime::LogQuery query;
  query.deployment = std::move(params.deployment);
  query.index = params.instance;
  query.lines = params.lines;
  query.since_ms = params.since_ms;
  if (params.follow) {
    query.follower = [notify = std::move(invocation.notify)](const model::LogLine& line) {
      wire::Json json = alme_proto::to_json(line);
      notify(alme_proto::kLogNotification, std::move(json.get_object()));
    };
  }
  ARCELLA_CO_TRY(auto found, co_await runtime.logs(std::move(query)));
  Answer answer;
  answer.result = alme_proto::to_json(found.tail);
  answer.subscription = std::move(found.following);
  co_return answer;
}

}  // namespace

void add_deployment_methods(MethodTable& table, ArcellaRuntime& runtime) {
  table.add("deploy", [&runtime](Invocation i) { return deploy(runtime, std::move(i)); });
  table.add("undeploy", [&runtime](Invocation i) { return undeploy(runtime, std::move(i)); });
  table.add("start", [&runtime](Invocation i) { return start(runtime, std::move(i)); });
  table.add("stop", [&runtime](Invocation i) { return stop(runtime, std::move(i)); });
  table.add("scale", [&runtime](Invocation i) { return scale(runtime, std::move(i)); });
  table.add_immediate("diag", [&runtime](const Invocation& i) { return diag(runtime, i); });
  table.add_immediate("graph", [&runtime](const Invocation&) { return graph(runtime); });
  table.add(
      "call", [&runtime](Invocation i) { return call(runtime, std::move(i)); }, OnCancel::Abort);
  table.add(
      "run", [&runtime](Invocation i) { return run(runtime, std::move(i)); }, OnCancel::Abort);
  table.add("logs", [&runtime](Invocation i) { return logs(runtime, std::move(i)); });
}

}  // namespace arcella::alme
