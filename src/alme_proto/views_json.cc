// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "alme_proto/views_json.h"

#include <limits>
#include <string_view>

#include "alme_proto/binding_json.h"
#include "base/timestamp.h"

namespace arcella::alme_proto {
namespace {

using wire::FieldReader;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

Json or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}
Json or_null(std::int64_t number) {
  return number == 0 ? Json(nullptr) : Json(number);
}

template <class T>
Json optional_json(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

template <class T>
JsonArray array_of(const std::vector<T>& values) {
  JsonArray array;
  array.reserve(values.size());
  for (const T& value : values) array.push_back(to_json(value));
  return array;
}

JsonArray strings(const std::vector<std::string>& values) {
  JsonArray array;
  array.reserve(values.size());
  for (const std::string& value : values) array.emplace_back(value);
  return array;
}

JsonArray items(const std::vector<model::InterfaceItem>& values) {
  JsonArray array;
  for (const model::InterfaceItem& item : values) {
    JsonObject object;
    object["name"] = item.name;
    object["functions"] = strings(item.functions);
    array.push_back(std::move(object));
  }
  return array;
}

JsonObject capabilities(const model::Capabilities& asked) {
  JsonObject object;
  object["network"] = strings(asked.network);
  object["filesystem"] = strings(asked.filesystem);
  object["environment"] = strings(asked.environment);
  return object;
}

// What was asked for; the view's `listen` is what became of it.
Json http_json(const model::DeploymentSpec& spec) {
  if (!spec.http_listen && !spec.http_route) return nullptr;
  JsonObject http;
  http["listen"] = spec.http_listen ? Json(spec.http_listen->str()) : Json(nullptr);
  http["route"] = nullptr;
  if (spec.http_route) {
    JsonObject route;
    route["host"] = spec.http_route->host;
    route["path"] = spec.http_route->path;
    http["route"] = std::move(route);
  }
  return http;
}

JsonObject spec_json(const model::DeploymentSpec& spec) {
  JsonObject object;
  object["args"] = strings(spec.args);
  // Values may be secrets: who may ask may also read the file, but logs and screens keep what they
  // see.
  JsonArray env;
  for (const auto& variable : spec.env) env.emplace_back(variable.first);
  object["env"] = std::move(env);
  JsonArray mounts;
  for (const model::Mount& mount : spec.mounts) {
    JsonObject entry;
    entry["host"] = mount.host;
    entry["guest"] = mount.guest;
    entry["access"] = mount.writable ? "read-write" : "read";
    mounts.push_back(std::move(entry));
  }
  object["mounts"] = std::move(mounts);
  object["allowed_hosts"] = strings(spec.allowed_hosts);
  JsonObject restart;
  restart["attempts"] = spec.restart.attempts;
  restart["interval_seconds"] = spec.restart.interval.count();
  restart["delay_ms"] = spec.restart.delay.count();
  restart["mode"] = spec.restart.give_up ? "fail" : "delay";
  object["restart"] = std::move(restart);
  object["http"] = http_json(spec);
  object["direct"] = spec.direct;
  JsonArray fused;
  for (const model::DeploymentId& id : spec.fuse_with) fused.emplace_back(id.str());
  object["fuse_with"] = std::move(fused);
  // Like env: names, not values.
  JsonArray config;
  for (const auto& value : spec.config) config.emplace_back(value.first);
  object["config"] = std::move(config);
  JsonObject wiring;
  for (const auto& [import, provider] : spec.wiring) wiring[import] = provider.str();
  object["wiring"] = std::move(wiring);
  object["provider_wait_ms"] = spec.provider_wait.count();
  JsonObject update;
  update["strategy"] = model::to_string(spec.update.strategy);
  update["min_healthy_ms"] = spec.update.min_healthy.count();
  update["auto_revert"] = spec.update.auto_revert;
  object["update"] = std::move(update);
  return object;
}

JsonObject policy_json(const model::Policy& policy) {
  JsonObject object;
  object["isolation"] = model::to_string(policy.isolation);
  object["trusted"] = policy.trusted;
  object["async"] = policy.async;
  object["entrypoint"] = optional_json(policy.entrypoint);
  object["shutdown"] = optional_json(policy.shutdown);
  object["startup_timeout_seconds"] = policy.startup_timeout.count();
  object["memory_bytes"] = policy.memory_bytes;
  object["fuel"] = optional_json(policy.fuel);
  object["call_timeout_ms"] = policy.call_timeout.count();
  return object;
}

constexpr std::int64_t kIntMax = std::numeric_limits<int>::max();
constexpr std::int64_t kInt64Max = std::numeric_limits<std::int64_t>::max();

Result<int> count_of(const FieldReader& reader, std::string_view key) {
  ARCELLA_TRY(auto number, reader.integer(key, 0, kIntMax));
  return static_cast<int>(number);
}
Result<std::string> text_or_empty(const FieldReader& reader, std::string_view key) {
  ARCELLA_TRY(auto text, reader.optional_string(key));
  return std::move(text).value_or(std::string());
}
// A kind or format that a newer daemon invented is shown as the default rather than refused.
model::Kind kind_or_default(std::string_view text) {
  return model::kind_from(text).value_or(model::Kind::Service);
}

Result<model::ComponentView> component_from(const FieldReader& reader) {
  model::ComponentView view;
  ARCELLA_TRY(view.id, reader.string("id"));
  ARCELLA_TRY(auto kind, reader.string("kind"));
  ARCELLA_TRY(auto format, reader.string("format"));
  view.kind = kind_or_default(kind);
  view.format = model::format_from(format).value_or(model::Format::Component);
  ARCELLA_TRY(view.description, text_or_empty(reader, "description"));
  ARCELLA_TRY(auto bytes, reader.integer("wasm_bytes", 0, kInt64Max));
  view.wasm_bytes = static_cast<std::uint64_t>(bytes);
  ARCELLA_TRY(view.installed_at, reader.integer("installed_at", 0, kInt64Max));
  ARCELLA_TRY(view.deployments, count_of(reader, "deployments"));
  return view;
}

Result<model::DeploymentView> deployment_from(const FieldReader& reader) {
  model::DeploymentView view;
  ARCELLA_TRY(view.id, reader.string("id"));
  ARCELLA_TRY(view.module_id, reader.string("module_id"));
  ARCELLA_TRY(view.state, reader.string("state"));
  ARCELLA_TRY(auto kind, reader.string("kind"));
  view.kind = kind_or_default(kind);
  ARCELLA_TRY(view.replicas, count_of(reader, "replicas"));
  ARCELLA_TRY(view.ready, count_of(reader, "ready"));
  ARCELLA_TRY(auto isolation, reader.string("isolation"));
  view.isolation = model::isolation_from(isolation).value_or(model::Isolation::Worker);
  ARCELLA_TRY(view.group, text_or_empty(reader, "group"));
  ARCELLA_TRY(view.listen, text_or_empty(reader, "listen"));
  ARCELLA_TRY(auto generation, reader.optional_integer("generation", 1, kIntMax));
  view.generation = static_cast<int>(generation.value_or(1));
  ARCELLA_TRY(view.restarts, count_of(reader, "restarts"));
  ARCELLA_TRY(view.reason, text_or_empty(reader, "reason"));
  return view;
}

Result<model::InstanceView> instance_from(const FieldReader& reader) {
  model::InstanceView view;
  ARCELLA_TRY(view.id, reader.string("id"));
  ARCELLA_TRY(auto state, reader.string("state"));
  view.state = model::instance_state_from(state).value_or(model::InstanceState::Failed);
  ARCELLA_TRY(auto pid, reader.optional_integer("pid", 0, kInt64Max));
  view.pid = pid.value_or(0);
  ARCELLA_TRY(view.restarts, count_of(reader, "restarts"));
  ARCELLA_TRY(view.reason, text_or_empty(reader, "reason"));
  return view;
}

Result<model::WorkerView> worker_from(const FieldReader& reader) {
  model::WorkerView view;
  ARCELLA_TRY(view.group, reader.string("group"));
  ARCELLA_TRY(view.state, reader.string("state"));
  ARCELLA_TRY(auto pid, reader.optional_integer("pid", 0, kInt64Max));
  view.pid = pid.value_or(0);
  ARCELLA_TRY(view.restarts, count_of(reader, "restarts"));
  ARCELLA_TRY(auto rss, reader.integer("rss_bytes", 0, kInt64Max));
  view.rss_bytes = static_cast<std::uint64_t>(rss);
  ARCELLA_TRY(view.instances, count_of(reader, "instances"));
  return view;
}

template <class T, class Read>
Result<void> read_section(const FieldReader& reader, std::string_view key, std::vector<T>& into,
                          Read read) {
  if (!reader.has(key)) return {};
  ARCELLA_TRY(auto entries, reader.objects(key));
  into.reserve(entries.size());
  for (const FieldReader& entry : entries) {
    ARCELLA_TRY(auto made, read(entry));
    into.push_back(std::move(made));
  }
  return {};
}

Result<model::LogLine> log_line_from(const FieldReader& reader) {
  model::LogLine line;
  ARCELLA_TRY(line.time_ms, reader.integer("time_ms", 0, kInt64Max));
  ARCELLA_TRY(line.instance, reader.string("instance"));
  ARCELLA_TRY(auto stream, reader.string("stream"));
  line.stderr_stream = stream == "stderr";
  ARCELLA_TRY(line.text, reader.string("text"));
  ARCELLA_TRY(auto component, reader.optional_string("component"));
  line.component = component.value_or("");
  return line;
}

constexpr std::size_t kSecondsLength = std::string_view("2026-01-31T12:00:00").size();

}  // namespace

Json to_json(const model::ComponentView& view) {
  JsonObject object;
  object["id"] = view.id;
  object["kind"] = model::to_string(view.kind);
  object["format"] = model::to_string(view.format);
  object["description"] = or_null(view.description);
  object["wasm_bytes"] = view.wasm_bytes;
  object["installed_at"] = view.installed_at;
  object["deployments"] = view.deployments;
  return object;
}

Json to_json(const model::DeploymentView& view) {
  JsonObject object;
  object["id"] = view.id;
  object["module_id"] = view.module_id;
  object["state"] = view.state;
  object["kind"] = model::to_string(view.kind);
  object["replicas"] = view.replicas;
  object["ready"] = view.ready;
  object["isolation"] = model::to_string(view.isolation);
  object["group"] = or_null(view.group);
  object["listen"] = or_null(view.listen);
  object["generation"] = view.generation;
  object["restarts"] = view.restarts;
  object["reason"] = or_null(view.reason);
  return object;
}

Json to_json(const model::InstanceView& view) {
  JsonObject object;
  object["id"] = view.id;
  object["state"] = model::to_string(view.state);
  object["pid"] = or_null(view.pid);
  object["restarts"] = view.restarts;
  object["reason"] = or_null(view.reason);
  return object;
}

Json to_json(const model::WorkerView& view) {
  JsonObject object;
  object["group"] = view.group;
  object["state"] = view.state;
  object["pid"] = or_null(view.pid);
  object["restarts"] = view.restarts;
  object["rss_bytes"] = view.rss_bytes;
  object["instances"] = view.instances;
  return object;
}

Json to_json(const model::HotDeployView& view) {
  JsonObject object;
  object["file"] = view.file;
  object["state"] = view.state;
  object["message"] = or_null(view.message);
  return object;
}

Json to_json(const model::Listing& listing, const model::ListSelection& selection) {
  JsonObject object;
  if (selection.components) object["components"] = array_of(listing.components);
  if (selection.deployments) object["deployments"] = array_of(listing.deployments);
  if (selection.instances) object["instances"] = array_of(listing.instances);
  if (selection.workers) object["workers"] = array_of(listing.workers);
  if (selection.bindings) object["bindings"] = array_of(listing.bindings);
  return object;
}

Json to_json(const model::PlatformStatus& status) {
  JsonObject object;
  object["version"] = status.version;
  object["pid"] = status.pid;
  object["start_time"] = rfc3339(status.start_time);
  object["uptime_seconds"] = status.uptime_seconds;
  object["home"] = status.home;
  object["rss_bytes"] = status.rss_bytes;
  object["components"] = status.components;
  object["deployments"] = status.deployments;
  object["running"] = status.running;
  object["instances_ready"] = status.instances_ready;
  object["workers"] = array_of(status.workers);
  object["hot_deploy"] = array_of(status.hot_deploy);
  return object;
}

Json to_json(const model::ComponentDetails& details) {
  const model::Component& component = details.component;
  JsonObject described;
  described["id"] = component.id.str();
  described["description"] = or_null(component.description);
  described["kind"] = model::to_string(component.kind);
  described["format"] = model::to_string(component.format);
  described["needs_concurrency"] = component.needs_concurrency;
  described["exports"] = items(component.exports);
  described["imports"] = items(component.imports);
  described["optional_imports"] = strings(component.optional_imports);
  described["capabilities"] = capabilities(component.capabilities);
  described["content_hash"] = component.content_hash;
  described["wasm_bytes"] = component.wasm_bytes;
  described["installed_at"] = component.installed_at;
  JsonObject object;
  object["component"] = std::move(described);
  object["deployments"] = strings(details.deployments);
  return object;
}

Json to_json(const model::DeploymentDetails& details) {
  JsonObject object;
  object["deployment"] = to_json(details.view);
  object["previous"] = nullptr;
  if (details.previous) {
    JsonObject previous;
    previous["generation"] = details.previous->number;
    previous["module_id"] = details.previous->spec.component.str();
    previous["replicas"] = details.previous->spec.replicas;
    object["previous"] = std::move(previous);
  }
  object["spec"] = spec_json(details.deployment.spec);
  object["policy"] = policy_json(details.deployment.policy);
  object["instances"] = array_of(details.instances);
  object["statistics"] = nullptr;
  if (details.statistics) {
    auto statistics = wire::parse_json(*details.statistics);
    if (statistics.has_value()) object["statistics"] = std::move(*statistics);
  }
  return object;
}

Json to_json(const model::LogLine& line) {
  JsonObject object;
  object["time_ms"] = line.time_ms;
  object["component"] = line.component;
  object["deployment"] = line.instance.substr(0, line.instance.find('/'));
  object["instance"] = line.instance;
  object["stream"] = line.stderr_stream ? "stderr" : "stdout";
  object["text"] = line.text;
  return object;
}

Json to_json(const model::LogTail& tail) {
  JsonObject object;
  object["lines"] = array_of(tail.lines);
  object["dropped"] = tail.dropped;
  return object;
}

Json to_json(const std::vector<model::DeploymentView>& deployments) {
  JsonObject object;
  object["deployments"] = array_of(deployments);
  return object;
}

Json deployed_to_json(const std::vector<model::DeploymentView>& deployments,
                      const std::vector<std::string>& notes) {
  JsonObject object;
  object["deployments"] = array_of(deployments);
  object["notes"] = strings(notes);
  return object;
}

Result<model::Listing> listing_from_json(const Json& value) {
  ARCELLA_TRY(auto reader, FieldReader::of(value, "result"));
  model::Listing listing;
  ARCELLA_TRY_VOID(read_section(reader, "components", listing.components, component_from));
  ARCELLA_TRY_VOID(read_section(reader, "deployments", listing.deployments, deployment_from));
  ARCELLA_TRY_VOID(read_section(reader, "instances", listing.instances, instance_from));
  ARCELLA_TRY_VOID(read_section(reader, "workers", listing.workers, worker_from));
  ARCELLA_TRY_VOID(read_section(reader, "bindings", listing.bindings, bound_from));
  return listing;
}

Result<model::DeploymentView> deployment_from_json(const Json& value) {
  ARCELLA_TRY(auto reader, FieldReader::of(value, "result"));
  return deployment_from(reader);
}

Result<model::LogLine> log_line_from_json(const Json& value) {
  ARCELLA_TRY(auto reader, FieldReader::of(value, "params"));
  return log_line_from(reader);
}

Result<model::LogTail> log_tail_from_json(const Json& value) {
  ARCELLA_TRY(auto reader, FieldReader::of(value, "result"));
  model::LogTail tail;
  ARCELLA_TRY_VOID(read_section(reader, "lines", tail.lines, log_line_from));
  ARCELLA_TRY(auto dropped, reader.integer("dropped", 0, kInt64Max));
  tail.dropped = static_cast<std::uint64_t>(dropped);
  return tail;
}

std::string rfc3339(std::int64_t seconds) {
  return to_timestamp(seconds * 1000).substr(0, kSecondsLength) + "Z";
}

}  // namespace arcella::alme_proto
