// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "manifest/policy_reader.h"

#include <limits>

#include "base/limits.h"

namespace arcella::manifest {
namespace {

// A function's name, which is looked for when the component is started.
void read_function(TableReader& table, std::string_view key, std::optional<std::string>& field) {
  auto name = table.text(key);
  if (!name) return;
  if (name->value.empty()) {
    table.report(name->at, key, "a function's name is not empty", "leave the key out for none");
    return;
  }
  field = name->value;
}

void read_startup(TableReader table, model::StartupFields& fields) {
  read_function(table, "entrypoint", fields.entrypoint);
  read_function(table, "shutdown", fields.shutdown);
  if (auto timeout = table.integer("timeout_seconds", 1, limits::kStartupTimeoutMax.count())) {
    fields.timeout = std::chrono::seconds(timeout->value);
  }
  table.finish();
}

void read_resources(TableReader table, model::ResourceFields& fields) {
  auto read = [&table](std::string_view key, std::int64_t max,
                       std::optional<std::uint64_t>& field) {
    if (auto number = table.integer(key, 1, max)) field = static_cast<std::uint64_t>(number->value);
  };
  constexpr auto kMemoryMax = static_cast<std::int64_t>(limits::kGuestMemoryBytesMax >> 20U);
  read("memory_mb", kMemoryMax, fields.memory_mb);
  read("fuel", std::numeric_limits<std::int64_t>::max(), fields.fuel);
  read("call_timeout_ms", limits::kCallTimeoutMax.count(), fields.call_timeout_ms);
  table.finish();
}

}  // namespace

void read_startup_and_resources(TableReader& table, model::PolicyFields& fields) {
  if (auto startup = table.table("startup")) read_startup(*startup, fields.startup);
  if (auto resources = table.table("resources")) read_resources(*resources, fields.resources);
}

void read_policy_fields(TableReader& table, model::PolicyFields& fields) {
  if (auto isolation = table.text("isolation")) {
    fields.isolation = model::isolation_from(isolation->value);
    if (!fields.isolation) {
      table.report(isolation->at, "isolation",
                   "'" + isolation->value + "' is neither \"worker\" nor \"main\"");
    }
  }
  if (auto trusted = table.boolean("trusted")) fields.trusted = trusted->value;
  if (auto async = table.boolean("async")) fields.async = async->value;
  read_startup_and_resources(table, fields);
}

}  // namespace arcella::manifest
