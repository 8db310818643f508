// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// state/hot-deploy.json: {"version": 1, "files": [...], "components": [...]}.
#include <utility>
#include <vector>

#include "runtime/hot_deploy_plan.h"
#include "wire/json.h"

namespace arcella::runtime {
namespace {

using wire::FieldReader;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

constexpr int kVersion = 1;

template <class Ids>
JsonArray array_of(const Ids& ids) {
  JsonArray array;
  for (const auto& id : ids) array.emplace_back(id.str());
  return array;
}

template <class Id>
Result<std::set<Id>> ids_in(const FieldReader& reader, std::string_view key) {
  ARCELLA_TRY(std::vector<std::string> texts, reader.strings(key));
  std::set<Id> ids;
  for (const std::string& text : texts) {
    ARCELLA_TRY(Id id, Id::parse(text));
    ids.insert(std::move(id));
  }
  return ids;
}

Result<FileRecord> record_from(const FieldReader& reader) {
  FileRecord record;
  ARCELLA_TRY(record.stamp, reader.string("stamp"));
  ARCELLA_TRY(auto component, reader.optional_string("component"));
  if (component) {
    ARCELLA_TRY(record.component, model::ComponentId::parse(*component));
  }
  ARCELLA_TRY(record.deployments, ids_in<model::DeploymentId>(reader, "deployments"));
  ARCELLA_TRY(record.by_default, reader.boolean("by_default"));
  ARCELLA_TRY(record.named_by_file, reader.boolean("named_by_file"));
  return record;
}

}  // namespace

std::string to_document(const HotDeployRecords& records) {
  JsonArray files;
  for (const auto& [file, record] : records.files) {
    JsonObject object;
    object["file"] = file;
    object["stamp"] = record.stamp;
    object["component"] = record.component ? Json(record.component->str()) : Json(nullptr);
    object["deployments"] = array_of(record.deployments);
    object["by_default"] = record.by_default;
    object["named_by_file"] = record.named_by_file;
    files.push_back(std::move(object));
  }
  JsonObject document;
  document["version"] = kVersion;
  document["files"] = std::move(files);
  document["components"] = array_of(records.components);
  return wire::to_text(document) + "\n";
}

Result<HotDeployRecords> hot_deploy_records_from(std::string_view document) {
  ARCELLA_TRY(Json value, wire::parse_json(document));
  ARCELLA_TRY(FieldReader reader, FieldReader::of(value, "hot_deploy"));
  ARCELLA_TRY([[maybe_unused]] auto version, reader.integer("version", kVersion, kVersion));
  ARCELLA_TRY(std::vector<FieldReader> files, reader.objects("files"));
  HotDeployRecords records;
  for (const FieldReader& file : files) {
    ARCELLA_TRY(std::string name, file.string("file"));
    ARCELLA_TRY(FileRecord record, record_from(file));
    records.files.emplace(std::move(name), std::move(record));
  }
  ARCELLA_TRY(records.components, ids_in<model::ComponentId>(reader, "components"));
  return records;
}

}  // namespace arcella::runtime
