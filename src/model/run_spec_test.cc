// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/run_spec.h"

#include <gtest/gtest.h>

namespace arcella::model {
namespace {

TEST(RunSpec, TakesWhatTheProcessNeedsFromBoth) {
  Component component{.id = ComponentId::parse("word-count@0.2.0").value(), .kind = Kind::Command};
  Deployment deployment{
      .spec = {.id = DeploymentId::parse("count").value(), .component = component.id},
      .policy = {}};
  deployment.spec.args = {"-l"};
  deployment.spec.env = {{"LANG", "C"}};
  deployment.spec.mounts = {{"/srv", "/data", true}};
  deployment.spec.allowed_hosts = {"https://a.example"};
  deployment.spec.config = {{"greeting", "hello"}};
  deployment.policy.entrypoint = "begin";
  deployment.policy.shutdown = "end";
  deployment.policy.startup_timeout = std::chrono::seconds(3);
  deployment.policy.call_timeout = std::chrono::milliseconds(70);
  deployment.policy.memory_bytes = 5 << 20;
  deployment.policy.fuel = 9;

  RunSpec expected{.deployment = deployment.spec.id};
  expected.program = "word-count";
  expected.kind = Kind::Command;
  expected.args = {"-l"};
  expected.env = {{"LANG", "C"}};
  expected.mounts = {{"/srv", "/data", true}};
  expected.allowed_hosts = {"https://a.example"};
  expected.config = {{"greeting", "hello"}};
  expected.entrypoint = "begin";
  expected.shutdown = "end";
  expected.startup_timeout = std::chrono::milliseconds(3000);
  expected.call_timeout = std::chrono::milliseconds(70);
  expected.memory_bytes = 5 << 20;
  expected.fuel = 9;
  EXPECT_EQ(run_spec_of(deployment, component, "/home"), expected);
}

TEST(RunSpec, HasAFolderForKeysWhereTheComponentAsksForThem) {
  Component component{.id = ComponentId::parse("notes@1.0.0").value()};
  const Deployment deployment{
      .spec = {.id = DeploymentId::parse("mine").value(), .component = component.id}, .policy = {}};
  component.imports = {{"wasi:config/store@0.2.0-rc.1", {}}};
  EXPECT_EQ(run_spec_of(deployment, component, "/home").keys_folder, std::nullopt);
  component.imports.push_back({"wasi:keyvalue/store@0.2.0-draft", {}});
  EXPECT_EQ(run_spec_of(deployment, component, "/home").keys_folder, "/home/state/keys/mine");
}

}  // namespace
}  // namespace arcella::model
