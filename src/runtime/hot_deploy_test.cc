// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/hot_deploy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aio/testing/run.h"
#include "base/limits.h"
#include "base/testing/fake_clock.h"
#include "runtime/testing/fake_hot_deploy_operations.h"

namespace arcella::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Words = std::vector<std::string>;

aio::Task<> all_steps(HotDeploy& hot_deploy) {
  for (int i = 0; i < 100; ++i) {
    auto done = co_await hot_deploy.step();
    EXPECT_TRUE(done.has_value());
    if (!done.has_value() || !*done) co_return;
  }
  ADD_FAILURE() << "it never comes to rest";
}

aio::Task<> released(HotDeploy& hot_deploy, std::set<model::ComponentId> components,
                     std::set<model::DeploymentId> deployments) {
  auto done = co_await hot_deploy.release(std::move(components), std::move(deployments));
  EXPECT_TRUE(done.has_value());
}

class HotDeployTest : public ::testing::Test {
 protected:
  // A package lies in the folder, with this content.
  void drop(const std::string& file, testing::FakePackage package) {
    FolderEntry entry;
    entry.kind = kind_of(file, file.find('.') == std::string::npos);
    entry.stamp = std::to_string(++stamps_);
    platform_.packages[path(file)] = std::move(package);
    hot_deploy_->see(file, std::move(entry));
  }
  // `<id>.deployment.toml` lies in the folder; one for no component is broken.
  void drop_deployment(const std::string& id, const std::string& component) {
    FolderEntry entry;
    entry.kind = EntryKind::Deployment;
    entry.stamp = std::to_string(++stamps_);
    if (!component.empty()) entry.component = testing::component_id(component);
    const std::string file = id + ".deployment.toml";
    platform_.module_ids[path(file)] = component;
    hot_deploy_->see(file, std::move(entry));
  }
  void take_out(const std::string& file) { hot_deploy_->see_gone(file); }

  // All that is to be done now, in words.
  Words settle() {
    aio::testing::run(loop_, all_steps(*hot_deploy_));
    return platform_.take_done();
  }
  // The daemon dies and another one starts: the folder is seen again, entry by entry.
  void restart() {
    const FolderContent content = hot_deploy_->content();
    hot_deploy_ = std::make_unique<HotDeploy>(clock_, platform_, "/deploy");
    hot_deploy_->adopt(hot_deploy_records_from(to_document(platform_.saved)).value());
    for (const auto& [file, entry] : content) hot_deploy_->see(file, entry);
  }
  // "<state>: <message>" of a file.
  std::string status_of(const std::string& file) {
    for (const model::HotDeployView& view : hot_deploy_->status()) {
      if (view.file == file) return view.state + ": " + view.message;
    }
    return "not listed";
  }
  static std::string path(const std::string& file) { return "/deploy/" + file; }

  arcella::testing::FakeClock clock_;
  testing::FakeHotDeployOperations platform_;
  std::unique_ptr<HotDeploy> hot_deploy_ =
      std::make_unique<HotDeploy>(clock_, platform_, "/deploy");
  aio::Loop loop_;
  int stamps_ = 0;
};

TEST_F(HotDeployTest, AWasmAloneIsDeployedByDefaultAndStarted) {
  drop("calc.wasm", {"calc@1.0.0", "v1"});
  EXPECT_THAT(settle(), ElementsAre("install calc@1.0.0", "put calc calc@1.0.0", "start calc"));
  EXPECT_EQ(status_of("calc.wasm"), "deployed: calc@1.0.0 as calc");
  EXPECT_THAT(settle(), IsEmpty());
  take_out("calc.wasm");
  EXPECT_THAT(settle(), ElementsAre("undeploy calc", "remove calc@1.0.0"));
  EXPECT_EQ(platform_.saved, HotDeployRecords());
}

TEST_F(HotDeployTest, ADeploymentsFileReplacesTheDefault) {
  drop("calc.wasm", {"calc@1.0.0", "v1"});
  drop_deployment("web", "calc@1.0.0");
  EXPECT_THAT(settle(), ElementsAre("install calc@1.0.0", "put web calc@1.0.0", "start web"));
  EXPECT_EQ(status_of("calc.wasm"), "installed: calc@1.0.0");
  take_out("web.deployment.toml");
  EXPECT_THAT(settle(), ElementsAre("undeploy web")) << "and no default in its place";
}

TEST_F(HotDeployTest, ADeploymentsFileThatComesLateTakesTheDefaultsPlace) {
  drop("calc.wasm", {"calc@1.0.0", "v1"});
  settle();
  drop_deployment("calc", "calc@1.0.0");
  EXPECT_THAT(settle(), ElementsAre("put calc calc@1.0.0", "start calc"));
  EXPECT_EQ(*hot_deploy_->records().owner_of(testing::deployment_id("calc")),
            "calc.deployment.toml");
  restart();
  drop_deployment("other", "calc@1.0.0");
  EXPECT_THAT(settle(), ElementsAre("put other calc@1.0.0", "start other"));
}

