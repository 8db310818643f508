// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/reconciler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/limits.h"
#include "base/testing/fake_clock.h"
#include "runtime/testing/fake_places.h"
#include "runtime/testing/samples.h"

namespace arcella::runtime {
namespace {

using model::InstanceEvent;
using model::InstanceState;
using ::testing::Contains;
using testing::deployment_id;
using testing::group_name;
using ::testing::Not;
using testing::sample_component;
using testing::sample_deployment;
using Journal = std::vector<std::string>;

class ReconcilerTest : public ::testing::Test {
 protected:
  ReconcilerTest() {
    registry_.add({sample_component("calc@1.0.0"), {}});
    registry_.add({sample_component("job@1.0.0", model::Kind::Command), {}});
    registry_.add({sample_component("web@1.0.0", model::Kind::Http), {}});
  }
  ~ReconcilerTest() override {
    boost::asio::co_spawn(io_, reconciler_.stop(), [](std::exception_ptr) {});
    io_.restart();
    io_.run();
  }

  DeploymentRecord& wants(model::Deployment deployment,
                          model::Desired desired = model::Desired::Running) {
    DeploymentRecord& record = registry_.put(std::move(deployment));
    record.desired = desired;
    return record;
  }
  // Components: shop imports what sums exports.
  void add_shop_and_sums(const std::string& exported) {
    ComponentRecord shop{sample_component("shop@1.0.0"), {}};
    shop.component.imports = {{.name = "demo:sums/sums@1.0.0", .functions = {"sum: func()"}}};
    ComponentRecord sums{sample_component("sums@1.0.0"), {}};
    sums.component.exports = {{.name = exported, .functions = {"sum: func()"}}};
    registry_.add(std::move(shop));
    registry_.add(std::move(sums));
  }
  // Plans, and carries out, until nothing is left to do now.
  Journal settle() {
    for (int i = 0; i < 10; ++i) {
      reconciler_.tick();
      io_.restart();
      io_.poll();
    }
    return places_.take_journal();
  }
  bool report(const DeploymentRecord& record, int index, InstanceEvent event,
              std::string message = {}) {
    host::InstanceReport said{.instance = {record.deployment.spec.id, index},
                              .event = event,
                              .message = std::move(message),
                              .backtrace = {}};
    return reconciler_.on_report(record.loaded_in, said);
  }
  void report_all(const DeploymentRecord& record, InstanceEvent event) {
    for (std::size_t i = 0; i < record.instances.size(); ++i)
      report(record, static_cast<int>(i), event);
  }
  static std::vector<InstanceState> states(const DeploymentRecord& record) {
    std::vector<InstanceState> result;
    for (const InstanceRecord& instance : record.instances) result.push_back(instance.state);
    return result;
  }

