// SPDX-License-Identifier: Apache-2.0 OR MIT
#include <utility>

#include "alme/method_table.h"
#include "alme_proto/methods.h"
#include "alme_proto/views_json.h"
#include "base/version.h"
#include "runtime/arcella_runtime.h"

namespace arcella::alme {
namespace {

using runtime::ArcellaRuntime;
using wire::JsonObject;

Answer ping() {
  JsonObject result;
  result["pong"] = true;
  result["version"] = version();
  Answer answer;
  answer.result = std::move(result);
  return answer;
}

Result<Answer> list(const ArcellaRuntime& runtime, const Invocation& invocation) {
  ARCELLA_TRY(auto params, alme_proto::ListParams::from_json(invocation.params));
  const model::ListSelection what = alme_proto::effective(params.what);
  Answer answer;
  answer.result = alme_proto::to_json(runtime.list(what), what);
  return answer;
}

Answer status(const ArcellaRuntime& runtime) {
  Answer answer;
  answer.result = alme_proto::to_json(runtime.status());
  return answer;
}

Answer shutdown(std::function<void()> shut_down) {
  Answer answer;
  answer.result = JsonObject();
  answer.after_reply = std::move(shut_down);
  return answer;
}

}  // namespace

void add_platform_methods(MethodTable& table, ArcellaRuntime& runtime,
                          std::function<void()> shut_down) {
  table.add_immediate("ping", [](const Invocation&) { return ping(); });
  table.add_immediate("list", [&runtime](const Invocation& i) { return list(runtime, i); });
  table.add_immediate("status", [&runtime](const Invocation&) { return status(runtime); });
  table.add_immediate("shutdown", [shut_down = std::move(shut_down)](const Invocation&) {
    return shutdown(shut_down);
  });
}

}  // namespace arcella::alme