TEST_F(HotDeployTest, ARefusedDefaultIsNotMissedOnceThereIsAFile) {
  platform_.failing["put web web@1.0.0"] = ErrorCode::InvalidManifest;
  drop("web.wasm", {"web@1.0.0", "v1"});
  EXPECT_THAT(settle(), ElementsAre("install web@1.0.0"));
  EXPECT_THAT(status_of("web.wasm"), HasSubstr("failed"));
  platform_.failing.clear();
  drop_deployment("web", "web@1.0.0");
  EXPECT_THAT(settle(), ElementsAre("put web web@1.0.0", "start web"));
  EXPECT_EQ(status_of("web.wasm"), "installed: web@1.0.0");
  EXPECT_THAT(platform_.reports, IsEmpty());
}

TEST_F(HotDeployTest, ADefaultOfAnotherNameGoesWhenAFileComes) {
  drop("calc.wasm", {"calc@1.0.0", "v1"});
  settle();
  drop_deployment("web", "calc@1.0.0");
  EXPECT_THAT(settle(), ElementsAre("put web calc@1.0.0", "undeploy calc", "start web"));
}

TEST_F(HotDeployTest, ABundleBringsItsOwnDeployments) {
  drop("bundle", {"calc@1.0.0", "v1", {"a", "b"}});
  EXPECT_THAT(settle(), ElementsAre("install calc@1.0.0", "put a calc@1.0.0", "put b calc@1.0.0",
                                    "start a", "start b"));
  drop("bundle", {"calc@1.0.0", "v1", {"b"}});
  EXPECT_THAT(settle(), ElementsAre("put b calc@1.0.0", "start b", "undeploy a"));
}

TEST_F(HotDeployTest, OtherContentForTheSameIdIsReplaced) {
  drop("calc.wasm", {"calc@1.0.0", "v1"});
  settle();
  drop("calc.wasm", {"calc@1.0.0", "v2"});
  EXPECT_THAT(settle(), ElementsAre("replace calc@1.0.0", "put calc calc@1.0.0", "start calc"));
}

TEST_F(HotDeployTest, AHigherVersionTakesItsDeploymentsAlongAndTheOldOneGoes) {
  drop("calc.wasm", {"calc@1.0.0", "v1"});
  drop_deployment("web", "calc@1.0.0");
  settle();
  drop("calc.wasm", {"calc@1.1.0", "v2"});
  EXPECT_THAT(settle(),
              ElementsAre("install calc@1.1.0", "update web calc@1.1.0", "remove calc@1.0.0"));
  EXPECT_THAT(status_of("web.deployment.toml"), HasSubstr("updated from what the file says"));
}

TEST_F(HotDeployTest, WhatCannotBeInstalledLeavesTheOldOneAlone) {
  drop("calc.wasm", {"calc@1.0.0", "v1"});
  settle();
  const HotDeployRecords before = platform_.saved;
  platform_.failing["examine bad"] = ErrorCode::InvalidComponent;
  drop("calc.wasm", {"calc@1.0.0", "bad"});
  EXPECT_THAT(settle(), IsEmpty());
  EXPECT_THAT(status_of("calc.wasm"), HasSubstr("failed: examine bad fails"));
  EXPECT_EQ(platform_.reports["calc.wasm"], "examine bad fails\n");
  EXPECT_EQ(platform_.saved, before);

  platform_.failing["replace calc@1.0.0"] = ErrorCode::InvalidManifest;
  drop("calc.wasm", {"calc@1.0.0", "v2"});
  EXPECT_THAT(settle(), IsEmpty());
  EXPECT_EQ(platform_.saved, before);

  platform_.failing.clear();
  drop("calc.wasm", {"calc@1.0.0", "v3"});
  EXPECT_THAT(settle(), ElementsAre("replace calc@1.0.0", "put calc calc@1.0.0", "start calc"));
  EXPECT_THAT(platform_.reports, IsEmpty());
}

TEST_F(HotDeployTest, WhatCameByHandIsNeverTouched) {
  platform_.components[testing::component_id("calc@1.0.0")] = "v1";
  platform_.deployments.emplace(testing::deployment_id("calc"),
                                testing::component_id("calc@1.0.0"));
  drop("calc.wasm", {"calc@1.0.0", "v1"});
  EXPECT_THAT(settle(), IsEmpty());
  EXPECT_EQ(status_of("calc.wasm"), "installed: calc@1.0.0");
  drop_deployment("calc", "calc@1.0.0");
  EXPECT_THAT(settle(), IsEmpty());
  EXPECT_THAT(status_of("calc.deployment.toml"), HasSubstr("did not come from this folder"));
  drop("calc.wasm", {"calc@1.0.0", "v2"});
  EXPECT_THAT(settle(), IsEmpty());
  EXPECT_THAT(status_of("calc.wasm"), HasSubstr("raise the version"));
  take_out("calc.wasm");
  take_out("calc.deployment.toml");
  EXPECT_THAT(settle(), IsEmpty());
}

