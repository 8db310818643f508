// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// A home that an older Arcella wrote is opened by this one with all that was in it.
#include "store/schema.h"

#include <gtest/gtest.h>

#include "base/testing/temporary_folder.h"
#include "store/state_store.h"

namespace arcella::store {
namespace {

// The database of schema 1 as that program made it, with a component and two deployments.
constexpr const char* kSchema1 = R"(
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
INSERT INTO component VALUES ('calc@1.0.0', 'abc123', 1700000000,
  '{"description":"","format":"component","kind":"service","needs_concurrency":false,"imports":[],
    "exports":[{"name":"demo:calc/ops@1.0.0","functions":["add: func(a: u32, b: u32) -> u32"]}],
    "wit":"package demo:calc;","wasm_bytes":77103,
    "capabilities":{"network":[],"filesystem":[],"environment":[]}}', '{}');
INSERT INTO deployment VALUES ('calc', 'calc@1.0.0', 'running', 1,
  '{"args":["-a"],"overrides":{},"env":[],"allowed_hosts":[],"mounts":[],
    "restart":{"attempts":5,"interval_seconds":10,"delay_ms":100,"give_up":true}}');
INSERT INTO deployment VALUES ('calc-math', 'calc@1.0.0', 'stopped', 3, '{"group":"math"}');
PRAGMA user_version = 1;
)";

TEST(Schema, ADatabaseOfSchema1KeepsItsRows) {
  TemporaryFolder folder;
  const std::string path = folder / "arcella.db";
  {
    Database database = Database::open(path).value();
    ASSERT_TRUE(database.run(kSchema1).has_value());
  }
  auto store = StateStore::open(path);
  ASSERT_TRUE(store.has_value()) << store.error().message();
  EXPECT_EQ((*store)->load_components().value().size(), 1U);
  auto deployments = (*store)->load_deployments().value();
  ASSERT_EQ(deployments.size(), 2U);
  EXPECT_EQ(deployments[0].deployment.spec.id.str(), "calc");
  EXPECT_EQ(deployments[0].deployment.spec.args, std::vector<std::string>{"-a"});
  EXPECT_EQ(deployments[0].desired, model::Desired::Running);
  EXPECT_EQ(deployments[1].deployment.spec.replicas, 3);
  for (const StoredDeployment& stored : deployments) {
    EXPECT_EQ(stored.generation, 1);
    EXPECT_FALSE(stored.previous.has_value());
  }
}

TEST(Schema, AMigratedDatabaseTakesChanges) {
  TemporaryFolder folder;
  const std::string path = folder / "arcella.db";
  {
    Database database = Database::open(path).value();
    ASSERT_TRUE(database.run(kSchema1).has_value());
  }
  auto store = StateStore::open(path);
  ASSERT_TRUE(store.has_value()) << store.error().message();
  model::Deployment changed = (*store)->load_deployments().value()[0].deployment;
  changed.spec.args = {"-v"};
  ASSERT_TRUE((*store)->put_deployments({changed}).has_value());
  auto stored = (*store)->load_deployments().value()[0];
  EXPECT_EQ(stored.generation, 2);
  ASSERT_TRUE(stored.previous.has_value());
  EXPECT_EQ(stored.previous->number, 1);
  EXPECT_EQ(stored.previous->spec.args, std::vector<std::string>{"-a"});
  Database database = Database::open(path).value();
  EXPECT_EQ(database.integer("PRAGMA user_version").value(), schema_version());
}

}  // namespace
}  // namespace arcella::store
