// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/registry.h"

#include <gtest/gtest.h>

#include "runtime/testing/samples.h"

namespace arcella::runtime {
namespace {

using model::InstanceState;
using testing::component_id;
using testing::deployment_id;
using testing::sample_component;
using testing::sample_deployment;

Registry with_components(std::initializer_list<std::string_view> ids) {
  Registry registry;
  for (std::string_view id : ids) registry.add({sample_component(id), {}});
  return registry;
}

TEST(Registry, FindsAComponentByItsBareNameWhenThereIsOneVersion) {
  Registry registry = with_components({"calc@1.0.0", "greeter@1.0.0", "greeter@2.0.0"});
  ASSERT_TRUE(registry.find_component("calc").has_value());
  EXPECT_TRUE(registry.find_component("greeter@2.0.0").has_value());
  auto several = registry.find_component("greeter");
  ASSERT_FALSE(several.has_value());
  EXPECT_EQ(several.error().code(), ErrorCode::Conflict);
  EXPECT_NE(several.error().message().find("greeter@1.0.0, greeter@2.0.0"), std::string::npos);
}

TEST(Registry, ProposesTheNearestName) {
  Registry registry = with_components({"calc@1.0.0"});
  registry.put(sample_deployment("calc-math", "calc@1.0.0", "math"));
  auto wrong = registry.find_deployment("calc-mth");
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().code(), ErrorCode::NotFound);
  EXPECT_NE(wrong.error().message().find("did you mean 'calc-math'"), std::string::npos);
  EXPECT_EQ(registry.find_deployment("no such thing\n").error().code(), ErrorCode::NotFound);
}

TEST(Registry, KeepsTheSlotAndChangesTheRevisionOfADeploymentThatIsPutAgain) {
  Registry registry = with_components({"calc@1.0.0"});
  DeploymentRecord& record = registry.put(sample_deployment("calc", "calc@1.0.0", "math"));
  std::uint32_t slot = record.slot;
  std::uint64_t revision = record.revision;
  model::Deployment changed = sample_deployment("calc", "calc@1.0.0", "math", 3);
  changed.spec.args = {"-v"};
  DeploymentRecord& again = registry.put(std::move(changed));
  EXPECT_EQ(again.slot, slot);
  EXPECT_NE(again.revision, revision);
  EXPECT_EQ(again.instances.size(), 3U);
  EXPECT_NE(registry.put(sample_deployment("other", "calc@1.0.0", "math")).slot, slot);
}

TEST(Registry, KeepsTheRevisionOfWhatIsOnlyScaled) {
  Registry registry = with_components({"calc@1.0.0"});
  std::uint64_t revision = registry.put(sample_deployment("calc", "calc@1.0.0", "math")).revision;
  model::Deployment scaled = sample_deployment("calc", "calc@1.0.0", "math", 3);
  scaled.spec.restart.attempts = 1;
  EXPECT_EQ(registry.put(std::move(scaled)).revision, revision);
}

TEST(Registry, UnitesTheNeedsOfWhatRunsInMain) {
  Registry registry = with_components({"calc@1.0.0"});
  model::Deployment metered = sample_deployment("metered", "calc@1.0.0", "");
  metered.policy.fuel = 1;
  registry.put(sample_deployment("calc", "calc@1.0.0", "")).desired = model::Desired::Running;
  DeploymentRecord& record = registry.put(std::move(metered));
  EXPECT_FALSE(registry.main_needs().fuel);
  record.desired = model::Desired::Running;
  EXPECT_TRUE(registry.main_needs().fuel);
}

TEST(Registry, KnowsWhatCannotBeStarted) {
  model::Component empty = sample_component("empty@1.0.0");
  empty.exports = {{"demo:types/types@1.0.0", {}}};
  model::Policy policy;
  EXPECT_FALSE(can_run(empty, policy));
  policy.entrypoint = "start";
  EXPECT_TRUE(can_run(empty, policy));
  EXPECT_TRUE(can_run(sample_component("calc@1.0.0"), {}));
  EXPECT_TRUE(can_run(sample_component("job@1.0.0", model::Kind::Command), {}));
}

TEST(DeploymentView, DerivesTheStateFromWhatIsWantedAndObserved) {
  Registry registry = with_components({"calc@1.0.0"});
  DeploymentRecord& record = registry.put(sample_deployment("calc", "calc@1.0.0", "math", 2));
  EXPECT_EQ(state_of(record), "stopped");
  record.desired = model::Desired::Running;
  EXPECT_EQ(state_of(record), "starting");
  record.instances[0].state = InstanceState::Ready;
  EXPECT_EQ(state_of(record), "degraded");
  record.instances[1].state = InstanceState::Ready;
  EXPECT_EQ(state_of(record), "running");
  EXPECT_EQ(view_of(record).ready, 2);
  record.desired = model::Desired::Stopped;
  EXPECT_EQ(state_of(record), "stopping");
  record.desired = model::Desired::Completed;
  EXPECT_EQ(state_of(record), "completed");
}

TEST(DeploymentView, AGivenUpDeploymentThatStillServesIsDegraded) {
  Registry registry = with_components({"calc@1.0.0"});
  DeploymentRecord& record = registry.put(sample_deployment("calc", "calc@1.0.0", "math", 2));
  record.desired = model::Desired::Running;
  record.failure = "given up: trap";
  record.instances[0].state = InstanceState::Failed;
  record.instances[1].state = InstanceState::Failed;
  EXPECT_EQ(state_of(record), "failed");
  record.instances[1].state = InstanceState::Ready;
  EXPECT_EQ(state_of(record), "degraded");
  EXPECT_EQ(view_of(record).reason, "given up: trap");
}

TEST(InstanceView, LeavesOutWhatWasNeverStarted) {
  Registry registry = with_components({"calc@1.0.0"});
  DeploymentRecord& record = registry.put(sample_deployment("calc", "calc@1.0.0", "math", 3));
  record.instances[1].state = InstanceState::Ready;
  record.instances[2].state = InstanceState::Failed;
  auto views = instance_views(record, 42);
  ASSERT_EQ(views.size(), 2U);
  EXPECT_EQ(views[0].id, "calc/1");
  EXPECT_EQ(views[0].pid, 42);
  EXPECT_EQ(views[1].pid, 0);
}

}  // namespace
}  // namespace arcella::runtime
