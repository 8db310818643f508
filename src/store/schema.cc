// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "store/schema.h"

#include <array>
#include <string>

namespace arcella::store {
namespace {

// What is asked for in SQL is a column; the rest of an aggregate is one JSON text (documents.h).
// `replicas` is a column because `scale` changes it without the rest.
constexpr std::array kMigrations{
    R"(
CREATE TABLE component (
  id TEXT PRIMARY KEY,
  content_hash TEXT NOT NULL,
  installed_at INTEGER NOT NULL,
  document TEXT NOT NULL,
  template TEXT NOT NULL
) STRICT;
CREATE TABLE deployment (
  id TEXT PRIMARY KEY,
  component_id TEXT NOT NULL REFERENCES component(id),
  desired TEXT NOT NULL,
  replicas INTEGER NOT NULL,
  document TEXT NOT NULL
) STRICT;
CREATE INDEX deployment_of_component ON deployment(component_id);
)",
    // What a deployment was before its last change, for `rollback`: one is kept.
    R"(
ALTER TABLE deployment ADD COLUMN generation INTEGER NOT NULL DEFAULT 1;
CREATE TABLE previous_generation (
  deployment_id TEXT PRIMARY KEY REFERENCES deployment(id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  component_id TEXT NOT NULL REFERENCES component(id),
  replicas INTEGER NOT NULL,
  document TEXT NOT NULL
) STRICT;
CREATE INDEX previous_generation_of_component ON previous_generation(component_id);
)",
};

}  // namespace

int schema_version() noexcept {
  return static_cast<int>(kMigrations.size());
}

Result<void> migrate(const Database& database) {
  ARCELLA_TRY(std::int64_t version, database.integer("PRAGMA user_version"));
  if (version > schema_version()) {
    return fail(ErrorCode::Conflict, "the state database is of a newer Arcella (schema " +
                                         std::to_string(version) + ", this one knows " +
                                         std::to_string(schema_version()) +
                                         "): start that one, or use another home");
  }
  if (version < 0) return fail(ErrorCode::Io, "the state database has an impossible version");
  ARCELLA_TRY_VOID(database.make_durable());
  if (version == schema_version()) return {};
  ARCELLA_TRY(Transaction transaction, Transaction::begin(database));
  for (auto i = static_cast<std::size_t>(version); i < kMigrations.size(); ++i) {
    ARCELLA_TRY_VOID(database.run(kMigrations[i]));
  }
  std::string set_version = "PRAGMA user_version = " + std::to_string(schema_version());
  ARCELLA_TRY_VOID(database.run(set_version.c_str()));
  return transaction.commit();
}

}  // namespace arcella::store
