// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "ipc/control_message.h"

#include <array>
#include <limits>
#include <utility>

#include "base/limits.h"
#include "ipc/error_codec.h"
#include "ipc/run_spec_codec.h"
#include "ipc/untrusted_text.h"
#include "wire/json.h"

namespace arcella::ipc {
namespace {

using wire::FieldReader;
using wire::JsonObject;

constexpr std::int64_t kInt64Max = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kUint32Max = std::numeric_limits<std::uint32_t>::max();

struct EventName {
  model::InstanceEvent event;
  std::string_view name;
};
// What a worker may report; StopAsked is the daemon's.
constexpr std::array<EventName, 4> kEventNames{{
    {model::InstanceEvent::Started, "started"},
    {model::InstanceEvent::Ended, "ended"},
    {model::InstanceEvent::EndedWell, "ended-well"},
    {model::InstanceEvent::Crashed, "crashed"},
}};

std::string_view name_of(model::InstanceEvent event) {
  for (const auto& entry : kEventNames) {
    if (entry.event == event) return entry.name;
  }
  return "";
}

template <class T>
Result<T> as_protocol_error(Result<T> result) {
  if (result.has_value()) return result;
  return fail(ErrorCode::InvalidRequest, "control channel: " + result.error().message());
}

// --- writing ---

JsonObject request_object(std::string_view type, std::uint64_t request,
                          const model::DeploymentId& deployment) {
  return {{"type", type}, {"request", request}, {"deployment", deployment.str()}};
}

JsonObject object_of(const LoadDeployment& message) {
  return {{"type", "load"},
          {"request", message.request},
          {"slot", message.slot},
          {"spec", to_json(message.spec)}};
}
JsonObject object_of(const UnloadDeployment& message) {
  return request_object("unload", message.request, message.deployment);
}
JsonObject object_of(const StartInstances& message) {
  JsonObject object = request_object("start", message.request, message.deployment);
  object["first"] = message.first;
  object["count"] = message.count;
  return object;
}
JsonObject object_of(const StopInstances& message) {
  JsonObject object = request_object("stop", message.request, message.deployment);
  object["first"] = message.first;
  object["count"] = message.count;
  object["deadline_ms"] = message.deadline_ms;
  return object;
}
JsonObject object_of(const ResolveFunction& message) {
  JsonObject object = request_object("resolve", message.request, message.deployment);
  object["function"] = message.function;
  return object;
}
JsonObject object_of(const QueryStatistics& message) {
  return request_object("statistics", message.request, message.deployment);
}
JsonObject object_of(const BindImport& message) {
  JsonObject object = request_object("bind", message.request, message.deployment);
  object["import"] = message.import;
  if (message.provider) object["provider"] = message.provider->str();
  if (message.route) object["route"] = to_json(*message.route);
  if (message.provider || message.route) {
    object["exported"] = message.exported;
  } else {
    object["why_not"] = cut(message.why_not, limits::kFailureMessageBytesMax);
  }
  if (message.link != 0) object["link"] = message.link;
  return object;
}
JsonObject object_of(const OpenLink& message) {
  return {{"type", "open-link"},
          {"request", message.request},
          {"link", message.link},
          {"first", message.first}};
}
JsonObject object_of(const LendExport& message) {
  JsonObject object{{"type", "lend"},
                    {"request", message.request},
                    {"link", message.link},
                    {"route", message.route},
                    {"consumer", message.consumer.str()}};
  if (!message.provider) return object;
  object["provider"] = message.provider->str();
  object["exported"] = message.exported;
  object["functions"] = wire::JsonArray(message.functions.begin(), message.functions.end());
  return object;
}
JsonObject object_of(const ForgetConsumer& message) {
  return {{"type", "forget"},
          {"request", message.request},
          {"link", message.link},
          {"consumer", message.consumer.str()}};
}
JsonObject object_of(const Shutdown& message) {
  return {{"type", "shutdown"}, {"deadline_ms", message.deadline_ms}};
}

JsonObject object_of(const Hello& message) {
  return {{"type", "hello"},
          {"protocol", message.protocol},
          {"pid", message.pid},
          {"fingerprint", cut(message.fingerprint, limits::kFingerprintBytesMax)}};
}
JsonObject object_of(const Reply& message) {
  JsonObject object{{"type", "reply"}, {"request", message.request}};
  if (message.error) {
    object["error"] = to_json(*message.error);
  } else if (message.text.size() > limits::kReplyTextBytesMax) {
    object["error"] = to_json(Error(ErrorCode::LimitExceeded, "the answer is too long"));
  } else {
    object["value"] = message.value;
    if (!message.text.empty()) object["text"] = message.text;
  }
  return object;
}
JsonObject object_of(const InstanceReported& message) {
  JsonObject object{
      {"type", "report"}, {"instance", message.instance.str()}, {"event", name_of(message.event)}};
  if (message.exit_status != 0) object["exit_status"] = message.exit_status;
  if (!message.message.empty()) {
    object["message"] = cut(message.message, limits::kFailureMessageBytesMax);
  }
  if (!message.backtrace.empty()) {
    object["backtrace"] = cut(message.backtrace, limits::kFailureBacktraceBytesMax);
  }
  return object;
}
JsonObject object_of(const Output& message) {
  JsonObject object{{"type", "output"},
                    {"instance", message.instance.str()},
                    {"stderr", message.stderr_stream},
                    {"text", cut(message.text, limits::kOutputTextBytesMax)}};
  if (message.dropped != 0) object["dropped"] = message.dropped;
  return object;
}
JsonObject object_of(const LinkLost& message) {
  return {{"type", "link-lost"},
          {"link", message.link},
          {"broken", message.broken},
          {"message", cut(message.message, limits::kFailureMessageBytesMax)}};
}

template <class Message>
std::string text_of(const Message& message) {
  return std::visit([](const auto& kind) { return wire::to_text(object_of(kind)); }, message);
}

// --- reading ---

Result<std::uint64_t> read_number(const FieldReader& fields, std::string_view key,
                                  std::int64_t max = kInt64Max) {
  ARCELLA_TRY(std::int64_t number, fields.integer(key, 0, max));
  return static_cast<std::uint64_t>(number);
}

Result<std::uint64_t> optional_number(const FieldReader& fields, std::string_view key) {
  ARCELLA_TRY(auto number, fields.optional_integer(key, 0, kInt64Max));
  return static_cast<std::uint64_t>(number.value_or(0));
}

Result<model::DeploymentId> read_deployment(const FieldReader& fields,
                                            std::string_view key = "deployment") {
  ARCELLA_TRY(std::string text, fields.string(key));
  return model::DeploymentId::parse(text);
}

Result<std::uint64_t> read_link(const FieldReader& fields) {
  ARCELLA_TRY(std::int64_t number, fields.integer("link", 1, kInt64Max));
  return static_cast<std::uint64_t>(number);
}

Result<model::InstanceId> read_instance(const FieldReader& fields) {
  ARCELLA_TRY(std::string text, fields.string("instance"));
  return model::InstanceId::parse(text);
}

struct Replicas {
  int first;
  int count;
};
Result<Replicas> read_replicas(const FieldReader& fields) {
  ARCELLA_TRY(std::int64_t first, fields.integer("first", 0, limits::kReplicasMax));
  ARCELLA_TRY(std::int64_t count, fields.integer("count", 0, limits::kReplicasMax - first));
  return Replicas{static_cast<int>(first), static_cast<int>(count)};
}

Result<ToWorker> read_load(const FieldReader& fields) {
  ARCELLA_TRY_VOID(fields.only({"type", "request", "slot", "spec"}));
  ARCELLA_TRY(auto request, read_number(fields, "request"));
  ARCELLA_TRY(auto slot, read_number(fields, "slot", kUint32Max));
  ARCELLA_TRY(auto spec_fields, fields.object("spec"));
  ARCELLA_TRY(auto spec, run_spec_from_json(*fields.raw().if_contains("spec")));
  return LoadDeployment{request, static_cast<std::uint32_t>(slot), std::move(spec)};
}

Result<ToWorker> read_start(const FieldReader& fields) {
  ARCELLA_TRY_VOID(fields.only({"type", "request", "deployment", "first", "count"}));
  ARCELLA_TRY(auto request, read_number(fields, "request"));
  ARCELLA_TRY(auto deployment, read_deployment(fields));
  ARCELLA_TRY(auto replicas, read_replicas(fields));
  return StartInstances{request, std::move(deployment), replicas.first, replicas.count};
}

Result<ToWorker> read_stop(const FieldReader& fields) {
  ARCELLA_TRY_VOID(fields.only({"type", "request", "deployment", "first", "count", "deadline_ms"}));
  ARCELLA_TRY(auto request, read_number(fields, "request"));
  ARCELLA_TRY(auto deployment, read_deployment(fields));
  ARCELLA_TRY(auto replicas, read_replicas(fields));
  ARCELLA_TRY(std::int64_t deadline, fields.integer("deadline_ms", 0, kInt64Max));
  return StopInstances{request, std::move(deployment), replicas.first, replicas.count, deadline};
}

Result<ToWorker> read_resolve(const FieldReader& fields) {
  ARCELLA_TRY_VOID(fields.only({"type", "request", "deployment", "function"}));
  ARCELLA_TRY(auto request, read_number(fields, "request"));
  ARCELLA_TRY(auto deployment, read_deployment(fields));
  ARCELLA_TRY(std::string function, fields.string("function"));
  return ResolveFunction{request, std::move(deployment), std::move(function)};
}

template <class Message>
Result<ToWorker> read_plain(const FieldReader& fields) {
  ARCELLA_TRY_VOID(fields.only({"type", "request", "deployment"}));
  ARCELLA_TRY(auto request, read_number(fields, "request"));
  ARCELLA_TRY(auto deployment, read_deployment(fields));
  return Message{request, std::move(deployment)};
}

Result<ToWorker> read_bind(const FieldReader& fields) {
  ARCELLA_TRY_VOID(fields.only({"type", "request", "deployment", "import", "provider", "route",
                                "link", "exported", "why_not"}));
  ARCELLA_TRY(auto request, read_number(fields, "request"));
  ARCELLA_TRY(auto deployment, read_deployment(fields));
  BindImport bind{request, std::move(deployment), {}};
  ARCELLA_TRY(bind.import, fields.string("import"));
  if (fields.has("route")) {
    ARCELLA_TRY(FieldReader route, fields.object("route"));
    ARCELLA_TRY(bind.route, import_route_from(route));
    if (fields.has("link")) {
      ARCELLA_TRY(bind.link, read_link(fields));
    }
  } else if (fields.has("provider")) {
    ARCELLA_TRY(bind.provider, read_deployment(fields, "provider"));
  } else {
    ARCELLA_TRY(bind.why_not, fields.string("why_not"));
    return bind;
  }
  ARCELLA_TRY(bind.exported, fields.string("exported"));
  return bind;
}

Result<ToWorker> read_open_link(const FieldReader& fields) {
  ARCELLA_TRY_VOID(fields.only({"type", "request", "link", "first"}));
  ARCELLA_TRY(auto request, read_number(fields, "request"));
  ARCELLA_TRY(auto link, read_link(fields));
  ARCELLA_TRY(const bool first, fields.boolean("first"));
  return OpenLink{request, link, first};
}

Result<ToWorker> read_lend(const FieldReader& fields) {
  ARCELLA_TRY_VOID(fields.only(
      {"type", "request", "link", "route", "consumer", "provider", "exported", "functions"}));
  ARCELLA_TRY(auto request, read_number(fields, "request"));
  ARCELLA_TRY(auto link, read_link(fields));
  ARCELLA_TRY(auto route, read_number(fields, "route", kUint32Max));
  ARCELLA_TRY(auto consumer, read_deployment(fields, "consumer"));
  LendExport lend{request, link, static_cast<std::uint32_t>(route), std::move(consumer)};
  if (!fields.has("provider")) return lend;
  ARCELLA_TRY(lend.provider, read_deployment(fields, "provider"));
  ARCELLA_TRY(lend.exported, fields.string("exported"));
  ARCELLA_TRY(lend.functions, fields.strings("functions"));
  return lend;
}

Result<ToWorker> read_forget(const FieldReader& fields) {
  ARCELLA_TRY_VOID(fields.only({"type", "request", "link", "consumer"}));
  ARCELLA_TRY(auto request, read_number(fields, "request"));
  ARCELLA_TRY(auto link, read_link(fields));
  ARCELLA_TRY(auto consumer, read_deployment(fields, "consumer"));
  return ForgetConsumer{request, link, std::move(consumer)};
}

Result<ToWorker> read_shutdown(const FieldReader& fields) {
  ARCELLA_TRY_VOID(fields.only({"type", "deadline_ms"}));
  ARCELLA_TRY(std::int64_t deadline, fields.integer("deadline_ms", 0, kInt64Max));
  return Shutdown{deadline};
}

Result<FromWorker> read_hello(const FieldReader& fields) {
  // No only(): a later version's hello must still be readable, to say that the versions differ.
  Hello hello;
  ARCELLA_TRY(std::int64_t protocol,
              fields.integer("protocol", 0, std::numeric_limits<int>::max()));
  hello.protocol = static_cast<int>(protocol);
  ARCELLA_TRY(hello.pid, fields.integer("pid", 0, kInt64Max));
  ARCELLA_TRY(std::string fingerprint, fields.string("fingerprint"));
  hello.fingerprint = harmless_line(fingerprint, limits::kFingerprintBytesMax);
  return hello;
}

Result<FromWorker> read_reply(const FieldReader& fields) {
  ARCELLA_TRY_VOID(fields.only({"type", "request", "error", "value", "text"}));
  Reply reply;
  ARCELLA_TRY(reply.request, read_number(fields, "request"));
  if (fields.has("error")) {
    ARCELLA_TRY(auto error_fields, fields.object("error"));
    ARCELLA_TRY(reply.error, error_from_json(error_fields));
  }
  ARCELLA_TRY(reply.value, optional_number(fields, "value"));
  ARCELLA_TRY(auto text, fields.optional_string("text"));
  reply.text = std::move(text).value_or("");
  if (reply.text.size() > limits::kReplyTextBytesMax) {
    return fail(ErrorCode::InvalidRequest, "text: too long");
  }
  return reply;
}

Result<FromWorker> read_report(const FieldReader& fields) {
  ARCELLA_TRY_VOID(
      fields.only({"type", "instance", "event", "exit_status", "message", "backtrace"}));
  ARCELLA_TRY(auto instance, read_instance(fields));
  InstanceReported report{std::move(instance), model::InstanceEvent::Started, 0, {}, {}};
  ARCELLA_TRY(std::string name, fields.string("event"));
  const EventName* known = nullptr;
  for (const auto& entry : kEventNames) {
    if (entry.name == name) known = &entry;
  }
  if (known == nullptr) return fail(ErrorCode::InvalidRequest, "event: unknown");
  report.event = known->event;
  ARCELLA_TRY(auto status, fields.optional_integer("exit_status", std::numeric_limits<int>::min(),
                                                   std::numeric_limits<int>::max()));
  report.exit_status = static_cast<int>(status.value_or(0));
  ARCELLA_TRY(auto message, fields.optional_string("message"));
  ARCELLA_TRY(auto backtrace, fields.optional_string("backtrace"));
  report.message = harmless_line(message.value_or(""), limits::kFailureMessageBytesMax);
  report.backtrace = harmless_lines(backtrace.value_or(""), limits::kFailureBacktraceBytesMax);
  return report;
}

Result<FromWorker> read_output(const FieldReader& fields) {
  ARCELLA_TRY_VOID(fields.only({"type", "instance", "stderr", "text", "dropped"}));
  ARCELLA_TRY(auto instance, read_instance(fields));
  Output output{std::move(instance), false, {}, 0};
  ARCELLA_TRY(output.stderr_stream, fields.boolean("stderr"));
  ARCELLA_TRY(std::string text, fields.string("text"));
  output.text = harmless_line(text, limits::kOutputTextBytesMax);
  ARCELLA_TRY(output.dropped, optional_number(fields, "dropped"));
  return output;
}

Result<FromWorker> read_link_lost(const FieldReader& fields) {
  ARCELLA_TRY_VOID(fields.only({"type", "link", "broken", "message"}));
  LinkLost lost;
  ARCELLA_TRY(lost.link, read_link(fields));
  ARCELLA_TRY(lost.broken, fields.boolean("broken"));
  ARCELLA_TRY(std::string message, fields.string("message"));
  lost.message = harmless_line(message, limits::kFailureMessageBytesMax);
  return lost;
}

template <class Message>
struct Reader {
  std::string_view type;
  Result<Message> (*read)(const FieldReader&);
};
constexpr std::array<Reader<ToWorker>, 11> kFromDaemon{{
    {"load", read_load},
    {"unload", read_plain<UnloadDeployment>},
    {"start", read_start},
    {"stop", read_stop},
    {"resolve", read_resolve},
    {"statistics", read_plain<QueryStatistics>},
    {"bind", read_bind},
    {"open-link", read_open_link},
    {"lend", read_lend},
    {"forget", read_forget},
    {"shutdown", read_shutdown},
}};
constexpr std::array<Reader<FromWorker>, 5> kFromWorker{{
    {"hello", read_hello},
    {"reply", read_reply},
    {"report", read_report},
    {"output", read_output},
    {"link-lost", read_link_lost},
}};

template <class Message, std::size_t count>
Result<Message> read_message(std::string_view json,
                             const std::array<Reader<Message>, count>& readers) {
  ARCELLA_TRY(auto value, wire::parse_json(json));
  ARCELLA_TRY(auto fields, FieldReader::of(value, ""));
  ARCELLA_TRY(std::string type, fields.string("type"));
  for (const auto& reader : readers) {
    if (reader.type == type) return reader.read(fields);
  }
  return fail(ErrorCode::InvalidRequest, "a message of unknown type");
}

}  // namespace

std::string encode(const ToWorker& message) {
  return text_of(message);
}

std::string encode(const FromWorker& message) {
  return text_of(message);
}

Result<ToWorker> decode_from_daemon(std::string_view json) {
  return as_protocol_error(read_message(json, kFromDaemon));
}

Result<FromWorker> decode_from_worker(std::string_view json) {
  return as_protocol_error(read_message(json, kFromWorker));
}

}  // namespace arcella::ipc
