// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace arcella::model {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using S = InstanceState;

DeploymentId id(std::string_view text) {
  return DeploymentId::parse(text).value();
}
GroupName group(std::string_view text) {
  return GroupName::parse(text).value();
}

class Plan : public ::testing::Test {
 protected:
  DesiredDeployment& want(std::string_view name, Place place, int replicas,
                          WorkerTraits needs = {}) {
    DesiredDeployment desired{.id = id(name), .place = std::move(place)};
    desired.running = true;
    desired.replicas = replicas;
    desired.needs = needs;
    return situation_.desired.emplace_back(std::move(desired));
  }
  ObservedDeployment& see(std::string_view name, Place place,
                          std::map<int, InstanceState> instances) {
    ObservedDeployment observed{.id = id(name), .place = std::move(place)};
    observed.loaded = true;
    observed.instances = std::move(instances);
    return situation_.observed.emplace_back(std::move(observed));
  }
  void worker(std::string_view name, WorkerState state, WorkerTraits traits = {}) {
    situation_.workers.push_back({group(name), state, traits});
  }
  std::vector<std::string> actions() const {
    std::vector<std::string> texts;
    for (const Action& action : plan(situation_)) texts.push_back(to_string(action));
    return texts;
  }
  Situation situation_;
};

TEST_F(Plan, NothingWantedAndNothingThereIsNothingToDo) {
  EXPECT_THAT(actions(), IsEmpty());
}

TEST_F(Plan, BringsUpAWorkerLoadsAndStartsInOneBatch) {
  want("calc", group("math"), 1000);
  EXPECT_THAT(actions(), ElementsAre("ensure worker math", "load calc", "start calc/0..999"));
}

TEST_F(Plan, BindsImportsBeforeAReplicaCanCallThem) {
  want("shop", group("web"), 2).binds = true;
  EXPECT_THAT(actions(),
              ElementsAre("ensure worker web", "load shop", "bind shop", "start shop/0..1"));
}

TEST_F(Plan, BindsAgainWhatRunsWhenItsImportsLeadElsewhere) {
  want("shop", group("web"), 1).binds = true;
  worker("web", WorkerState::Up);
  see("shop", group("web"), {{0, S::Ready}}).bound = false;
  EXPECT_THAT(actions(), ElementsAre("bind shop"));
  situation_.observed.back().bound = true;
  EXPECT_THAT(actions(), IsEmpty());
}

TEST_F(Plan, MainNeedsNoWorker) {
  want("calc", std::nullopt, 1, {true, true});
  EXPECT_THAT(actions(), ElementsAre("load calc", "start calc/0"));
}

TEST_F(Plan, StartsOnlyWhatIsMissing) {
  want("calc", group("math"), 6);
  worker("math", WorkerState::Up);
  see("calc", group("math"), {{0, S::Ready}, {2, S::Starting}, {4, S::Failed}, {5, S::Stopped}});
  EXPECT_THAT(actions(), ElementsAre("start calc/1", "start calc/3..5"));
}

TEST_F(Plan, LeavesHeldAndCompletedReplicas) {
  want("calc", group("math"), 4).held = {1};
  worker("math", WorkerState::Up);
  see("calc", group("math"), {{0, S::Completed}, {1, S::Failed}, {3, S::Stopping}});
  EXPECT_THAT(actions(), ElementsAre("start calc/2"));
}

TEST_F(Plan, ScalesDownFromTheTop) {
  want("calc", group("math"), 2);
  worker("math", WorkerState::Up);
  see("calc", group("math"),
      {{0, S::Ready}, {1, S::Ready}, {2, S::Ready}, {3, S::Stopping}, {4, S::Starting}});
  EXPECT_THAT(actions(), ElementsAre("stop calc/2", "stop calc/4"));
}

TEST_F(Plan, StopsDrainsUnloadsAndLetsTheWorkerGo) {
  want("calc", group("math"), 2).running = false;
  worker("math", WorkerState::Up);
  see("calc", group("math"), {{0, S::Ready}, {1, S::Ready}});
  EXPECT_THAT(actions(), ElementsAre("stop calc/0..1"));
  situation_.observed[0].instances = {{0, S::Stopping}, {1, S::Stopped}};
  EXPECT_THAT(actions(), IsEmpty());
  situation_.observed[0].instances = {{0, S::Stopped}, {1, S::Stopped}};
  EXPECT_THAT(actions(), ElementsAre("unload calc", "stop worker math"));
}

TEST_F(Plan, StopsNobodyWhoIsStillCalled) {
  want("shop", group("web"), 1).binds = true;
  see("shop", group("web"), {{0, S::Ready}}).bound = false;
  want("calc", {}, 1).running = false;
  see("calc", {}, {{0, S::Ready}}).called = true;
  worker("web", WorkerState::Up);
  EXPECT_THAT(actions(), ElementsAre("bind shop"));
  situation_.observed[0].bound = true;
  situation_.observed[1].called = false;
  EXPECT_THAT(actions(), ElementsAre("stop calc/0"));
}

