// SPDX-License-Identifier: Apache-2.0 OR MIT
#include <utility>

#include "alme/method_table.h"
#include "alme_proto/events.h"
#include "runtime/arcella_runtime.h"

namespace arcella::alme {
namespace {

using runtime::ArcellaRuntime;

// The tail, then, if asked, each new event as a notification. Nothing is awaited between the two,
// so no event is lost or sent twice.
Result<Answer> events(ArcellaRuntime& runtime, Invocation invocation) {
  ARCELLA_TRY(auto params, alme_proto::EventsParams::from_json(invocation.params));
  runtime::EventQuery query;
  query.deployment = params.deployment;
  query.since_ms = params.since_ms;
  query.count = static_cast<std::size_t>(params.lines);
  ARCELLA_TRY(auto tail, runtime.events(query));
  Answer answer;
  answer.result = alme_proto::to_json(tail);
  if (!params.follow) return answer;
  auto forward = [notify = std::move(invocation.notify)](const model::Event& event) {
    wire::Json json = alme_proto::to_json(event);
    notify(alme_proto::kEventNotification, std::move(json.get_object()));
  };
  answer.subscription = runtime.follow_events(std::move(params.deployment), std::move(forward));
  return answer;
}

}  // namespace

void add_event_methods(MethodTable& table, ArcellaRuntime& runtime) {
  table.add_immediate("events", [&runtime](Invocation i) { return events(runtime, std::move(i)); });
}

}  // namespace arcella::alme
