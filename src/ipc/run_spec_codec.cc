// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "ipc/run_spec_codec.h"

#include <chrono>
#include <cstdint>
#include <limits>
#include <utility>

namespace arcella::ipc {
namespace {

constexpr std::int64_t kMillisecondsMax = 24LL * 3600 * 1000;  // no timeout of a manifest is longer
constexpr std::int64_t kAnyMax = std::numeric_limits<std::int64_t>::max();

template <class Strings>
wire::JsonArray array_of(const Strings& strings) {
  wire::JsonArray array;
  for (const auto& string : strings) array.emplace_back(string);
  return array;
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

wire::JsonArray array_of_pairs(const Pairs& pairs) {
  wire::JsonArray array;
  for (const auto& [name, value] : pairs) {
    array.push_back(wire::JsonObject{{"name", name}, {"value", value}});
  }
  return array;
}

Result<Pairs> read_pairs(const wire::FieldReader& fields, std::string_view key) {
  Pairs pairs;
  ARCELLA_TRY(auto objects, fields.objects(key));
  for (const auto& object : objects) {
    ARCELLA_TRY_VOID(object.only({"name", "value"}));
    ARCELLA_TRY(std::string name, object.string("name"));
    ARCELLA_TRY(std::string value, object.string("value"));
    pairs.emplace_back(std::move(name), std::move(value));
  }
  return pairs;
}

Result<std::vector<model::Mount>> read_mounts(const wire::FieldReader& fields) {
  std::vector<model::Mount> mounts;
  ARCELLA_TRY(auto objects, fields.objects("mounts"));
  for (const auto& object : objects) {
    ARCELLA_TRY_VOID(object.only({"host", "guest", "writable"}));
    model::Mount mount;
    ARCELLA_TRY(mount.host, object.string("host"));
    ARCELLA_TRY(mount.guest, object.string("guest"));
    ARCELLA_TRY(mount.writable, object.boolean("writable"));
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

Result<std::chrono::milliseconds> read_time(const wire::FieldReader& fields, std::string_view key) {
  ARCELLA_TRY(std::int64_t count, fields.integer(key, 0, kMillisecondsMax));
  return std::chrono::milliseconds(count);
}

}  // namespace

wire::Json to_json(const model::RunSpec& spec) {
  wire::JsonObject object;
  object["deployment"] = spec.deployment.str();
  object["program"] = spec.program;
  object["kind"] = model::to_string(spec.kind);
  object["args"] = array_of(spec.args);
  object["env"] = array_of_pairs(spec.env);
  wire::JsonArray mounts;
  for (const auto& mount : spec.mounts) {
    mounts.push_back(wire::JsonObject{
        {"host", mount.host}, {"guest", mount.guest}, {"writable", mount.writable}});
  }
  object["mounts"] = std::move(mounts);
  object["allowed_hosts"] = array_of(spec.allowed_hosts);
  object["config"] = array_of_pairs(spec.config);
  if (spec.keys_folder) object["keys_folder"] = *spec.keys_folder;
  if (spec.entrypoint) object["entrypoint"] = *spec.entrypoint;
  if (spec.shutdown) object["shutdown"] = *spec.shutdown;
  object["startup_timeout_ms"] = spec.startup_timeout.count();
  object["call_timeout_ms"] = spec.call_timeout.count();
  object["provider_wait_ms"] = spec.provider_wait.count();
  object["memory_bytes"] = spec.memory_bytes;
  if (spec.fuel) object["fuel"] = *spec.fuel;
  return object;
}

Result<model::RunSpec> run_spec_from_json(const wire::Json& value, std::string path) {
  ARCELLA_TRY(auto fields, wire::FieldReader::of(value, std::move(path)));
  ARCELLA_TRY_VOID(
      fields.only({"deployment", "program", "kind", "args", "env", "mounts", "allowed_hosts",
                   "config", "keys_folder", "entrypoint", "shutdown", "startup_timeout_ms",
                   "call_timeout_ms", "provider_wait_ms", "memory_bytes", "fuel"}));
  ARCELLA_TRY(std::string id, fields.string("deployment"));
  ARCELLA_TRY(auto deployment, model::DeploymentId::parse(id));
  model::RunSpec spec{.deployment = std::move(deployment),
                      .program = {},
                      .args = {},
                      .env = {},
                      .mounts = {},
                      .allowed_hosts = {},
                      .entrypoint = {},
                      .shutdown = {}};
  ARCELLA_TRY(spec.program, fields.string("program"));
  ARCELLA_TRY(std::string kind_name, fields.string("kind"));
  auto kind = model::kind_from(kind_name);
  if (!kind) return fail(ErrorCode::InvalidParams, fields.path() + ".kind: no kind of component");
  spec.kind = *kind;
  ARCELLA_TRY(spec.args, fields.strings("args"));
  ARCELLA_TRY(spec.env, read_pairs(fields, "env"));
  ARCELLA_TRY(spec.mounts, read_mounts(fields));
  ARCELLA_TRY(spec.allowed_hosts, fields.strings("allowed_hosts"));
  ARCELLA_TRY(spec.config, read_pairs(fields, "config"));
  ARCELLA_TRY(spec.keys_folder, fields.optional_string("keys_folder"));
  ARCELLA_TRY(spec.entrypoint, fields.optional_string("entrypoint"));
  ARCELLA_TRY(spec.shutdown, fields.optional_string("shutdown"));
  ARCELLA_TRY(spec.startup_timeout, read_time(fields, "startup_timeout_ms"));
  ARCELLA_TRY(spec.call_timeout, read_time(fields, "call_timeout_ms"));
  ARCELLA_TRY(spec.provider_wait, read_time(fields, "provider_wait_ms"));
  ARCELLA_TRY(std::int64_t memory, fields.integer("memory_bytes", 0, kAnyMax));
  spec.memory_bytes = static_cast<std::uint64_t>(memory);
  ARCELLA_TRY(auto fuel, fields.optional_integer("fuel", 0, kAnyMax));
  if (fuel) spec.fuel = static_cast<std::uint64_t>(*fuel);
  return spec;
}

}  // namespace arcella::ipc
