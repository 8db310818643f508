// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "alme_proto/config_json.h"

#include <string>
#include <utility>

namespace arcella::alme_proto {
namespace {

using wire::FieldReader;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

Result<model::ConfigValue> value_from(const FieldReader& entry) {
  const Json* value = entry.raw().if_contains("value");
  if (value != nullptr && value->is_bool()) return model::ConfigValue(value->get_bool());
  if (value != nullptr && value->is_int64()) return model::ConfigValue(value->get_int64());
  ARCELLA_TRY(auto text, entry.string("value"));
  return model::ConfigValue(std::move(text));
}

JsonArray strings(const std::vector<std::string>& values) {
  JsonArray array;
  for (const std::string& value : values) array.emplace_back(value);
  return array;
}

}  // namespace

Json to_json(const std::vector<model::ConfigEntry>& values) {
  JsonArray array;
  for (const model::ConfigEntry& entry : values) {
    JsonObject object;
    object["key"] = entry.key;
    std::visit([&object](const auto& value) { object["value"] = value; }, entry.value);
    object["source"] = entry.source;
    object["needs_restart"] = entry.needs_restart;
    array.push_back(std::move(object));
  }
  JsonObject result;
  result["values"] = std::move(array);
  return result;
}

Result<std::vector<model::ConfigEntry>> config_from_json(const Json& result) {
  ARCELLA_TRY(auto reader, FieldReader::of(result, "result"));
  ARCELLA_TRY(auto values, reader.objects("values"));
  std::vector<model::ConfigEntry> entries;
  for (const FieldReader& value : values) {
    model::ConfigEntry entry;
    ARCELLA_TRY(entry.key, value.string("key"));
    ARCELLA_TRY(entry.value, value_from(value));
    ARCELLA_TRY(entry.source, value.string("source"));
    ARCELLA_TRY(entry.needs_restart, value.boolean_or("needs_restart", false));
    entries.push_back(std::move(entry));
  }
  return entries;
}

Json to_json(const model::ReloadOutcome& outcome) {
  JsonObject object;
  object["applied"] = strings(outcome.applied);
  object["needs_restart"] = strings(outcome.needs_restart);
  return object;
}

Result<model::ReloadOutcome> reload_from_json(const Json& result) {
  ARCELLA_TRY(auto reader, FieldReader::of(result, "result"));
  model::ReloadOutcome outcome;
  ARCELLA_TRY(outcome.applied, reader.strings("applied"));
  ARCELLA_TRY(outcome.needs_restart, reader.strings("needs_restart"));
  return outcome;
}

}  // namespace arcella::alme_proto
