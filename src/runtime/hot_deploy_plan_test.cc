// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/hot_deploy_plan.h"

#include <gtest/gtest.h>

#include "runtime/testing/samples.h"

namespace arcella::runtime {
namespace {

using testing::component_id;
using testing::deployment_id;
using Kind = HotDeployStep::Kind;

FolderEntry entry(EntryKind kind, std::string stamp = "s") {
  FolderEntry made;
  made.kind = kind;
  made.stamp = std::move(stamp);
  return made;
}

FolderEntry deployment_of(std::string_view component) {
  FolderEntry made = entry(EntryKind::Deployment);
  made.component = component_id(component);
  return made;
}

FileRecord package_record(std::string_view component) {
  FileRecord record;
  record.stamp = "s";
  record.component = component_id(component);
  return record;
}

TEST(HotDeployPlan, NothingIsDoneWhenAllIsAsRecorded) {
  HotDeployRecords records;
  records.files["calc.wasm"] = package_record("calc@1.0.0");
  FolderContent content{{"calc.wasm", entry(EntryKind::Wasm)}};
  EXPECT_EQ(next_step(records, content, {}), std::nullopt);
}

TEST(HotDeployPlan, StepsComeInTheOrderThatNeedsTheLeastOutage) {
  HotDeployRecords records;
  records.files["gone.wasm"] = package_record("gone@1.0.0");
  records.files["gone.deployment.toml"].stamp = "s";
  FolderContent content{{"new.wasm", entry(EntryKind::Wasm)},
                        {"new.deployment.toml", deployment_of("new@1.0.0")}};
  std::vector<HotDeployStep> steps;
  for (auto step = next_step(records, content, {}); step && steps.size() < 9;
       step = next_step(records, content, {})) {
    steps.push_back(*step);
    if (step->kind == Kind::DropDeployment || step->kind == Kind::DropPackage) {
      records.files.erase(step->file);
    } else {
      records.files[step->file].stamp = "s";
    }
  }
  const std::vector<HotDeployStep> expected{{Kind::DropDeployment, "gone.deployment.toml"},
                                            {Kind::BringPackage, "new.wasm"},
                                            {Kind::BringDeployment, "new.deployment.toml"},
                                            {Kind::DropPackage, "gone.wasm"}};
  EXPECT_EQ(steps, expected);
}

TEST(HotDeployPlan, WhatHasFailedAsItIsIsHeld) {
  FolderContent content{{"bad.wasm", entry(EntryKind::Wasm)}, {"ok", entry(EntryKind::Bundle)}};
  EXPECT_EQ(next_step({}, content, {"bad.wasm"})->file, "ok");
  EXPECT_EQ(next_step({}, content, {"bad.wasm", "ok"}), std::nullopt);
}

TEST(HotDeployPlan, AFileThatBecameSomethingElseIsGone) {
  HotDeployRecords records;
  records.files["calc.wasm"] = package_record("calc@1.0.0");
  FolderContent content{{"calc.wasm", entry(EntryKind::Other)}};
  EXPECT_EQ(next_step(records, content, {})->kind, Kind::DropPackage);
}

TEST(HotDeployPlan, ManifestsBesideAWasmAreOfItsStamp) {
  FolderContent content{{"calc.wasm", entry(EntryKind::Wasm, "a")}};
  const std::string alone = stamp_of(content, "calc.wasm");
  content["calc.component.toml"] = entry(EntryKind::Companion, "b");
  const std::string named = stamp_of(content, "calc.wasm");
  EXPECT_NE(named, alone);
  content["component.toml"] = entry(EntryKind::Companion, "c");
  EXPECT_NE(stamp_of(content, "calc.wasm"), named);
  content["other.wasm"] = entry(EntryKind::Wasm, "d");
  EXPECT_EQ(stamp_of(content, "calc.wasm"), named) << "a shared name speaks of none of several";
  EXPECT_EQ(stamp_of(content, "gone.wasm"), "");
}

TEST(HotDeployPlan, ADeploymentsFileIsForAComponentByWhatItSaysOrByItsName) {
  FolderContent content{{"web.deployment.toml", deployment_of("calc@1.0.0")},
                        {"broken.deployment.toml", entry(EntryKind::Deployment)}};
  EXPECT_TRUE(has_deployment_file(content, component_id("calc@1.0.0")));
  EXPECT_TRUE(has_deployment_file(content, component_id("calc@1.1.0")));
  EXPECT_FALSE(has_deployment_file(content, component_id("other@1.0.0")));
  EXPECT_TRUE(has_deployment_file(content, component_id("broken@1.0.0")));
}

TEST(HotDeployPlan, ANamelessWasmIsCalledAsItsFile) {
  FolderContent content{{"calc.wasm", entry(EntryKind::Wasm)}};
  EXPECT_EQ(id_by_file(content, "calc.wasm"), component_id("calc@1.0.0"));
  EXPECT_EQ(id_by_file(content, "calc@2.3.4.wasm"), component_id("calc@2.3.4"));
  EXPECT_EQ(id_by_file(content, "cal c.wasm"), std::nullopt);
  content["web.deployment.toml"] = deployment_of("calc@0.9.0");
  EXPECT_EQ(id_by_file(content, "calc.wasm"), component_id("calc@0.9.0"));

  HotDeployRecords records;
  records.files["calc.wasm"] = package_record("calc@1.0.0");
  records.files["web.deployment.toml"].stamp = "s";
  EXPECT_EQ(next_step(records, content, {}), std::nullopt);
  records.files["calc.wasm"].named_by_file = true;
  EXPECT_EQ(next_step(records, content, {})->file, "calc.wasm");
}

TEST(HotDeployRecords, AreWhatWasWritten) {
  HotDeployRecords records;
  FileRecord& file = records.files["calc \"quoted\".wasm"];
  file = package_record("calc@1.0.0");
  file.deployments.insert(deployment_id("calc"));
  file.by_default = true;
  records.files["web.deployment.toml"].deployments.insert(deployment_id("web"));
  records.components.insert(component_id("calc@1.0.0"));
  auto read = hot_deploy_records_from(to_document(records));
  ASSERT_TRUE(read.has_value()) << read.error().message();
  EXPECT_EQ(*read, records);
  EXPECT_EQ(*read->owner_of(deployment_id("web")), "web.deployment.toml");
  EXPECT_EQ(read->owner_of(deployment_id("other")), nullptr);
}

TEST(HotDeployRecords, DamageIsAnError) {
  EXPECT_FALSE(hot_deploy_records_from("").has_value());
  EXPECT_FALSE(hot_deploy_records_from("{}").has_value());
  EXPECT_FALSE(hot_deploy_records_from(R"({"version":2,"files":[],"components":[]})").has_value());
  EXPECT_FALSE(
      hot_deploy_records_from(R"({"version":1,"files":[],"components":["../x"]})").has_value());
}

}  // namespace
}  // namespace arcella::runtime