  boost::asio::io_context io_;
  arcella::testing::FakeClock clock_;
  Registry registry_;
  testing::FakePlaces places_;
  testing::FakeArtifacts artifacts_;
  Journal completed_;
  aio::WorkerPool files_{"test-files", 1};
  EventLog events_{io_.get_executor(), clock_, files_};
  Reconciler reconciler_{
      io_,        clock_,
      registry_,  places_,
      artifacts_, events_,
      "/home",    [this](const model::DeploymentId& id) {
        completed_.push_back(id.str()); }};
};

TEST_F(ReconcilerTest, BringsUpAWorkerAndStartsAllReplicasWithOneMessage) {
  DeploymentRecord& record = wants(sample_deployment("calc", "calc@1.0.0", "math", 1000));
  EXPECT_EQ(settle(), (Journal{"math: up", "math: load calc", "math: start calc 0+1000"}));
  EXPECT_EQ(state_of(record), "starting");
  report_all(record, InstanceEvent::Started);
  EXPECT_EQ(state_of(record), "running");
  EXPECT_EQ(settle(), Journal());
}

TEST_F(ReconcilerTest, DoesNotLoadWhereItIsNoLongerWanted) {
  wants(sample_deployment("calc", "calc@1.0.0", "math", 2));
  places_.fake(group_name("math")).on_up = [this] {
    registry_.put(sample_deployment("calc", "calc@1.0.0", "numbers", 1));
  };
  EXPECT_EQ(settle(), (Journal{"math: up", "math: down", "numbers: up", "numbers: load calc",
                               "numbers: start calc 0+1"}));
}

// The worker of the new group is up for others, and in the old one nothing is left to be drained:
// one plan unloads there, and loads and starts here, and either place may be the faster one.
TEST_F(ReconcilerTest, MovesToAWorkerThatIsUpAlready) {
  DeploymentRecord& others = wants(sample_deployment("others", "calc@1.0.0", "alpha"));
  DeploymentRecord& moved = wants(sample_deployment("calc", "calc@1.0.0", "beta"));
  settle();
  report_all(others, InstanceEvent::Started);
  report(moved, 0, InstanceEvent::Crashed, "wasm trap: unreachable");
  registry_.put(sample_deployment("calc", "calc@1.0.0", "alpha"));
  reconciler_.forgive(moved);
  EXPECT_EQ(settle(), (Journal{"alpha: load calc", "alpha: start calc 0+1", "beta: unload calc",
                               "beta: down"}));
  EXPECT_EQ(moved.loaded_in, group_name("alpha"));
  EXPECT_TRUE(moved.loaded);
}

TEST_F(ReconcilerTest, StartsInMainWithoutAWorker) {
  DeploymentRecord& record = wants(sample_deployment("calc", "calc@1.0.0", ""));
  EXPECT_EQ(settle(), (Journal{"main: up", "main: load calc", "main: start calc 0+1"}));
  EXPECT_FALSE(record.loaded_in.has_value());
}

TEST_F(ReconcilerTest, StopsDrainsUnloadsAndEndsTheWorker) {
  DeploymentRecord& record = wants(sample_deployment("calc", "calc@1.0.0", "math", 2));
  settle();
  report_all(record, InstanceEvent::Started);
  record.desired = model::Desired::Stopped;
  EXPECT_EQ(settle(), (Journal{"math: stop calc 0+2"}));
  EXPECT_EQ(state_of(record), "stopping");
  report_all(record, InstanceEvent::Ended);
  EXPECT_EQ(settle(), (Journal{"math: unload calc", "math: down"}));
  EXPECT_EQ(state_of(record), "stopped");
}

// What needs no wait is carried out, and kicks, while the tick that planned it is still running.
TEST_F(ReconcilerTest, HearsAKickFromWithinItsOwnTick) {
  wants(sample_deployment("calc", "calc@1.0.0", "math", 2));
  reconciler_.run();
  io_.poll();
  EXPECT_EQ(places_.take_journal(),
            (Journal{"math: up", "math: load calc", "math: start calc 0+2"}));
  wants(sample_deployment("more", "calc@1.0.0", "math"));
  reconciler_.kick();
  io_.poll();
  EXPECT_EQ(places_.take_journal(), (Journal{"math: load more", "math: start more 0+1"}));
}

// As after a worker died: both are loaded, nobody waits for either, and only a report says that the
// provider is there. Who uses it starts then.
TEST_F(ReconcilerTest, BindsAnImportWhenItsProviderBecomesReady) {
  add_shop_and_sums("demo:sums/sums@1.0.0");
  DeploymentRecord& shop = wants(sample_deployment("shop", "shop@1.0.0", "math"));
  DeploymentRecord& provider = wants(sample_deployment("sums", "sums@1.0.0", "math", 2));
  reconciler_.run();
  io_.poll();
  const Journal begun = places_.take_journal();
  ASSERT_EQ(begun.size(), 5U);
  EXPECT_EQ(begun[1], "math: load shop");
  EXPECT_TRUE(begun[2].starts_with("math: bind shop demo:sums/sums@1.0.0 to nobody: ")) << begun[2];
  EXPECT_EQ(begun[4], "math: start sums 0+2");
  report(provider, 0, InstanceEvent::Started);
  io_.restart();
  io_.poll();
  EXPECT_EQ(places_.take_journal(),
            (Journal{"math: bind shop demo:sums/sums@1.0.0 to sums", "math: start shop 0+1"}));
  report(provider, 1, InstanceEvent::Started);
  report(shop, 0, InstanceEvent::Started);
  io_.restart();
  io_.poll();
  EXPECT_EQ(places_.take_journal(), Journal());
}

// It would wait for nothing.
TEST_F(ReconcilerTest, StartsWhoUsesAProviderThatHasFailed) {
  add_shop_and_sums("demo:sums/sums@1.0.0");
  wants(sample_deployment("shop", "shop@1.0.0", "math"));
  DeploymentRecord& provider = wants(sample_deployment("sums", "sums@1.0.0", "math"));
  settle();
  report(provider, 0, InstanceEvent::Crashed);
  EXPECT_EQ(settle(), (Journal{"math: start shop 0+1"})) << "the provider is held for a while";
}

TEST_F(ReconcilerTest, BindsDirectlyFromWorkerToWorkerOnly) {
  add_shop_and_sums("demo:sums/sums@1.0.0");
  DeploymentRecord& provider = wants(sample_deployment("sums", "sums@1.0.0", "math"));
  settle();
  report(provider, 0, InstanceEvent::Started);
  for (const char* place : {"web", "math", ""}) {
    model::Deployment shop = sample_deployment(std::string("shop-") + place, "shop@1.0.0", place);
    shop.spec.direct = true;
    wants(std::move(shop));
  }
  const auto directly = [](const Journal& journal) {
    return std::ranges::count_if(journal, [](auto& line) { return line.ends_with("directly"); });
  };
  const Journal journal = settle();
  EXPECT_EQ(directly(journal), 1) << "from web to math";
  EXPECT_EQ(std::ranges::count(journal, "main: bind shop- demo:sums/sums@1.0.0 to another place"),
            1);
}

TEST_F(ReconcilerTest, AChangeOfTheWayBindsAgainWithoutARestart) {
  add_shop_and_sums("demo:sums/sums@1.0.0");
  DeploymentRecord& provider = wants(sample_deployment("sums", "sums@1.0.0", "math"));
  settle();
  report(provider, 0, InstanceEvent::Started);
  model::Deployment shop = sample_deployment("shop", "shop@1.0.0", "web");
  report(wants(shop), 0, InstanceEvent::Started);
  settle();
  shop.spec.direct = true;
  wants(shop);
  const std::string bind = "web: bind shop demo:sums/sums@1.0.0 to another place";
  const std::string lend = "math: lend sums demo:sums/sums@1.0.0#sum";
  EXPECT_EQ(settle(), (Journal{lend, bind + " directly"}));
  // What was told before the link was lost is told again, of these two places.
  reconciler_.on_link_lost(group_name("math"), group_name("other"));
  EXPECT_EQ(settle(), Journal());
  reconciler_.on_link_lost(group_name("math"), group_name("web"));
  EXPECT_EQ(settle(), (Journal{lend, bind + " directly"}));
  shop.spec.direct = false;
  wants(shop);
  EXPECT_EQ(settle(), (Journal{lend, bind}));
  reconciler_.on_link_lost(group_name("math"), group_name("web"));
  EXPECT_EQ(settle(), Journal()) << "it has nothing to do with the link";
}

TEST_F(ReconcilerTest, BindsAnImportToAProviderOfAnotherPlace) {
  add_shop_and_sums("demo:sums/sums@1.0.1");
  DeploymentRecord& provider = wants(sample_deployment("sums", "sums@1.0.0", "math"));
  settle();
  report(provider, 0, InstanceEvent::Started);
  wants(sample_deployment("shop", "shop@1.0.0", "web"));
  EXPECT_EQ(
      settle(),
      (Journal{"web: up", "web: load shop", "math: lend sums demo:sums/sums@1.0.1#sum",
               "web: bind shop demo:sums/sums@1.0.0 to another place", "web: start shop 0+1"}));
  // Its worker dies, and comes back with another load of it.
  places_.fake(group_name("math")).current.state = model::WorkerState::Backoff;
  reconciler_.on_place_down(group_name("math"), "killed by signal 9", PlaceLoss::Retrying);
  places_.fake(group_name("math")).current.state = model::WorkerState::Up;
  const Journal again = settle();
  ASSERT_EQ(again.size(), 3U);
  EXPECT_EQ(again[0], "math: load sums");
  EXPECT_TRUE(again[2].starts_with("web: bind shop demo:sums/sums@1.0.0 to nobody: ")) << again[2];
  report(provider, 0, InstanceEvent::Started);
  EXPECT_EQ(settle(), (Journal{"math: lend sums demo:sums/sums@1.0.1#sum",
                               "web: bind shop demo:sums/sums@1.0.0 to another place"}));
}

// Two serve shop, and the one that it is bound to is to stop.
class StopOfAProvider : public ReconcilerTest {
 protected:
  StopOfAProvider() {
    add_shop_and_sums("demo:sums/sums@1.0.0");
    DeploymentRecord& first = wants(sample_deployment("sums-a", "sums@1.0.0", "math"));
    DeploymentRecord& second = wants(sample_deployment("sums-b", "sums@1.0.0", "math"));
    settle();
    report(first, 0, InstanceEvent::Started);
    report(second, 0, InstanceEvent::Started);
    wants(sample_deployment("shop", "shop@1.0.0", "web"));
    settle();
    first.desired = model::Desired::Stopped;
  }
};

TEST_F(StopOfAProvider, WaitsUntilItsConsumersAreBoundElsewhere) {
  EXPECT_EQ(settle(), (Journal{"math: lend sums-b demo:sums/sums@1.0.0#sum",
                               "web: bind shop demo:sums/sums@1.0.0 to another place"}));
  clock_.advance(limits::kStopLinger);
  EXPECT_EQ(settle(), Journal{"math: stop sums-a 0+1"}) << "calls on their way have come";
}

TEST_F(StopOfAProvider, DoesNotWaitForAProcessThatDoesNotAnswer) {
  places_.fake(group_name("web")).failures.assign(100, Error(ErrorCode::Unavailable, "no answer"));
  EXPECT_THAT(settle(), Not(Contains("math: stop sums-a 0+1")));
  clock_.advance(limits::kStopHeldMax);
  EXPECT_THAT(settle(), Contains("math: stop sums-a 0+1"));
}

TEST_F(ReconcilerTest, RestartsATrappedReplicaAfterItsHoldOff) {
  DeploymentRecord& record = wants(sample_deployment("calc", "calc@1.0.0", "math", 2));
  settle();
  report_all(record, InstanceEvent::Started);
  report(record, 1, InstanceEvent::Crashed, "wasm trap: unreachable");
  EXPECT_EQ(state_of(record), "degraded");
  EXPECT_EQ(view_of(record).reason, "wasm trap: unreachable");
  EXPECT_EQ(settle(), Journal());
  auto wake_at = reconciler_.tick();
  ASSERT_TRUE(wake_at.has_value());
  EXPECT_EQ(*wake_at - clock_.monotonic_now(), limits::kRestartDelay);
  clock_.advance(limits::kRestartDelay);
  EXPECT_EQ(settle(), (Journal{"math: start calc 1+1"}));
  report(record, 1, InstanceEvent::Started);
  EXPECT_EQ(view_of(record).state, "running");
  EXPECT_EQ(view_of(record).restarts, 1);
  EXPECT_EQ(record.instances[1].restarts, 1);
}

TEST_F(ReconcilerTest, GivesUpWhatDiesTooOften) {
  DeploymentRecord& record = wants(sample_deployment("calc", "calc@1.0.0", "math"));
  settle();
  for (int i = 0; i <= limits::kRestartAttempts; ++i) {
    report(record, 0, InstanceEvent::Started);
    report(record, 0, InstanceEvent::Crashed, "wasm trap: unreachable");
    clock_.advance(std::chrono::milliseconds(100) * (1 << i));
    settle();
  }
  EXPECT_EQ(state_of(record), "failed");
  EXPECT_NE(view_of(record).reason.find("unreachable"), std::string::npos);
  clock_.advance(std::chrono::hours(1));
  EXPECT_EQ(settle(), Journal());
  reconciler_.forgive(record);
  EXPECT_EQ(settle(), (Journal{"math: start calc 0+1"}));
}

TEST_F(ReconcilerTest, StartsAgainWhatWasInAWorkerThatDied) {
  DeploymentRecord& record = wants(sample_deployment("calc", "calc@1.0.0", "math", 2));
  settle();
  report_all(record, InstanceEvent::Started);
  places_.fake(group_name("math")).current.state = model::WorkerState::Backoff;
  reconciler_.on_place_down(group_name("math"), "killed by signal 9", PlaceLoss::Retrying);
  EXPECT_EQ(state_of(record), "degraded");
  EXPECT_EQ(settle(), Journal());
  places_.fake(group_name("math")).current.state = model::WorkerState::Up;
  reconciler_.on_place_up(group_name("math"));
  EXPECT_EQ(settle(), (Journal{"math: load calc", "math: start calc 0+2"}));
  report_all(record, InstanceEvent::Started);
  EXPECT_EQ(view_of(record).state, "running");
  EXPECT_EQ(view_of(record).reason, "");
}

TEST_F(ReconcilerTest, FailsTheDeploymentsOfAWorkerThatDiedTooOften) {
  DeploymentRecord& record = wants(sample_deployment("calc", "calc@1.0.0", "math"));
  settle();
  places_.fake(group_name("math")).current.state = model::WorkerState::Failed;
  reconciler_.on_place_down(group_name("math"), "killed by signal 11", PlaceLoss::Failed);
  EXPECT_EQ(state_of(record), "failed");
  EXPECT_EQ(settle(), Journal());
  reconciler_.forgive(record);
  EXPECT_EQ(settle(), (Journal{"math: up", "math: load calc", "math: start calc 0+1"}));
}

TEST_F(ReconcilerTest, IgnoresReportsOfAnotherGroupsObjects) {
  DeploymentRecord& record = wants(sample_deployment("calc", "calc@1.0.0", "math"));
  settle();
  host::InstanceReport forged{.instance = {deployment_id("calc"), 0},
                              .event = InstanceEvent::Crashed,
                              .message = "forged",
                              .backtrace = {}};
  EXPECT_FALSE(reconciler_.on_report(group_name("other"), forged));
  EXPECT_FALSE(reconciler_.on_report(std::nullopt, forged));
  forged.instance.index = 7;
  EXPECT_FALSE(reconciler_.on_report(group_name("math"), forged));
  forged.instance.index = -1;
  EXPECT_FALSE(reconciler_.on_report(group_name("math"), forged));
  EXPECT_EQ(states(record), (std::vector{InstanceState::Starting}));
}

TEST_F(ReconcilerTest, MakesWhatAWorkerSaysPrintableAndShort) {
  DeploymentRecord& record = wants(sample_deployment("calc", "calc@1.0.0", "math"));
  settle();
  report(record, 0, InstanceEvent::Crashed, "\x1b[2J" + std::string(100'000, 'x'));
  EXPECT_LE(record.instances[0].reason.size(), limits::kFailureMessageBytesMax + 16);
  EXPECT_EQ(record.instances[0].reason.find('\x1b'), std::string::npos);
}

TEST_F(ReconcilerTest, TellsWhenACommandHasCompleted) {
  DeploymentRecord& record = wants(sample_deployment("job", "job@1.0.0", "jobs", 2));
  settle();
  report(record, 0, InstanceEvent::Started);
  report(record, 0, InstanceEvent::EndedWell);
  EXPECT_EQ(completed_, Journal());
  report(record, 1, InstanceEvent::EndedWell);
  EXPECT_EQ(completed_, (Journal{"job"}));
  EXPECT_EQ(state_of(record), "completed");
  EXPECT_EQ(settle(), Journal());
}

TEST_F(ReconcilerTest, ALoadThatFailsIsTriedAgainByThePolicy) {
  DeploymentRecord& record = wants(sample_deployment("calc", "calc@1.0.0", "math"));
  places_.fake(group_name("math")).current.state = model::WorkerState::Up;
  places_.fake(group_name("math"))
      .failures.emplace_back(ErrorCode::Unresolved, "nobody offers demo:x/y");
  EXPECT_EQ(settle(), (Journal{"math: fail"}));
  clock_.advance(limits::kRestartDelay);
  EXPECT_EQ(settle(), (Journal{"math: load calc", "math: start calc 0+1"}));
  EXPECT_FALSE(record.load_held_until.has_value());
}

TEST_F(ReconcilerTest, TheFirstFailureEndsAStartByHand) {
  DeploymentRecord& record = wants(sample_deployment("calc", "calc@1.0.0", "math", 2));
  record.starting_by_hand = true;
  settle();
  report(record, 0, InstanceEvent::Started);
  report(record, 1, InstanceEvent::Crashed, "wasm trap: unreachable");
  ASSERT_TRUE(record.start_error.has_value());
  EXPECT_EQ(record.start_error->code(), ErrorCode::GuestTrapped);
  clock_.advance(std::chrono::hours(1));
  EXPECT_EQ(settle(), Journal());
}

TEST_F(ReconcilerTest, AStartByHandIsOverWhenAllAreReady) {
  DeploymentRecord& record = wants(sample_deployment("calc", "calc@1.0.0", "math", 2));
  record.starting_by_hand = true;
  settle();
  report(record, 0, InstanceEvent::Started);
  EXPECT_TRUE(record.starting_by_hand);
  report(record, 1, InstanceEvent::Started);
  EXPECT_FALSE(record.starting_by_hand);
  report(record, 1, InstanceEvent::Crashed, "later");
  EXPECT_FALSE(record.start_error.has_value());
}

TEST_F(ReconcilerTest, ScalingDownStopsTheLastOnesAndForgetsThem) {
  DeploymentRecord& record = wants(sample_deployment("calc", "calc@1.0.0", "math", 5));
  settle();
  report_all(record, InstanceEvent::Started);
  record.deployment.spec.replicas = 2;
  EXPECT_EQ(settle(), (Journal{"math: stop calc 2+3"}));
  for (int i = 2; i < 5; ++i) report(record, i, InstanceEvent::Ended);
  EXPECT_EQ(record.instances.size(), 2U);
  EXPECT_EQ(state_of(record), "running");
}

TEST_F(ReconcilerTest, ReplacesAWorkerWhoseReplicasDoNotEnd) {
  DeploymentRecord& record = wants(sample_deployment("calc", "calc@1.0.0", "math"));
  settle();
  report_all(record, InstanceEvent::Started);
  record.desired = model::Desired::Stopped;
  settle();
  clock_.advance(limits::kWorkerStopTimeout + limits::kStopGrace);
  EXPECT_EQ(settle(), (Journal{"math: down"}));
  EXPECT_EQ(state_of(record), "stopped");
}

TEST_F(ReconcilerTest, AWorkerIsReplacedForADeploymentThatNeedsAnotherEngine) {
  DeploymentRecord& calc = wants(sample_deployment("calc", "calc@1.0.0", "math"));
  settle();
  report_all(calc, InstanceEvent::Started);
  model::Deployment metered = sample_deployment("metered", "calc@1.0.0", "math");
  metered.policy.fuel = 1000;
  DeploymentRecord& record = wants(std::move(metered));
  record.starting_by_hand = true;
  places_.fake(group_name("math")).on_shut_down = [&] { report(calc, 0, InstanceEvent::Ended); };
  EXPECT_EQ(settle(), (Journal{"math: down", "math: up", "math: load calc", "math: start calc 0+1",
                               "math: load metered", "math: start metered 0+1"}));
  EXPECT_TRUE(places_.fake(group_name("math")).current.traits.fuel);
  EXPECT_EQ(calc.restarts, 0);
  report_all(record, InstanceEvent::Started);
  EXPECT_FALSE(record.start_error.has_value());
  EXPECT_FALSE(record.starting_by_hand);
}

TEST_F(ReconcilerTest, AnHttpDeploymentIsLoadedWithItsSocketAndKeepsItThroughACrash) {
  model::Deployment web = sample_deployment("web", "web@1.0.0", "web");
  web.spec.http_listen = model::HttpListen{"127.0.0.1", 0};
  DeploymentRecord& record = wants(std::move(web));
  EXPECT_EQ(settle(), (Journal{"web: up", "web: load web with a socket", "web: start web 0+1"}));
  std::string address = view_of(record).listen;
  EXPECT_EQ(address.rfind("127.0.0.1:", 0), 0U);
  reconciler_.on_place_down(group_name("web"), "killed by signal 9", PlaceLoss::Retrying);
  settle();
  EXPECT_EQ(view_of(record).listen, address);
}

// What runs is replaced by what it has become: stopped, unloaded, loaded, started.
class ReconcilerRevisionTest : public ReconcilerTest {
 protected:
  ReconcilerRevisionTest() : record_(wants(sample_deployment("calc", "calc@1.0.0", "math", 2))) {
    settle();
    report_all(record_, InstanceEvent::Started);
    changed_.spec.args = {"-v"};
  }
  void change_by_hand() {
    registry_.put(changed_);
    record_.starting_by_hand = true;
  }

  model::Deployment changed_ = sample_deployment("calc", "calc@1.0.0", "math", 2);
  DeploymentRecord& record_;
};

TEST_F(ReconcilerRevisionTest, ReplacesWhatRuns) {
  change_by_hand();
  EXPECT_FALSE(is_current(record_));
  EXPECT_EQ(settle(), Journal{"math: stop calc 0+2"});
  report(record_, 0, InstanceEvent::Ended);
  EXPECT_EQ(settle(), Journal()) << "the other one still drains";
  report(record_, 1, InstanceEvent::Ended);
  EXPECT_EQ(settle(), (Journal{"math: unload calc", "math: load calc", "math: start calc 0+2"}));
  EXPECT_TRUE(is_current(record_));
  EXPECT_TRUE(record_.starting_by_hand);
  report_all(record_, InstanceEvent::Started);
  EXPECT_FALSE(record_.starting_by_hand);
  EXPECT_EQ(state_of(record_), "running");
}

TEST_F(ReconcilerRevisionTest, LeavesWhatIsOnlyScaled) {
  registry_.put(sample_deployment("calc", "calc@1.0.0", "math", 3));
  EXPECT_EQ(settle(), Journal{"math: start calc 2+1"});
}

TEST_F(ReconcilerRevisionTest, WhatTheOldOnesDieOfCountsForNothing) {
  change_by_hand();
  report(record_, 0, InstanceEvent::Crashed, "wasm trap: unreachable");
  EXPECT_FALSE(record_.start_error.has_value());
  EXPECT_EQ(settle(), Journal{"math: stop calc 1+1"});
  report(record_, 1, InstanceEvent::Ended);
  EXPECT_TRUE(record_.starting_by_hand);
  EXPECT_EQ(settle(), (Journal{"math: unload calc", "math: load calc", "math: start calc 0+2"}));
  EXPECT_EQ(record_.restarts, 0);
  // What the new ones die of ends the start.
  report(record_, 0, InstanceEvent::Crashed, "wasm trap: unreachable");
  ASSERT_TRUE(record_.start_error.has_value());
  EXPECT_EQ(settle(), Journal());
}

TEST_F(ReconcilerRevisionTest, OldOnesThatHaveCompletedAreNotTakenForTheNew) {
  change_by_hand();
  report_all(record_, InstanceEvent::EndedWell);
  EXPECT_TRUE(record_.starting_by_hand);
  EXPECT_EQ(settle(), (Journal{"math: unload calc", "math: load calc", "math: start calc 0+2"}));
  EXPECT_EQ(states(record_), std::vector<InstanceState>(2, InstanceState::Starting));
}

TEST_F(ReconcilerRevisionTest, CodeOfWhatHasChangedMeanwhileIsNotLoaded) {
  record_.desired = model::Desired::Stopped;
  settle();
  report_all(record_, InstanceEvent::Ended);
  settle();
  record_.desired = model::Desired::Running;
  artifacts_.on_ask = [this] { registry_.put(changed_); };
  EXPECT_EQ(settle(), (Journal{"math: up", "math: load calc", "math: start calc 0+2"}))
      << "loaded once, as it is now";
  EXPECT_TRUE(is_current(record_));
}

}  // namespace
}  // namespace arcella::runtime
