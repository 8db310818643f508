// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/plan_ahead.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace arcella::model {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using S = InstanceState;

const DeploymentId kCalc = DeploymentId::parse("calc").value();
const GroupName kMath = GroupName::parse("math").value();

DesiredDeployment wanted(int replicas, std::uint64_t revision) {
  DesiredDeployment desired{.id = kCalc, .running = true, .place = kMath, .replicas = replicas};
  desired.revision = revision;
  return desired;
}

std::vector<std::string> ahead(Situation situation) {
  std::vector<std::string> texts;
  for (const Action& action : plan_ahead(std::move(situation))) texts.push_back(to_string(action));
  return texts;
}

TEST(PlanAhead, GoesOnUntilNothingIsLeftToDo) {
  Situation situation;
  situation.desired.push_back(wanted(2, 2));
  ObservedDeployment observed{.id = kCalc, .place = kMath, .loaded = true, .revision = 1};
  observed.instances = {{0, S::Ready}, {1, S::Failed}, {2, S::Completed}};
  situation.observed.push_back(observed);
  situation.workers.push_back({kMath, WorkerState::Up, {}});
  EXPECT_THAT(ahead(situation),
              ElementsAre("stop calc/0", "unload calc", "load calc", "start calc/0..1"));
  situation.desired[0].running = false;
  EXPECT_THAT(ahead(situation), ElementsAre("stop calc/0", "unload calc", "stop worker math"));
}

TEST(PlanAhead, WaitsForAWorkerOnItsWay) {
  Situation situation;
  situation.desired.push_back(wanted(1, 1));
  situation.workers.push_back({kMath, WorkerState::Stopping, {}});
  EXPECT_THAT(ahead(situation), ElementsAre("ensure worker math", "load calc", "start calc/0"));
}

TEST(PlanAhead, ReplacesAWorkerWhoseEngineLacksSomething) {
  Situation situation;
  situation.desired.push_back(wanted(1, 2));
  situation.desired[0].needs.fuel = true;
  ObservedDeployment observed{.id = kCalc, .place = kMath, .loaded = true, .revision = 1};
  observed.instances = {{0, S::Ready}};
  situation.observed.push_back(observed);
  situation.workers.push_back({kMath, WorkerState::Up, {}});
  EXPECT_THAT(ahead(situation), ElementsAre("stop worker math", "ensure worker math +fuel",
                                            "load calc", "start calc/0"));
}

TEST(PlanAhead, LeavesWhatIsAsItShouldBe) {
  Situation situation;
  situation.desired.push_back(wanted(1, 1));
  ObservedDeployment observed{.id = kCalc, .place = kMath, .loaded = true, .revision = 1};
  observed.instances = {{0, S::Ready}};
  situation.observed.push_back(observed);
  situation.workers.push_back({kMath, WorkerState::Up, {}});
  EXPECT_THAT(ahead(situation), IsEmpty());
}

}  // namespace
}  // namespace arcella::model