TEST_F(Plan, WhatIsCalledIsReplacedNevertheless) {
  want("calc", {}, 1).revision = 2;
  see("calc", {}, {{0, S::Ready}}).called = true;
  EXPECT_THAT(actions(), ElementsAre("stop calc/0"));
}

TEST_F(Plan, AWorkerStaysForItsOtherDeployments) {
  want("calc", group("math"), 1).running = false;
  want("other", group("math"), 0);
  worker("math", WorkerState::Up);
  see("calc", group("math"), {});
  see("other", group("math"), {});
  EXPECT_THAT(actions(), ElementsAre("unload calc"));
}

TEST_F(Plan, RemovesWhatIsNoLongerDesired) {
  see("old", std::nullopt, {{0, S::Ready}});
  EXPECT_THAT(actions(), ElementsAre("stop old/0"));
  situation_.observed[0].instances.clear();
  EXPECT_THAT(actions(), ElementsAre("unload old"));
}

TEST_F(Plan, AWorkerGetsTheUnionOfTheTraits) {
  want("a", group("web"), 1, {true, false});
  want("b", group("web"), 1, {false, true});
  want("c", group("web"), 1, {false, true}).running = false;
  want("d", group("math"), 1);
  EXPECT_THAT(actions(),
              ElementsAre("ensure worker web +concurrency +fuel", "load a", "start a/0", "load b",
                          "start b/0", "ensure worker math", "load d", "start d/0"));
}

TEST_F(Plan, AWorkerThatLacksATraitIsReplacedWithAllThatIsInIt) {
  want("a", group("web"), 2);
  want("b", group("web"), 1, {false, true});
  worker("web", WorkerState::Up);
  see("a", group("web"), {{0, S::Ready}, {1, S::Ready}});
  EXPECT_THAT(actions(), ElementsAre("stop worker web", "ensure worker web +fuel", "load a",
                                     "start a/0..1", "load b", "start b/0"));
}

TEST_F(Plan, AWorkerThatHasMoreThanItNeedsStays) {
  want("a", group("web"), 1);
  worker("web", WorkerState::Up, {true, true});
  see("a", group("web"), {{0, S::Ready}});
  EXPECT_THAT(actions(), IsEmpty());
}

TEST_F(Plan, WaitsForWorkersThatAreUnderWay) {
  want("a", group("web"), 1);
  for (WorkerState state : {WorkerState::Starting, WorkerState::Stopping, WorkerState::Killed,
                            WorkerState::Backoff, WorkerState::Failed}) {
    situation_.workers.clear();
    worker("web", state);
    EXPECT_THAT(actions(), IsEmpty()) << to_string(state);
  }
}

TEST_F(Plan, StopsAWorkerInBackoffThatNobodyNeeds) {
  worker("a", WorkerState::Backoff);
  worker("b", WorkerState::Starting);
  worker("c", WorkerState::Up);
  worker("d", WorkerState::Failed);
  worker("e", WorkerState::Down);
  EXPECT_THAT(actions(), ElementsAre("stop worker a", "stop worker b", "stop worker c"));
}

TEST_F(Plan, WhatWasInAWorkerThatDiedIsGone) {
  want("a", group("web"), 2).held = {1};
  worker("web", WorkerState::Down);
  see("a", group("web"), {{0, S::Ready}, {1, S::Ready}});
  EXPECT_THAT(actions(), ElementsAre("ensure worker web", "load a", "start a/0"));
}

TEST_F(Plan, ANewRevisionReplacesTheOldOne) {
  want("a", group("web"), 1).revision = 2;
  worker("web", WorkerState::Up);
  see("a", group("web"), {{0, S::Ready}}).revision = 1;
  EXPECT_THAT(actions(), ElementsAre("stop a/0"));
  situation_.observed[0].instances = {{0, S::Stopped}};
  EXPECT_THAT(actions(), ElementsAre("unload a", "load a", "start a/0"));
}

TEST_F(Plan, AMoveEndsInTheOldPlaceBeforeItBeginsInTheNew) {
  want("a", group("math"), 1);
  worker("web", WorkerState::Up);
  see("a", group("web"), {{0, S::Ready}});
  EXPECT_THAT(actions(), ElementsAre("stop a/0", "ensure worker math"));
  situation_.observed[0].instances.clear();
  EXPECT_THAT(actions(), ElementsAre("unload a", "stop worker web", "ensure worker math", "load a",
                                     "start a/0"));
}

TEST_F(Plan, ALoadThatFailedIsNotTriedDuringItsHoldOff) {
  want("a", group("web"), 3).may_load = false;
  worker("web", WorkerState::Up);
  EXPECT_THAT(actions(), IsEmpty());
}

}  // namespace
}  // namespace arcella::model