TEST_F(HotDeployTest, AComponentThatAHandUsesStaysUntilNobodyDoes) {
  drop("calc.wasm", {"calc@1.0.0", "v1"});
  settle();
  const model::DeploymentId mine = testing::deployment_id("mine");
  platform_.deployments.emplace(mine, testing::component_id("calc@1.0.0"));
  take_out("calc.wasm");
  EXPECT_THAT(settle(), ElementsAre("undeploy calc"));
  restart();
  platform_.deployments.erase(mine);
  EXPECT_THAT(settle(), ElementsAre("remove calc@1.0.0"));
}

TEST_F(HotDeployTest, WhatAHandHasTakenOverIsTheHands) {
  drop("calc.wasm", {"calc@1.0.0", "v1"});
  settle();
  aio::testing::run(loop_, released(*hot_deploy_, {testing::component_id("calc@1.0.0")},
                                    {testing::deployment_id("calc")}));
  restart();
  take_out("calc.wasm");
  EXPECT_THAT(settle(), IsEmpty());
}

TEST_F(HotDeployTest, ADeploymentWaitsForItsComponent) {
  drop_deployment("web", "calc@1.0.0");
  EXPECT_THAT(settle(), IsEmpty());
  EXPECT_THAT(status_of("web.deployment.toml"), HasSubstr("waiting: component 'calc@1.0.0'"));
  EXPECT_THAT(platform_.reports, IsEmpty());
  drop("calc.wasm", {"calc@1.0.0", "v1"});
  EXPECT_THAT(settle(), ElementsAre("install calc@1.0.0", "put web calc@1.0.0", "start web"));
}

TEST_F(HotDeployTest, TheFoldersDeploymentsGoWithTheirComponentAndComeBack) {
  drop("calc.wasm", {"calc@1.0.0", "v1"});
  drop_deployment("web", "calc@1.0.0");
  settle();
  take_out("calc.wasm");
  EXPECT_THAT(settle(), ElementsAre("undeploy web", "remove calc@1.0.0"));
  EXPECT_THAT(status_of("web.deployment.toml"), HasSubstr("waiting"));
  drop("calc.wasm", {"calc@1.0.0", "v1"});
  EXPECT_THAT(settle(), ElementsAre("install calc@1.0.0", "put web calc@1.0.0", "start web"));
}

TEST_F(HotDeployTest, ARenamedFileKeepsItsComponent) {
  drop("calc.wasm", {"calc@1.0.0", "v1"});
  drop_deployment("web", "calc@1.0.0");
  settle();
  take_out("calc.wasm");
  drop("renamed.wasm", {"calc@1.0.0", "v1"});
  EXPECT_THAT(settle(), IsEmpty());
  take_out("renamed.wasm");
  EXPECT_THAT(settle(), ElementsAre("undeploy web", "remove calc@1.0.0"));
}

TEST_F(HotDeployTest, RemovalsWhileNoDaemonRanAreNoticed) {
  drop("calc.wasm", {"calc@1.0.0", "v1"});
  drop_deployment("web", "calc@1.0.0");
  settle();
  restart();
  EXPECT_THAT(settle(), IsEmpty());
  take_out("calc.wasm");
  take_out("web.deployment.toml");
  restart();
  EXPECT_THAT(settle(), ElementsAre("undeploy web", "remove calc@1.0.0"));
}

TEST_F(HotDeployTest, AClaimIsOnTheDiskBeforeWhatItClaims) {
  drop("calc.wasm", {"calc@1.0.0", "v1"});
  platform_.failing["start calc"] = ErrorCode::GuestTrapped;
  EXPECT_THAT(settle(), ElementsAre("install calc@1.0.0", "put calc calc@1.0.0"));
  EXPECT_NE(platform_.saved.owner_of(testing::deployment_id("calc")), nullptr);
  platform_.failing.clear();
  restart();  // as after a crash: it goes on where it was
  EXPECT_THAT(settle(), ElementsAre("put calc calc@1.0.0", "start calc"));
  take_out("calc.wasm");
  EXPECT_THAT(settle(), ElementsAre("undeploy calc", "remove calc@1.0.0"));
}

