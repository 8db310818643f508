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
  expected.entrypoint = "begin";
  expected.shutdown = "end";
  expected.startup_timeout = std::chrono::milliseconds(3000);
  expected.call_timeout = std::chrono::milliseconds(70);
  expected.memory_bytes = 5 << 20;
  expected.fuel = 9;
  EXPECT_EQ(run_spec_of(deployment, component), expected);
}

}  // namespace
}  // namespace arcella::model
