// SPDX-License-Identifier: Apache-2.0 OR MIT
#include <utility>

#include "alme/method_table.h"
#include "alme_proto/config_json.h"
#include "runtime/arcella_runtime.h"

namespace arcella::alme {
namespace {

aio::Task<Result<Answer>> config(const runtime::ArcellaRuntime& runtime) {
  Answer answer;
  answer.result = alme_proto::to_json(runtime.config());
  co_return answer;
}

aio::Task<Result<Answer>> reload(Reload carry_out) {
  ARCELLA_CO_TRY(auto outcome, co_await carry_out());
  Answer answer;
  answer.result = alme_proto::to_json(outcome);
  co_return answer;
}

}  // namespace

void add_config_methods(MethodTable& table, runtime::ArcellaRuntime& runtime, Reload carry_out) {
  table.add("config", [&runtime](const Invocation&) { return config(runtime); });
  table.add("reload",
            [carry_out = std::move(carry_out)](const Invocation&) { return reload(carry_out); });
}

}  // namespace arcella::alme
