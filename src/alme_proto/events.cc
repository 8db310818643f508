// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "alme_proto/events.h"

#include <limits>
#include <utility>

#include "base/limits.h"
#include "base/text.h"

namespace arcella::alme_proto {
namespace {

using wire::FieldReader;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

constexpr std::int64_t kInt64Max = std::numeric_limits<std::int64_t>::max();

Result<model::Event> event_from(const FieldReader& reader) {
  model::Event event;
  ARCELLA_TRY(event.time_ms, reader.integer("time_ms", 0, kInt64Max));
  ARCELLA_TRY(auto kind, reader.string("kind"));
  auto known = model::event_kind_from(kind);
  if (!known) {
    return fail(ErrorCode::InvalidParams,
                reader.path() + ".kind: there is no event '" + inert(kind) + "'");
  }
  event.kind = *known;
  ARCELLA_TRY(event.subject, reader.string("subject"));
  ARCELLA_TRY(auto message, reader.optional_string("message"));
  event.message = std::move(message).value_or("");
  return event;
}

}  // namespace

Result<EventsParams> EventsParams::from_json(const Json& params) {
  ARCELLA_TRY(auto reader, FieldReader::of(params, "params"));
  EventsParams result;
  ARCELLA_TRY(result.deployment, reader.optional_string("deployment"));
  ARCELLA_TRY(auto lines, reader.optional_integer("lines", 0, limits::kEventsKept));
  if (lines) result.lines = static_cast<int>(*lines);
  ARCELLA_TRY(result.since_ms, reader.optional_integer("since_ms", 0, kInt64Max));
  ARCELLA_TRY(result.follow, reader.boolean_or("follow", false));
  return result;
}
Json EventsParams::to_json() const {
  JsonObject object;
  if (deployment) object["deployment"] = *deployment;
  object["lines"] = lines;
  if (since_ms) object["since_ms"] = *since_ms;
  if (follow) object["follow"] = true;
  return object;
}

Json to_json(const model::Event& event) {
  JsonObject object;
  object["time_ms"] = event.time_ms;
  object["kind"] = model::to_string(event.kind);
  object["subject"] = event.subject;
  object["message"] = event.message.empty() ? Json(nullptr) : Json(event.message);
  return object;
}

Json to_json(const model::EventTail& tail) {
  JsonArray events;
  events.reserve(tail.events.size());
  for (const model::Event& event : tail.events) events.push_back(to_json(event));
  JsonObject object;
  object["events"] = std::move(events);
  object["dropped"] = tail.dropped;
  return object;
}

Result<model::Event> event_from_json(const Json& value) {
  ARCELLA_TRY(auto reader, FieldReader::of(value, "event"));
  return event_from(reader);
}

Result<model::EventTail> event_tail_from_json(const Json& value) {
  ARCELLA_TRY(auto reader, FieldReader::of(value, "result"));
  model::EventTail tail;
  ARCELLA_TRY(auto events, reader.objects("events"));
  for (const FieldReader& entry : events) {
    ARCELLA_TRY(auto event, event_from(entry));
    tail.events.push_back(std::move(event));
  }
  ARCELLA_TRY(auto dropped, reader.integer("dropped", 0, kInt64Max));
  tail.dropped = static_cast<std::uint64_t>(dropped);
  return tail;
}

}  // namespace arcella::alme_proto
