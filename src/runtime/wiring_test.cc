// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/wiring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/testing/samples.h"

namespace arcella::runtime {
namespace {

using model::ImportState;
using testing::deployment_id;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kAdd;
using testing::kOps;
using ::testing::Not;
using testing::sample_component;
using testing::sample_deployment;

// `calc`, a sample component, exports what `web` imports.
class WiringTest : public ::testing::Test {
 protected:
  WiringTest() {
    registry_.add({sample_component("calc@1.0.0"), {}});
    model::Component web = sample_component("web@1.0.0");
    web.exports = {{"demo:web/pages@1.0.0", {"get: func() -> string"}}};
    web.imports = {{"wasi:io/poll@0.2.6", {"poll: func()"}}, {kOps, {kAdd}}};
    registry_.add({web, {}});
  }

  // Each with one replica, which is ready if it is to run.
  DeploymentRecord& deploy(std::string_view id, std::string_view component, bool running) {
    DeploymentRecord& record = registry_.put(sample_deployment(id, component, "g"));
    record.desired = running ? model::Desired::Running : model::Desired::Stopped;
    record.instances[0].state =
        running ? model::InstanceState::Ready : model::InstanceState::Stopped;
    return record;
  }
  Result<void> check(std::string_view id, const Together& together = {}) {
    return check_imports(registry_, registry_.find(deployment_id(id))->deployment, together);
  }
  std::vector<std::string> order(const std::vector<model::DeploymentId>& ids) {
    std::vector<std::string> texts;
    for (const model::DeploymentId& id : in_start_order(registry_, ids)) texts.push_back(id.str());
    return texts;
  }

