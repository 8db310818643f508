// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "store/state_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/testing/temporary_folder.h"
#include "store/database.h"
#include "store/testing/file_size_limit.h"

namespace arcella::store {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

model::Component component(std::string_view id) {
  model::Component result{.id = model::ComponentId::parse(id).value()};
  result.description = "counts \"words\"\n\xc3\xa9";
  result.format = model::Format::CoreModule;
  result.kind = model::Kind::Http;
  result.needs_concurrency = true;
  result.imports = {{"wasi:cli/run@0.2.0", {}}};
  result.optional_imports = {"wasi:cli/run"};
  result.exports = {{"demo:calc/ops@1.0.0", {"add: func(a: u32, b: u32) -> u32", "neg: func()"}}};
  result.wit = "package demo:calc;\n";
  result.capabilities = {{"https://a.example"}, {"/data"}, {"LOG"}, true};
  result.content_hash = "abc123";
  result.wasm_bytes = 12'345'678'901;
  result.installed_at = 1'700'000'000;
  return result;
}

model::PolicyFields some_fields() {
  model::PolicyFields fields;
  fields.isolation = model::Isolation::Main;
  fields.trusted = true;
  fields.async = false;
  fields.startup = {"begin", "end", std::chrono::seconds(7)};
  fields.resources = {32, 1'000'000'000'000, 250};
  return fields;
}

model::Deployment deployment(std::string_view id, std::string_view of) {
  model::DeploymentSpec spec{.id = model::DeploymentId::parse(id).value(),
                             .component = model::ComponentId::parse(of).value()};
  spec.group = model::GroupName::parse("web").value();
  spec.replicas = 3;
  spec.args = {"-a", ""};
  spec.overrides.isolation = model::Isolation::Worker;
  spec.overrides.resources.fuel = 5;
  spec.env = {{"B", "2"}, {"A", "1"}};
  spec.allowed_hosts = {"https://a.example"};
  spec.mounts = {{"/srv", "/data", true}};
  spec.http_listen = model::HttpListen{"::1", 8080};
  spec.restart = {2, std::chrono::seconds(30), std::chrono::milliseconds(5), false};
  spec.direct = true;
  spec.fuse_with = {model::DeploymentId::parse("other").value()};
  spec.config = {{"key", "value"}};
  spec.http_route = model::HttpRoute{"a.example", "/api"};
  spec.wiring = {{"demo:calc/ops@1.0.0", model::DeploymentId::parse("calc").value()}};
  spec.update = {model::UpdateStrategy::Recreate, std::chrono::milliseconds(7), false};
  spec.provider_wait = std::chrono::milliseconds(8);
  model::Policy policy = model::merge(some_fields(), spec.overrides);
  return {std::move(spec), std::move(policy)};
}

class StateStoreTest : public ::testing::Test {
 protected:
  StateStoreTest() { reopen(); }
  void reopen() {
    store_.reset();
    auto store = StateStore::open(path_);
    ASSERT_TRUE(store.has_value()) << store.error().message();
    store_ = std::move(store).value();
  }
  ErrorCode code(const Result<void>& result) {
    EXPECT_FALSE(result.has_value());
    return result.has_value() ? ErrorCode::Internal : result.error().code();
  }

