// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "store/documents.h"

#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "wire/json.h"

namespace arcella::store {
namespace {

using wire::FieldReader;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

// JSON numbers of ours are signed; a bound past this is as good as none.
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

std::int64_t to_signed(std::uint64_t number) {
  return number > static_cast<std::uint64_t>(kMost) ? kMost : static_cast<std::int64_t>(number);
}

JsonArray array_of(const std::vector<std::string>& strings) {
  JsonArray array;
  for (const std::string& text : strings) array.emplace_back(boost::json::string(text));
  return array;
}

void put(JsonObject& object, std::string_view key, const std::optional<std::string>& text) {
  if (text) object.emplace(key, *text);
}
void put(JsonObject& object, std::string_view key, const std::optional<std::uint64_t>& number) {
  if (number) object.emplace(key, to_signed(*number));
}
void put(JsonObject& object, std::string_view key, const std::optional<bool>& value) {
  if (value) object.emplace(key, *value);
}

Result<std::optional<std::uint64_t>> unsigned_or_none(const FieldReader& reader,
                                                      std::string_view key) {
  ARCELLA_TRY(auto number, reader.optional_integer(key, 0, kMost));
  if (!number) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

Result<std::optional<bool>> boolean_or_none(const FieldReader& reader, std::string_view key) {
  if (!reader.has(key)) return std::nullopt;
  ARCELLA_TRY(bool value, reader.boolean(key));
  return value;
}

Unexpected fail_word(std::string_view key, const std::string& word) {
  return fail(ErrorCode::Io, std::string(key) + ": '" + word + "' means nothing here");
}

JsonObject policy_to_json(const model::PolicyFields& fields) {
  JsonObject object;
  if (fields.isolation)
    object.emplace("isolation", std::string(model::to_string(*fields.isolation)));
  put(object, "trusted", fields.trusted);
  put(object, "async", fields.async);
  put(object, "entrypoint", fields.startup.entrypoint);
  put(object, "shutdown", fields.startup.shutdown);
  if (fields.startup.timeout) object.emplace("timeout_seconds", fields.startup.timeout->count());
  put(object, "memory_mb", fields.resources.memory_mb);
  put(object, "fuel", fields.resources.fuel);
  put(object, "call_timeout_ms", fields.resources.call_timeout_ms);
  return object;
}

Result<model::PolicyFields> policy_from_json(const FieldReader& reader) {
  ARCELLA_TRY_VOID(reader.only({"isolation", "trusted", "async", "entrypoint", "shutdown",
                                "timeout_seconds", "memory_mb", "fuel", "call_timeout_ms"}));
  model::PolicyFields fields;
  ARCELLA_TRY(auto isolation, reader.optional_string("isolation"));
  if (isolation) {
    fields.isolation = model::isolation_from(*isolation);
    if (!fields.isolation) return fail_word("isolation", *isolation);
  }
  ARCELLA_TRY(fields.trusted, boolean_or_none(reader, "trusted"));
  ARCELLA_TRY(fields.async, boolean_or_none(reader, "async"));
  ARCELLA_TRY(fields.startup.entrypoint, reader.optional_string("entrypoint"));
  ARCELLA_TRY(fields.startup.shutdown, reader.optional_string("shutdown"));
  ARCELLA_TRY(auto timeout, reader.optional_integer("timeout_seconds", 0, kMost));
  if (timeout) fields.startup.timeout = std::chrono::seconds(*timeout);
  ARCELLA_TRY(fields.resources.memory_mb, unsigned_or_none(reader, "memory_mb"));
  ARCELLA_TRY(fields.resources.fuel, unsigned_or_none(reader, "fuel"));
  ARCELLA_TRY(fields.resources.call_timeout_ms, unsigned_or_none(reader, "call_timeout_ms"));
  return fields;
}

JsonArray items_to_json(const std::vector<model::InterfaceItem>& items) {
  JsonArray array;
  for (const model::InterfaceItem& item : items) {
    JsonArray types;
    for (const model::NamedType& type : item.types) {
      types.push_back(
          JsonObject{{"name", type.name}, {"definition", type.definition}, {"shape", type.shape}});
    }
    array.push_back(JsonObject{{"name", item.name},
                               {"functions", array_of(item.functions)},
                               {"shapes", array_of(item.shapes)},
                               {"types", std::move(types)}});
  }
  return array;
}

// Shapes and types: not in what was written before they were kept.
Result<std::vector<model::NamedType>> types_from(const FieldReader& reader) {
  std::vector<model::NamedType> types;
  if (!reader.has("types")) return types;
  ARCELLA_TRY(std::vector<FieldReader> readers, reader.objects("types"));
  for (const FieldReader& one : readers) {
    model::NamedType type;
    ARCELLA_TRY_VOID(one.only({"name", "definition", "shape"}));
    ARCELLA_TRY(type.name, one.string("name"));
    ARCELLA_TRY(type.definition, one.string("definition"));
    ARCELLA_TRY(type.shape, one.string("shape"));
    types.push_back(std::move(type));
  }
  return types;
}

Result<std::vector<model::InterfaceItem>> items_from(const FieldReader& reader,
                                                     std::string_view key) {
  std::vector<model::InterfaceItem> items;
  if (!reader.has(key)) return items;
  ARCELLA_TRY(std::vector<FieldReader> readers, reader.objects(key));
  for (const FieldReader& one : readers) {
    model::InterfaceItem item;
    ARCELLA_TRY_VOID(one.only({"name", "functions", "shapes", "types"}));
    ARCELLA_TRY(item.name, one.string("name"));
    ARCELLA_TRY(item.functions, one.strings_or_empty("functions"));
    ARCELLA_TRY(item.shapes, one.strings_or_empty("shapes"));
    ARCELLA_TRY(item.types, types_from(one));
    items.push_back(std::move(item));
  }
  return items;
}

Result<model::Capabilities> capabilities_from(const FieldReader& reader) {
  model::Capabilities capabilities;
  if (!reader.has("capabilities")) return capabilities;
  ARCELLA_TRY(FieldReader inner, reader.object("capabilities"));
  ARCELLA_TRY_VOID(inner.only({"network", "filesystem", "environment", "stated"}));
  ARCELLA_TRY(capabilities.network, inner.strings_or_empty("network"));
  ARCELLA_TRY(capabilities.filesystem, inner.strings_or_empty("filesystem"));
  ARCELLA_TRY(capabilities.environment, inner.strings_or_empty("environment"));
  // Written before it was kept whether the lists were stated: then those with entries were.
  bool has_entries = !capabilities.network.empty() || !capabilities.filesystem.empty() ||
                     !capabilities.environment.empty();
  ARCELLA_TRY(capabilities.stated, inner.boolean_or("stated", has_entries));
  return capabilities;
}

JsonArray mounts_to_json(const std::vector<model::Mount>& mounts) {
  JsonArray array;
  for (const model::Mount& mount : mounts) {
    array.push_back(
        JsonObject{{"host", mount.host}, {"guest", mount.guest}, {"writable", mount.writable}});
  }
  return array;
}

Result<std::vector<model::Mount>> mounts_from(const FieldReader& reader) {
  std::vector<model::Mount> mounts;
  if (!reader.has("mounts")) return mounts;
  ARCELLA_TRY(std::vector<FieldReader> readers, reader.objects("mounts"));
  for (const FieldReader& one : readers) {
    model::Mount mount;
    ARCELLA_TRY_VOID(one.only({"host", "guest", "writable"}));
    ARCELLA_TRY(mount.host, one.string("host"));
    ARCELLA_TRY(mount.guest, one.string("guest"));
    ARCELLA_TRY(mount.writable, one.boolean("writable"));
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

// An array of pairs, not an object: the order is the guest's environment order.
JsonArray pairs_to_json(const Pairs& pairs) {
  JsonArray array;
  for (const auto& [key, value] : pairs) {
    array.push_back(JsonObject{{"key", key}, {"value", value}});
  }
  return array;
}

Result<Pairs> pairs_from(const FieldReader& reader, std::string_view key) {
  Pairs pairs;
  if (!reader.has(key)) return pairs;
  ARCELLA_TRY(std::vector<FieldReader> readers, reader.objects(key));
  for (const FieldReader& one : readers) {
    ARCELLA_TRY_VOID(one.only({"key", "value"}));
    ARCELLA_TRY(std::string name, one.string("key"));
    ARCELLA_TRY(std::string value, one.string("value"));
    pairs.emplace_back(std::move(name), std::move(value));
  }
  return pairs;
}

Result<std::vector<model::DeploymentId>> fuse_with_from(const FieldReader& reader) {
  std::vector<model::DeploymentId> fused;
  ARCELLA_TRY(auto names, reader.strings_or_empty("fuse_with"));
  for (const std::string& name : names) {
    ARCELLA_TRY(auto id, model::DeploymentId::parse(name));
    fused.push_back(std::move(id));
  }
  return fused;
}

JsonArray fuse_with_to_json(const std::vector<model::DeploymentId>& fused) {
  JsonArray array;
  for (const model::DeploymentId& id : fused) array.emplace_back(id.str());
  return array;
}

Result<std::vector<std::pair<std::string, model::DeploymentId>>> wiring_from(
    const FieldReader& reader) {
  std::vector<std::pair<std::string, model::DeploymentId>> wiring;
  ARCELLA_TRY(Pairs pairs, pairs_from(reader, "wiring"));
  for (auto& [import, provider] : pairs) {
    ARCELLA_TRY(auto id, model::DeploymentId::parse(provider));
    wiring.emplace_back(std::move(import), std::move(id));
  }
  return wiring;
}

JsonArray wiring_to_json(const std::vector<std::pair<std::string, model::DeploymentId>>& wiring) {
  JsonArray array;
  for (const auto& [import, provider] : wiring) {
    array.push_back(JsonObject{{"key", import}, {"value", provider.str()}});
  }
  return array;
}

Result<std::optional<model::HttpRoute>> route_from(const FieldReader& reader) {
  if (!reader.has("http_route")) return std::nullopt;
  ARCELLA_TRY(FieldReader inner, reader.object("http_route"));
  ARCELLA_TRY_VOID(inner.only({"host", "path"}));
  model::HttpRoute route;
  ARCELLA_TRY(route.host, inner.string("host"));
  ARCELLA_TRY(route.path, inner.string("path"));
  return route;
}

JsonObject update_to_json(const model::UpdateFields& update) {
  return {{"strategy", std::string(model::to_string(update.strategy))},
          {"min_healthy_ms", update.min_healthy.count()},
          {"auto_revert", update.auto_revert}};
}

Result<model::UpdateFields> update_from(const FieldReader& reader) {
  model::UpdateFields update;
  if (!reader.has("update")) return update;
  ARCELLA_TRY(FieldReader inner, reader.object("update"));
  ARCELLA_TRY_VOID(inner.only({"strategy", "min_healthy_ms", "auto_revert"}));
  ARCELLA_TRY(std::string word, inner.string("strategy"));
  auto strategy = model::update_strategy_from(word);
  if (!strategy) return fail_word("strategy", word);
  ARCELLA_TRY(auto healthy, inner.integer("min_healthy_ms", 0, kMost));
  ARCELLA_TRY(update.auto_revert, inner.boolean("auto_revert"));
  update.strategy = *strategy;
  update.min_healthy = std::chrono::milliseconds(healthy);
  return update;
}

JsonObject restart_to_json(const model::RestartFields& restart) {
  return {{"attempts", restart.attempts},
          {"interval_seconds", restart.interval.count()},
          {"delay_ms", restart.delay.count()},
          {"give_up", restart.give_up}};
}

Result<model::RestartFields> restart_from(const FieldReader& reader) {
  model::RestartFields restart;
  if (!reader.has("restart")) return restart;
  ARCELLA_TRY(FieldReader inner, reader.object("restart"));
  ARCELLA_TRY_VOID(inner.only({"attempts", "interval_seconds", "delay_ms", "give_up"}));
  ARCELLA_TRY(auto attempts, inner.integer("attempts", 0, std::numeric_limits<int>::max()));
  ARCELLA_TRY(auto interval, inner.integer("interval_seconds", 0, kMost));
  ARCELLA_TRY(auto delay, inner.integer("delay_ms", 0, kMost));
  ARCELLA_TRY(restart.give_up, inner.boolean("give_up"));
  restart.attempts = static_cast<int>(attempts);
  restart.interval = std::chrono::seconds(interval);
  restart.delay = std::chrono::milliseconds(delay);
  return restart;
}

// What is in the database was written by us: if it does not read, that is damage.
Error damaged(Error error) {
  return {ErrorCode::Io, "the state database is damaged: " + error.message()};
}

Result<void> read_component(std::string_view document, model::Component& component) {
  ARCELLA_TRY(Json value, wire::parse_json(document));
  ARCELLA_TRY(FieldReader reader, FieldReader::of(value, ""));
  ARCELLA_TRY_VOID(
      reader.only({"description", "format", "kind", "needs_concurrency", "imports",
                   "optional_imports", "exports", "wit", "capabilities", "wasm_bytes"}));
  ARCELLA_TRY(component.description, reader.string("description"));
  ARCELLA_TRY(std::string format, reader.string("format"));
  ARCELLA_TRY(std::string kind, reader.string("kind"));
  auto format_value = model::format_from(format);
  auto kind_value = model::kind_from(kind);
  if (!format_value) return fail_word("format", format);
  if (!kind_value) return fail_word("kind", kind);
  component.format = *format_value;
  component.kind = *kind_value;
  ARCELLA_TRY(component.needs_concurrency, reader.boolean_or("needs_concurrency", false));
  ARCELLA_TRY(component.imports, items_from(reader, "imports"));
  ARCELLA_TRY(component.optional_imports, reader.strings_or_empty("optional_imports"));
  ARCELLA_TRY(component.exports, items_from(reader, "exports"));
  ARCELLA_TRY(component.wit, reader.string("wit"));
  ARCELLA_TRY(component.capabilities, capabilities_from(reader));
  ARCELLA_TRY(auto wasm_bytes, reader.integer("wasm_bytes", 0, kMost));
  component.wasm_bytes = static_cast<std::uint64_t>(wasm_bytes);
  return {};
}

Result<void> read_spec(std::string_view document, model::DeploymentSpec& spec) {
  ARCELLA_TRY(Json value, wire::parse_json(document));
  ARCELLA_TRY(FieldReader reader, FieldReader::of(value, ""));
  ARCELLA_TRY_VOID(reader.only({"group", "args", "overrides", "env", "allowed_hosts", "mounts",
                                "http_listen", "restart", "direct", "fuse_with", "config",
                                "http_route", "wiring", "update", "provider_wait_ms"}));
  ARCELLA_TRY(auto group, reader.optional_string("group"));
  if (group) {
    ARCELLA_TRY(spec.group, model::GroupName::parse(*group));
  }
  ARCELLA_TRY(spec.args, reader.strings_or_empty("args"));
  if (reader.has("overrides")) {
    ARCELLA_TRY(FieldReader overrides, reader.object("overrides"));
    ARCELLA_TRY(spec.overrides, policy_from_json(overrides));
  }
  ARCELLA_TRY(spec.env, pairs_from(reader, "env"));
  ARCELLA_TRY(spec.allowed_hosts, reader.strings_or_empty("allowed_hosts"));
  ARCELLA_TRY(spec.mounts, mounts_from(reader));
  ARCELLA_TRY(auto listen, reader.optional_string("http_listen"));
  if (listen) {
    ARCELLA_TRY(spec.http_listen, model::HttpListen::parse(*listen));
  }
  ARCELLA_TRY(spec.restart, restart_from(reader));
  ARCELLA_TRY(spec.direct, reader.boolean_or("direct", false));
  ARCELLA_TRY(spec.fuse_with, fuse_with_from(reader));
  ARCELLA_TRY(spec.config, pairs_from(reader, "config"));
  ARCELLA_TRY(spec.http_route, route_from(reader));
  ARCELLA_TRY(spec.wiring, wiring_from(reader));
  ARCELLA_TRY(spec.update, update_from(reader));
  // Documents of before have none.
  ARCELLA_TRY(auto wait, reader.optional_integer("provider_wait_ms", 0, kMost));
  spec.provider_wait = std::chrono::milliseconds(wait.value_or(0));
  return {};
}

}  // namespace

std::string to_document(const model::PolicyFields& fields) {
  return wire::to_text(policy_to_json(fields));
}

Result<model::PolicyFields> policy_fields_from(std::string_view document) {
  auto value = wire::parse_json(document);
  if (!value.has_value()) return fail(damaged(value.error()));
  auto fields = FieldReader::of(value.value(), "").and_then(policy_from_json);
  if (!fields.has_value()) return fail(damaged(fields.error()));
  return fields;
}

std::string to_document(const model::Component& component) {
  const model::Capabilities& asked = component.capabilities;
  return wire::to_text(JsonObject{
      {"description", component.description},
      {"format", std::string(model::to_string(component.format))},
      {"kind", std::string(model::to_string(component.kind))},
      {"needs_concurrency", component.needs_concurrency},
      {"imports", items_to_json(component.imports)},
      {"optional_imports", array_of(component.optional_imports)},
      {"exports", items_to_json(component.exports)},
      {"wit", component.wit},
      {"capabilities", JsonObject{{"network", array_of(asked.network)},
                                  {"filesystem", array_of(asked.filesystem)},
                                  {"environment", array_of(asked.environment)},
                                  {"stated", asked.stated}}},
      {"wasm_bytes", to_signed(component.wasm_bytes)},
  });
}

Result<void> read_document(std::string_view document, model::Component& component) {
  auto done = read_component(document, component);
  if (!done.has_value()) return fail(damaged(done.error().with_context(component.id.str())));
  return {};
}

std::string to_document(const model::DeploymentSpec& spec) {
  JsonObject object{
      {"args", array_of(spec.args)},
      {"overrides", policy_to_json(spec.overrides)},
      {"env", pairs_to_json(spec.env)},
      {"allowed_hosts", array_of(spec.allowed_hosts)},
      {"mounts", mounts_to_json(spec.mounts)},
      {"restart", restart_to_json(spec.restart)},
      {"direct", spec.direct},
      {"fuse_with", fuse_with_to_json(spec.fuse_with)},
      {"config", pairs_to_json(spec.config)},
      {"wiring", wiring_to_json(spec.wiring)},
      {"update", update_to_json(spec.update)},
      {"provider_wait_ms", spec.provider_wait.count()},
  };
  if (spec.group) object.emplace("group", spec.group->str());
  if (spec.http_listen) object.emplace("http_listen", spec.http_listen->str());
  if (spec.http_route) {
    object.emplace("http_route",
                   JsonObject{{"host", spec.http_route->host}, {"path", spec.http_route->path}});
  }
  return wire::to_text(object);
}

Result<void> read_document(std::string_view document, model::DeploymentSpec& spec) {
  auto done = read_spec(document, spec);
  if (!done.has_value()) return fail(damaged(done.error().with_context(spec.id.str())));
  return {};
}

}  // namespace arcella::store