TEST_F(HotDeployTest, WhatCannotBeRecordedIsNotDone) {
  platform_.failing["save"] = ErrorCode::NoSpace;
  drop("calc.wasm", {"calc@1.0.0", "v1"});
  EXPECT_THAT(settle(), IsEmpty());
  platform_.failing.clear();
  clock_.advance(limits::kHotDeployRetryDelay);
  EXPECT_THAT(settle(), ElementsAre("install calc@1.0.0", "put calc calc@1.0.0", "start calc"));
}

TEST_F(HotDeployTest, WhatMayMendItselfIsTriedAgainEverMoreRarelyAndThenNotAtAll) {
  drop("calc.wasm", {"calc@1.0.0", "v1"});
  platform_.failing["start calc"] = ErrorCode::AddressInUse;
  settle();
  auto last = std::chrono::nanoseconds(0);
  int tries = 1;
  while (hot_deploy_->next_retry()) {
    auto delay = *hot_deploy_->next_retry() - clock_.monotonic_now();
    EXPECT_GE(delay, last);
    EXPECT_LE(delay, limits::kHotDeployRetryDelayMax);
    last = delay;
    clock_.advance(delay);
    EXPECT_THAT(settle(), ElementsAre("put calc calc@1.0.0"));
    ASSERT_LE(++tries, 100);
  }
  EXPECT_EQ(tries, limits::kHotDeployRetriesMax + 1);
  EXPECT_THAT(status_of("calc.wasm"), HasSubstr("failed"));
}

TEST_F(HotDeployTest, AFailureOfAFileThatIsGoneIsForgotten) {
  platform_.failing["examine bad"] = ErrorCode::Io;
  drop("bad.wasm", {"bad@1.0.0", "bad"});
  settle();
  EXPECT_EQ(platform_.reports.count("bad.wasm"), 1U);
  take_out("bad.wasm");
  EXPECT_THAT(settle(), IsEmpty());
  EXPECT_THAT(platform_.reports, IsEmpty());
  EXPECT_EQ(hot_deploy_->next_retry(), std::nullopt);
  EXPECT_EQ(status_of("bad.wasm"), "not listed");
}

// At a start nothing has been looked at yet, and a file may be being written: neither is gone.
TEST_F(HotDeployTest, WhatIsUnsettledIsLeftAlone) {
  drop("calc.wasm", {"calc@1.0.0", "v1"});
  settle();
  restart();
  take_out("calc.wasm");
  hot_deploy_->see_unsettled("calc.wasm");
  EXPECT_THAT(settle(), IsEmpty());
  drop("calc.wasm", {"calc@1.0.0", "v2"});
  hot_deploy_->see_unsettled("calc.wasm");
  EXPECT_THAT(settle(), IsEmpty());
  drop("calc.wasm", {"calc@1.0.0", "v3"});
  EXPECT_THAT(settle(), ElementsAre("replace calc@1.0.0", "put calc calc@1.0.0", "start calc"));
}

TEST_F(HotDeployTest, TwoFilesMayNotBringTheSameDeployment) {
  drop("a", {"a@1.0.0", "v1", {"web"}});
  drop("b", {"b@1.0.0", "v1", {"web"}});
  settle();
  EXPECT_EQ(status_of("a"), "deployed: a@1.0.0 as web");
  EXPECT_THAT(status_of("b"), HasSubstr("comes from a already"));
}

TEST_F(HotDeployTest, ABrokenDeploymentsFileIsReportedAndNoDefaultTakesItsName) {
  drop("calc.wasm", {"calc@1.0.0", "v1"});
  drop_deployment("calc", "");
  EXPECT_THAT(settle(), ElementsAre("install calc@1.0.0"));
  EXPECT_THAT(platform_.reports["calc.deployment.toml"], HasSubstr("line 1: bad"));
  drop_deployment("calc", "calc@1.0.0");
  EXPECT_THAT(settle(), ElementsAre("put calc calc@1.0.0", "start calc"));
  EXPECT_THAT(platform_.reports, IsEmpty());
}

TEST_F(HotDeployTest, WhatHasNothingToStartIsOnlyInstalled) {
  testing::FakePackage library{"lib@1.0.0", "v1"};
  library.runnable = false;
  drop("lib.wasm", library);
  EXPECT_THAT(settle(), ElementsAre("install lib@1.0.0"));
}

TEST_F(HotDeployTest, ANamelessWasmTakesTheNameThatADeploymentGivesIt) {
  testing::FakePackage nameless{"", "v1"};
  nameless.nameless = true;
  drop("calc.wasm", nameless);
  EXPECT_THAT(settle(), ElementsAre("install calc@1.0.0", "put calc calc@1.0.0", "start calc"));
  drop_deployment("calc", "calc@2.0.0");
  EXPECT_THAT(settle(), ElementsAre("install calc@2.0.0", "update calc calc@2.0.0",
                                    "remove calc@1.0.0", "put calc calc@2.0.0", "start calc"));
}

}  // namespace
}  // namespace arcella::runtime