  TemporaryFolder folder_;
  std::string path_ = folder_ / "state/arcella.db";
  std::unique_ptr<StateStore> store_;
};

TEST_F(StateStoreTest, IsEmptyAtFirst) {
  EXPECT_THAT(store_->load_components().value(), IsEmpty());
  EXPECT_THAT(store_->load_deployments().value(), IsEmpty());
}

TEST_F(StateStoreTest, KeepsAComponentAcrossARestart) {
  model::Component sent = component("count@1.0.0");
  ASSERT_TRUE(store_->add_component(sent, some_fields()).has_value());
  reopen();
  auto components = store_->load_components().value();
  ASSERT_EQ(components.size(), 1U);
  const model::Component& read = components.front();
  EXPECT_EQ(read.id, sent.id);
  EXPECT_EQ(read.description, sent.description);
  EXPECT_EQ(read.format, sent.format);
  EXPECT_EQ(read.kind, sent.kind);
  EXPECT_EQ(read.needs_concurrency, sent.needs_concurrency);
  EXPECT_EQ(read.imports, sent.imports);
  EXPECT_EQ(read.optional_imports, sent.optional_imports);
  EXPECT_EQ(read.exports, sent.exports);
  EXPECT_EQ(read.wit, sent.wit);
  EXPECT_EQ(read.capabilities, sent.capabilities);
  EXPECT_EQ(read.content_hash, sent.content_hash);
  EXPECT_EQ(read.wasm_bytes, sent.wasm_bytes);
  EXPECT_EQ(read.installed_at, sent.installed_at);
  EXPECT_EQ(store_->component_template(sent.id).value(), some_fields());
}

TEST_F(StateStoreTest, KeepsADeploymentAcrossARestart) {
  ASSERT_TRUE(store_->add_component(component("count@1.0.0"), some_fields()).has_value());
  model::Deployment sent = deployment("web", "count@1.0.0");
  ASSERT_TRUE(store_->put_deployments({sent}).has_value());
  ASSERT_TRUE(store_->set_desired(sent.spec.id, model::Desired::Running).has_value());
  reopen();
  auto deployments = store_->load_deployments().value();
  ASSERT_EQ(deployments.size(), 1U);
  EXPECT_EQ(deployments[0].deployment.spec, sent.spec);
  EXPECT_EQ(deployments[0].deployment.policy, sent.policy);
  EXPECT_EQ(deployments[0].desired, model::Desired::Running);
}

TEST_F(StateStoreTest, RefusesTheSameComponentTwice) {
  ASSERT_TRUE(store_->add_component(component("a@1.0.0"), {}).has_value());
  EXPECT_EQ(code(store_->add_component(component("a@1.0.0"), {})), ErrorCode::AlreadyExists);
  EXPECT_TRUE(store_->add_component(component("a@1.0.1"), {}).has_value());
}

TEST_F(StateStoreTest, AComponentsContentIsReplacedUnderItsDeployments) {
  model::Component changed = component("a@1.0.0");
  EXPECT_EQ(store_->replace_component(changed, {}).error().code(), ErrorCode::NotFound);
  ASSERT_TRUE(store_->add_component(changed, {}).has_value());
  ASSERT_TRUE(store_->put_deployments({deployment("web", "a@1.0.0")}).has_value());
  changed.content_hash = "def456";
  changed.wit = "package other:one;";
  ASSERT_TRUE(store_->replace_component(changed, some_fields()).has_value());
  auto components = store_->load_components();
  ASSERT_TRUE(components.has_value());
  ASSERT_EQ(components->size(), 1U);
  EXPECT_EQ(components->front().content_hash, "def456");
  EXPECT_EQ(components->front().wit, "package other:one;");
  EXPECT_EQ(store_->component_template(changed.id).value(), some_fields());
  EXPECT_EQ(store_->load_deployments()->size(), 1U);
}

TEST_F(StateStoreTest, AComponentInUseStays) {
  ASSERT_TRUE(store_->add_component(component("a@1.0.0"), {}).has_value());
  ASSERT_TRUE(store_->put_deployments({deployment("web", "a@1.0.0"), deployment("api", "a@1.0.0")})
                  .has_value());
  auto id = model::ComponentId::parse("a@1.0.0").value();
  auto removed = store_->remove_component(id);
  EXPECT_EQ(code(removed), ErrorCode::Conflict);
  EXPECT_THAT(removed.error().message(), HasSubstr("api, web"));
  ASSERT_TRUE(store_->remove_deployment(model::DeploymentId::parse("web").value()).has_value());
  ASSERT_TRUE(store_->remove_deployment(model::DeploymentId::parse("api").value()).has_value());
  EXPECT_TRUE(store_->remove_component(id).has_value());
  EXPECT_THAT(store_->load_components().value(), IsEmpty());
}

TEST_F(StateStoreTest, PutsAllDeploymentsOrNone) {
  ASSERT_TRUE(store_->add_component(component("a@1.0.0"), {}).has_value());
  auto put =
      store_->put_deployments({deployment("web", "a@1.0.0"), deployment("api", "gone@1.0.0")});
  EXPECT_EQ(code(put), ErrorCode::NotFound);
  EXPECT_THAT(put.error().message(), HasSubstr("gone@1.0.0"));
  EXPECT_THAT(store_->load_deployments().value(), IsEmpty());
}

TEST_F(StateStoreTest, AReplacedDeploymentKeepsItsDesiredState) {
  ASSERT_TRUE(store_->add_component(component("a@1.0.0"), some_fields()).has_value());
  model::Deployment first = deployment("web", "a@1.0.0");
  ASSERT_TRUE(store_->put_deployments({first}).has_value());
  ASSERT_TRUE(store_->set_desired(first.spec.id, model::Desired::Completed).has_value());
  first.spec.args = {"new"};
  first.spec.replicas = 9;
  ASSERT_TRUE(store_->put_deployments({first}).has_value());
  auto deployments = store_->load_deployments().value();
  ASSERT_EQ(deployments.size(), 1U);
  EXPECT_EQ(deployments[0].deployment.spec, first.spec);
  EXPECT_EQ(deployments[0].desired, model::Desired::Completed);
}

TEST_F(StateStoreTest, KeepsThePreviousGenerationOfWhatIsReplaced) {
  ASSERT_TRUE(store_->add_component(component("a@1.0.0"), some_fields()).has_value());
  ASSERT_TRUE(store_->add_component(component("a@1.1.0"), {}).has_value());
  model::Deployment first = deployment("web", "a@1.0.0");
  ASSERT_TRUE(store_->put_deployments({deployment("api", "a@1.0.0"), first}).has_value());
  ASSERT_TRUE(store_->set_replicas(first.spec.id, 7).has_value());
  first.spec.replicas = 7;
  model::Deployment second = deployment("web", "a@1.1.0");
  second.spec.args = {"new"};
  ASSERT_TRUE(store_->put_deployments({second}).has_value());
  reopen();
  auto stored = store_->load_deployments().value();
  ASSERT_EQ(stored.size(), 2U);
  EXPECT_EQ(stored[0].generation, 1);
  EXPECT_FALSE(stored[0].previous.has_value());
  EXPECT_EQ(stored[1].generation, 2);
  EXPECT_EQ(stored[1].previous, (model::Generation{1, first.spec}));
  // Back again is a change like any other: the number grows, and what was is kept.
  ASSERT_TRUE(store_->put_deployments({first}).has_value());
  stored = store_->load_deployments().value();
  EXPECT_EQ(stored[1].generation, 3);
  EXPECT_EQ(stored[1].deployment.spec, first.spec);
  EXPECT_EQ(stored[1].previous, (model::Generation{2, second.spec}));
  ASSERT_TRUE(store_->remove_deployment(first.spec.id).has_value());
  EXPECT_TRUE(store_->remove_component(second.spec.component).has_value());
}

TEST_F(StateStoreTest, AComponentTakesThePreviousGenerationsThatUseItAlong) {
  ASSERT_TRUE(store_->add_component(component("a@1.0.0"), {}).has_value());
  ASSERT_TRUE(store_->add_component(component("a@1.1.0"), {}).has_value());
  ASSERT_TRUE(store_->put_deployments({deployment("web", "a@1.0.0")}).has_value());
  ASSERT_TRUE(store_->put_deployments({deployment("web", "a@1.1.0")}).has_value());
  ASSERT_TRUE(store_->remove_component(model::ComponentId::parse("a@1.0.0").value()).has_value());
  auto stored = store_->load_deployments().value();
  EXPECT_EQ(stored[0].generation, 2);
  EXPECT_FALSE(stored[0].previous.has_value());
}

TEST_F(StateStoreTest, PutsAComponentAndItsDeploymentsAsOne) {
  ASSERT_TRUE(store_->add_component(component("a@1.0.0"), {}).has_value());
  ASSERT_TRUE(store_->put_deployments({deployment("web", "a@1.0.0")}).has_value());
  std::vector<model::Deployment> moved{deployment("web", "a@1.1.0"),
                                       deployment("api", "gone@1.0.0")};
  EXPECT_EQ(code(store_->put_deployments(moved, component("a@1.1.0"), {})), ErrorCode::NotFound);
  EXPECT_EQ(store_->load_components().value().size(), 1U);
  EXPECT_EQ(store_->load_deployments().value()[0].generation, 1);
  moved.pop_back();
  EXPECT_TRUE(store_->put_deployments(moved, component("a@1.1.0"), some_fields()).has_value());
  EXPECT_EQ(store_->load_components().value().size(), 2U);
  auto stored = store_->load_deployments().value();
  ASSERT_EQ(stored.size(), 1U);
  EXPECT_EQ(stored[0].deployment.spec, moved[0].spec);
  EXPECT_EQ(stored[0].deployment.policy, moved[0].policy);
  EXPECT_EQ(code(store_->put_deployments(moved, component("a@1.1.0"), {})),
            ErrorCode::AlreadyExists);
}

TEST_F(StateStoreTest, ScalesWithoutTouchingTheRest) {
  ASSERT_TRUE(store_->add_component(component("a@1.0.0"), some_fields()).has_value());
  model::Deployment sent = deployment("web", "a@1.0.0");
  ASSERT_TRUE(store_->put_deployments({sent}).has_value());
  ASSERT_TRUE(store_->set_replicas(sent.spec.id, 0).has_value());
  sent.spec.replicas = 0;
  EXPECT_EQ(store_->load_deployments().value()[0].deployment.spec, sent.spec);
}

TEST_F(StateStoreTest, WhatIsNotThereIsNotFound) {
  auto id = model::DeploymentId::parse("web").value();
  EXPECT_EQ(code(store_->set_desired(id, model::Desired::Running)), ErrorCode::NotFound);
  EXPECT_EQ(code(store_->set_replicas(id, 1)), ErrorCode::NotFound);
  EXPECT_EQ(code(store_->remove_deployment(id)), ErrorCode::NotFound);
  auto component_id = model::ComponentId::parse("a@1.0.0").value();
  EXPECT_EQ(code(store_->remove_component(component_id)), ErrorCode::NotFound);
  EXPECT_FALSE(store_->component_template(component_id).has_value());
}

TEST_F(StateStoreTest, WhatIsCommittedIsThereAfterACrash) {
  // A crash is a copy of the files at that moment: the connection that made them never closes.
  ASSERT_TRUE(store_->add_component(component("a@1.0.0"), {}).has_value());
  TemporaryFolder crashed;
  std::filesystem::copy(folder_ / "state", crashed / "state",
                        std::filesystem::copy_options::recursive);
  auto store = StateStore::open(crashed / "state/arcella.db");
  ASSERT_TRUE(store.has_value());
  EXPECT_EQ(store.value()->load_components().value().size(), 1U);
}

TEST_F(StateStoreTest, ADatabaseOfANewerProgramIsLeftUntouched) {
  store_.reset();
  {
    Database database = Database::open(path_).value();
    ASSERT_TRUE(database.run("PRAGMA user_version = 99").has_value());
    ASSERT_TRUE(database.run("PRAGMA wal_checkpoint(TRUNCATE)").has_value());
  }
  std::string before = content(path_);
  auto store = StateStore::open(path_);
  ASSERT_FALSE(store.has_value());
  EXPECT_EQ(store.error().code(), ErrorCode::Conflict);
  EXPECT_THAT(store.error().message(), HasSubstr("newer"));
  EXPECT_EQ(content(path_), before);
}

TEST_F(StateStoreTest, DamageIsReportedAndNamed) {
  ASSERT_TRUE(store_->add_component(component("a@1.0.0"), {}).has_value());
  {
    Database database = Database::open(path_).value();
    ASSERT_TRUE(database.run("UPDATE component SET document = '{\"format\":7}'").has_value());
  }
  auto components = store_->load_components();
  ASSERT_FALSE(components.has_value());
  EXPECT_EQ(components.error().code(), ErrorCode::Io);
  EXPECT_THAT(components.error().message(), HasSubstr("a@1.0.0"));
}

TEST_F(StateStoreTest, AWriteThatFailsChangesNothing) {
  // A full disk is NoSpace (Database, AFullDatabaseIsNoSpace); a file-size limit, which tests can
  // set, is not told from other failures by SQLite.
  ASSERT_TRUE(store_->add_component(component("a@1.0.0"), {}).has_value());
  model::Component large = component("b@1.0.0");
  large.wit = std::string(1 << 20, 'x');
  {
    testing::FileSizeLimit limit(256 << 10);
    EXPECT_FALSE(store_->add_component(large, {}).has_value());
  }
  EXPECT_EQ(store_->load_components().value().size(), 1U);
  EXPECT_TRUE(store_->add_component(large, {}).has_value());
}

TEST(StateStore, LivesInMemoryForTests) {
  auto store = StateStore::open(":memory:");
  ASSERT_TRUE(store.has_value());
  EXPECT_TRUE(store.value()->add_component(component("a@1.0.0"), {}).has_value());
}

}  // namespace
}  // namespace arcella::store
