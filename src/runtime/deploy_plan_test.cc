// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/deploy_plan.h"

#include <gtest/gtest.h>

#include "runtime/testing/samples.h"

namespace arcella::runtime {
namespace {

using testing::deployment_id;
using testing::group_name;
using testing::sample_component;
using testing::sample_deployment;
using Texts = std::vector<std::string>;

// calc runs in the worker of math with two replicas; idle is there and stopped.
class DeployPlanTest : public ::testing::Test {
 protected:
  DeployPlanTest() {
    registry_.add({sample_component("calc@1.0.0"), {}});
    registry_.put(calc_).desired = model::Desired::Running;
    registry_.put(idle_);
    model::DesiredDeployment desired{.id = calc_.spec.id, .running = true};
    desired.place = group_name("math");
    desired.replicas = 2;
    desired.revision = 1;
    situation_.desired = {desired, {.id = idle_.spec.id}};
    model::ObservedDeployment observed{.id = calc_.spec.id, .place = desired.place};
    observed.loaded = true;
    observed.revision = 1;
    observed.instances = {{0, model::InstanceState::Ready}, {1, model::InstanceState::Ready}};
    situation_.observed = {observed};
    situation_.workers = {{group_name("math"), model::WorkerState::Up, {}}};
  }
  std::vector<model::PlannedChange> plan(const std::vector<model::Deployment>& asked,
                                         const std::vector<model::Deployment>& changed) {
    std::vector<model::DeploymentId> ids;
    for (const model::Deployment& deployment : asked) ids.push_back(deployment.spec.id);
    return planned_changes(registry_, situation_, ids, changed);
  }

  model::Deployment calc_ = sample_deployment("calc", "calc@1.0.0", "math", 2);
  model::Deployment idle_ = sample_deployment("idle", "calc@1.0.0", "math");
  Registry registry_;
  model::Situation situation_;
};

TEST_F(DeployPlanTest, WhatIsAsItIsThereIsUnchanged) {
  auto changes = plan({calc_, idle_}, {});
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0].deployment, "calc");
  EXPECT_EQ(changes[0].change, "unchanged");
  EXPECT_EQ(changes[0].actions, Texts());
}

TEST_F(DeployPlanTest, WhatRunsIsReplacedStepByStep) {
  calc_.spec.args = {"-v"};
  auto changes = plan({calc_}, {calc_});
  EXPECT_EQ(changes[0].change, "replace");
  EXPECT_EQ(changes[0].actions,
            (Texts{"stop calc/0..1", "unload calc", "load calc", "start calc/0..1"}));
}

TEST_F(DeployPlanTest, AMoveNamesBothWorkers) {
  calc_.spec.group = group_name("more");
  EXPECT_EQ(plan({calc_}, {calc_})[0].actions,
            (Texts{"stop calc/0..1", "ensure worker more", "unload calc", "stop worker math",
                   "load calc", "start calc/0..1"}));
}

TEST_F(DeployPlanTest, WhatIsOnlyScaledKeepsItsReplicas) {
  calc_.spec.replicas = 3;
  auto changes = plan({calc_}, {calc_});
  EXPECT_EQ(changes[0].change, "scale");
  ASSERT_TRUE(changes[0].scaled.has_value());
  EXPECT_EQ(changes[0].scaled->from, 2);
  EXPECT_EQ(changes[0].scaled->to, 3);
  EXPECT_EQ(changes[0].actions, Texts{"start calc/2"});
}

TEST_F(DeployPlanTest, WhatIsOnlyWiredAnewKeepsItsReplicas) {
  calc_.spec.wiring.emplace_back("demo:log/log", model::DeploymentId::parse("log").value());
  auto changes = plan({calc_}, {calc_});
  EXPECT_EQ(changes[0].change, "adjust");
  EXPECT_EQ(changes[0].actions, Texts());
}

TEST_F(DeployPlanTest, WhatIsAlsoMadeAnewIsReplaced) {
  calc_.spec.replicas = 3;
  calc_.spec.args = {"-v"};
  auto changes = plan({calc_}, {calc_});
  EXPECT_EQ(changes[0].change, "replace");
  EXPECT_FALSE(changes[0].scaled.has_value());
}

TEST_F(DeployPlanTest, WhatDoesNotRunIsScaledToo) {
  idle_.spec.replicas = 4;
  auto changes = plan({idle_}, {idle_});
  EXPECT_EQ(changes[0].change, "scale");
  ASSERT_TRUE(changes[0].scaled.has_value());
  EXPECT_EQ(changes[0].scaled->from, 1);
  EXPECT_EQ(changes[0].scaled->to, 4);
}

TEST_F(DeployPlanTest, WhatDoesNotRunNeedsNoAction) {
  idle_.spec.args = {"-v"};
  model::Deployment fresh = sample_deployment("fresh", "calc@1.0.0", "math");
  auto changes = plan({idle_, fresh}, {idle_, fresh});
  EXPECT_EQ(changes[0].change, "replace");
  EXPECT_EQ(changes[0].actions, Texts());
  EXPECT_EQ(changes[1].change, "create");
  EXPECT_EQ(changes[1].actions, Texts());
}

}  // namespace
}  // namespace arcella::runtime