  Registry registry_;
};

TEST_F(WiringTest, SaysWhatGoesFromWorkerToWorker) {
  model::Deployment web = sample_deployment("web", "web@1.0.0", "front");
  web.spec.direct = true;
  registry_.put(web).desired = model::Desired::Running;
  deploy("calc", "calc@1.0.0", true);
  const auto why = [&] { return bindings_of(registry_).at(0).import.why; };
  EXPECT_THAT(why(), EndsWith(", direct"));
  web.spec.group = registry_.find(deployment_id("calc"))->deployment.spec.group;
  registry_.put(web);
  EXPECT_THAT(why(), Not(EndsWith(", direct"))) << "both are in one worker";
  web.spec.group = testing::group_name("front");
  web.spec.direct = false;
  registry_.put(web);
  EXPECT_THAT(why(), Not(EndsWith(", direct")));
}

TEST_F(WiringTest, OnlyAReplicaThatIsReadyServes) {
  deploy("web", "web@1.0.0", false);
  DeploymentRecord& calc = deploy("calc", "calc@1.0.0", true);
  EXPECT_TRUE(check("web").has_value());
  calc.instances[0].state = model::InstanceState::Starting;
  EXPECT_THAT(check("web").error().message(), HasSubstr("none of its replicas is ready"));
  calc.desired = model::Desired::Stopped;
  calc.instances[0].state = model::InstanceState::Ready;  // it drains
  EXPECT_THAT(check("web").error().message(), HasSubstr("does not run"));
}

TEST_F(WiringTest, AnErrorNamesTheImportTheReasonAndTheWayToSeeMore) {
  deploy("web", "web@1.0.0", false);
  const auto alone = check("web");
  ASSERT_FALSE(alone.has_value());
  EXPECT_EQ(alone.error().code(), ErrorCode::Unresolved);
  EXPECT_EQ(alone.error().message(),
            "import demo:calc/ops@1.0.0: nobody exports it; `arcella-cli diag web` says more");
  for (const char* id : {"a", "b", "c", "d"}) deploy(id, "calc@1.0.0", false);
  EXPECT_EQ(check("web").error().message(),
            "import demo:calc/ops@1.0.0: nobody who exports it can serve ('a' would fit, but does "
            "not run; 'b' would fit, but does not run; and 2 more); `arcella-cli diag web` says "
            "more");
}

TEST_F(WiringTest, SeveralImportsHaveALineEach) {
  model::Component web = sample_component("needy@1.0.0");
  web.imports = {{kOps, {kAdd}}, {"demo:log/log@1.0.0", {"log: func()"}}};
  registry_.add({web, {}});
  deploy("needy", "needy@1.0.0", false);
  const auto refused = check("needy");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().message(),
            "imports demo:calc/ops@1.0.0, demo:log/log@1.0.0 have no provider; `arcella-cli diag "
            "needy` says more");
  EXPECT_EQ(refused.error().detail(),
            "demo:calc/ops@1.0.0: nobody exports it\ndemo:log/log@1.0.0: nobody exports it");
}

TEST_F(WiringTest, WhatStartsTogetherMayNeedEachOther) {
  DeploymentRecord& web = deploy("web", "web@1.0.0", false);
  DeploymentRecord& calc = deploy("calc", "calc@1.0.0", false);
  EXPECT_FALSE(check("web").has_value());
  EXPECT_TRUE(check("web", {{deployment_id("calc"), calc.deployment}}).has_value());
  // As it is to be: another component under the same name.
  EXPECT_THAT(check("web", {{deployment_id("calc"), sample_deployment("calc", "web@1.0.0", "g")},
                            {deployment_id("web"), web.deployment}})
                  .error()
                  .message(),
              HasSubstr("nobody exports it"));
}

TEST_F(WiringTest, BindingsAreOfWhatIsToRun) {
  DeploymentRecord& web = deploy("web", "web@1.0.0", false);
  deploy("calc", "calc@1.0.0", true);
  EXPECT_THAT(bindings_of(registry_), IsEmpty());
  EXPECT_TRUE(check_unused(registry_, deployment_id("calc")).has_value());
  web.desired = model::Desired::Running;
  const std::vector<model::Binding> bindings = bindings_of(registry_);
  ASSERT_EQ(bindings.size(), 1U);
  EXPECT_EQ(bindings[0].consumer.str(), "web");
  EXPECT_EQ(bindings[0].import.import, kOps);
  EXPECT_EQ(bindings[0].import.provider, deployment_id("calc"));
  const auto used = check_unused(registry_, deployment_id("calc"));
  ASSERT_FALSE(used.has_value());
  EXPECT_EQ(used.error().code(), ErrorCode::Conflict);
  EXPECT_EQ(used.error().message(),
            "deployment 'calc' serves web: stop what uses it, or use --force");
  EXPECT_TRUE(check_unused(registry_, deployment_id("web")).has_value());
}

TEST_F(WiringTest, TheGraphHasEveryDeploymentAndLeavesTheHostOut) {
  deploy("web", "web@1.0.0", false);
  deploy("calc", "calc@1.0.0", true);
  const model::WiringGraph graph = wiring_graph(registry_);
  EXPECT_THAT(graph.nodes, ElementsAre(model::WiringGraph::Node{deployment_id("calc"), "running"},
                                       model::WiringGraph::Node{deployment_id("web"), "stopped"}));
  ASSERT_EQ(graph.edges.size(), 1U);
  EXPECT_EQ(graph.edges[0].import.state, ImportState::Bound);
}

TEST_F(WiringTest, ProvidersStartFirst) {
  deploy("a-web", "web@1.0.0", false);
  deploy("b-calc", "calc@1.0.0", false);
  EXPECT_THAT(order({deployment_id("a-web"), deployment_id("b-calc")}),
              ElementsAre("b-calc", "a-web"));
  EXPECT_THAT(order({deployment_id("a-web")}), ElementsAre("a-web"));
}

TEST_F(WiringTest, WhoeverUsesOneThatIsComingStartsLater) {
  DeploymentRecord& web = deploy("a-web", "web@1.0.0", true);
  DeploymentRecord& calc = deploy("b-calc", "calc@1.0.0", true);
  web.instances[0].state = model::InstanceState::Stopped;
  bool comes = true;
  const auto later = [&] {
    return to_start_later(registry_, [&](const DeploymentRecord&) { return comes; });
  };
  EXPECT_THAT(later(), IsEmpty()) << "its provider is ready";
  calc.instances[0].state = model::InstanceState::Starting;
  EXPECT_THAT(later(), ElementsAre(deployment_id("a-web")));
  comes = false;
  EXPECT_THAT(later(), IsEmpty()) << "it would wait for nothing";
  comes = true;
  web.instances[0].state = model::InstanceState::Starting;
  EXPECT_THAT(later(), IsEmpty()) << "it has begun";
}

TEST_F(WiringTest, InACircleOneStartsFirst) {
  model::Component other = sample_component("other@1.0.0");
  other.imports = {{"demo:web/pages@1.0.0", {"get: func() -> string"}}};
  registry_.add({other, {}});
  for (const char* id : {"a-web", "b-other"}) {
    deploy(id, std::string(id).substr(2) + "@1.0.0", true).instances[0].state =
        model::InstanceState::Stopped;
  }
  const auto later = to_start_later(registry_, [](const DeploymentRecord&) { return true; });
  EXPECT_THAT(later, ElementsAre(deployment_id("a-web")));
}

TEST_F(WiringTest, TheHostIsAsked) {
  DeploymentRecord& web = deploy("web", "web@1.0.0", false);
  EXPECT_EQ(resolve_imports(registry_, web.deployment).at(0).state, ImportState::Host);
}

}  // namespace
}  // namespace arcella::runtime
