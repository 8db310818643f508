// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "alme_proto/change_params.h"

#include <gtest/gtest.h>

namespace arcella::alme_proto {
namespace {

TEST(UpdateParams, SurviveTheWayThere) {
  auto package = UpdateParams::from_json(UpdateParams{"calc", "/calc", {}, true}.to_json());
  ASSERT_TRUE(package.has_value()) << package.error().message();
  EXPECT_EQ(package->target, "calc");
  EXPECT_EQ(package->path, "/calc");
  EXPECT_FALSE(package->to.has_value());
  EXPECT_TRUE(package->force);
  auto installed = UpdateParams::from_json(UpdateParams{"web", {}, "calc@1.1.0"}.to_json());
  ASSERT_TRUE(installed.has_value()) << installed.error().message();
  EXPECT_EQ(installed->to, "calc@1.1.0");
  EXPECT_FALSE(installed->force);
}

TEST(UpdateParams, TakeExactlyOneOfPathAndTo) {
  for (const UpdateParams& wrong :
       {UpdateParams{"web", {}, {}}, UpdateParams{"web", "/calc", "calc@1.1.0"}}) {
    auto params = UpdateParams::from_json(wrong.to_json());
    ASSERT_FALSE(params.has_value());
    EXPECT_EQ(params.error().code(), ErrorCode::InvalidParams);
  }
}

TEST(UpdateResult, SurvivesTheWayBack) {
  UpdateResult sent;
  sent.component = "calc@1.1.0";
  sent.deployments.resize(1);
  sent.deployments[0].id = "calc";
  sent.deployments[0].generation = 2;
  auto result = UpdateResult::from_json(sent.to_json());
  ASSERT_TRUE(result.has_value()) << result.error().message();
  EXPECT_EQ(result->component, "calc@1.1.0");
  ASSERT_EQ(result->deployments.size(), 1U);
  EXPECT_EQ(result->deployments[0].generation, 2);
}

TEST(StartParams, TakeADeploymentOrSeveralOrAGroup) {
  EXPECT_EQ(StartParams::from_json(StartParams{"calc", {}, {}}.to_json())->deployment, "calc");
  EXPECT_EQ(StartParams::from_json(StartParams{{}, {}, "math"}.to_json())->group, "math");
  const std::vector<std::string> both{"a", "b"};
  EXPECT_EQ(StartParams::from_json(StartParams{{}, both, {}}.to_json())->deployments, both);
  for (const StartParams& wrong :
       {StartParams{}, StartParams{"calc", {}, "math"}, StartParams{"calc", both, {}}}) {
    auto params = StartParams::from_json(wrong.to_json());
    ASSERT_FALSE(params.has_value());
    EXPECT_EQ(params.error().code(), ErrorCode::InvalidParams);
  }
}

TEST(UndeployParams, SurviveTheWayThere) {
  auto params = UndeployParams::from_json(UndeployParams{"calc", true}.to_json());
  ASSERT_TRUE(params.has_value());
  EXPECT_EQ(params->deployment, "calc");
  EXPECT_TRUE(params->force);
}

TEST(DeployPlan, SurvivesTheWayBack) {
  DeployPlan sent{{{"calc", "replace", {"stop calc/0", "start calc/0"}},
                   {"web", "create", {}},
                   {"many", "scale", {}, model::PlannedChange::Replicas{2, 5}}}};
  auto plan = DeployPlan::from_json(sent.to_json());
  ASSERT_TRUE(plan.has_value()) << plan.error().message();
  ASSERT_EQ(plan->changes.size(), 3U);
  EXPECT_EQ(plan->changes[0].deployment, "calc");
  EXPECT_EQ(plan->changes[0].change, "replace");
  EXPECT_EQ(plan->changes[0].actions.size(), 2U);
  EXPECT_TRUE(plan->changes[1].actions.empty());
  EXPECT_FALSE(plan->changes[1].scaled.has_value());
  ASSERT_TRUE(plan->changes[2].scaled.has_value());
  EXPECT_EQ(plan->changes[2].scaled->from, 2);
  EXPECT_EQ(plan->changes[2].scaled->to, 5);
}

}  // namespace
}  // namespace arcella::alme_proto
