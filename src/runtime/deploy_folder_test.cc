// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/deploy_folder.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/testing/temporary_folder.h"
#include "base/unique_fd.h"

namespace arcella::runtime {
namespace {

namespace fs = std::filesystem;

TEST(DeployFolder, NamesSayWhatAnEntryIs) {
  EXPECT_EQ(kind_of("calc.wasm", false), EntryKind::Wasm);
  EXPECT_EQ(kind_of("calc", true), EntryKind::Bundle);
  EXPECT_EQ(kind_of("calc-1.0.0.tar.gz", false), EntryKind::Archive);
  EXPECT_EQ(kind_of("calc.tgz", false), EntryKind::Archive);
  EXPECT_EQ(kind_of("calc.deployment.toml", false), EntryKind::Deployment);
  EXPECT_EQ(kind_of("calc.deployment.template.toml", false), EntryKind::Companion);
  EXPECT_EQ(kind_of("component.toml", false), EntryKind::Companion);
  EXPECT_EQ(kind_of("README.md", false), EntryKind::Other);
  EXPECT_EQ(kind_of("calc.wasm", true), EntryKind::Other) << "a folder that is named like a file";
  EXPECT_EQ(wasm_of_companion("calc.component.toml"), "calc.wasm");
  EXPECT_EQ(wasm_of_companion("component.toml"), "");
}

TEST(DeployFolder, TemporaryFilesAndReportsAreIgnored) {
  for (const char* name : {".calc.wasm.x7Yz", "calc.wasm~", "calc.wasm.tmp", "calc.wasm.part",
                           ".calc.wasm.swp", "calc.wasm.error", "bad\xff.wasm"}) {
    EXPECT_TRUE(is_ignored(name)) << name;
  }
  EXPECT_FALSE(is_ignored("calc.wasm"));
}

TEST(DeployFolder, AStampChangesWithTheContent) {
  TemporaryFolder folder;
  EXPECT_EQ(look_at(folder.path(), "a.wasm").state, Look::State::Absent);
  folder.write("a.wasm", "one");
  const Look first = look_at(folder.path(), "a.wasm");
  EXPECT_NE(first.state, Look::State::Absent);
  EXPECT_EQ(first.entry.kind, EntryKind::Wasm);
  EXPECT_EQ(look_at(folder.path(), "a.wasm").entry.stamp, first.entry.stamp);
  folder.write("a.wasm", "three");
  EXPECT_NE(look_at(folder.path(), "a.wasm").entry.stamp, first.entry.stamp);
}

// Where the kernel cannot tell, the one who looks waits for the end of the write.
TEST(DeployFolder, AFileThatIsBeingWrittenIsBusyAndSoIsItsFolder) {
  TemporaryFolder folder;
  fs::create_directory(folder.path() + "/bundle");
  const std::string path = folder.write("bundle/a.wasm", "half");
  UniqueFd writer(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  const Look busy = look_at(folder.path() + "/bundle", "a.wasm");
  if (busy.state == Look::State::Unknown) GTEST_SKIP() << "no leases on this file system";
  EXPECT_EQ(busy.state, Look::State::Busy);
  EXPECT_EQ(look_at(folder.path(), "bundle").state, Look::State::Busy);
  writer.reset();
  EXPECT_EQ(look_at(folder.path() + "/bundle", "a.wasm").state, Look::State::There);
  EXPECT_EQ(look_at(folder.path(), "bundle").state, Look::State::There);
}

TEST(DeployFolder, ABundlesStampHasAllItsFiles) {
  TemporaryFolder folder;
  fs::create_directory(folder.path() + "/bundle");
  folder.write("bundle/a.wasm", "x");
  const std::string before = look_at(folder.path(), "bundle").entry.stamp;
  folder.write("bundle/component.toml", "x");
  const std::string after = look_at(folder.path(), "bundle").entry.stamp;
  EXPECT_NE(after, before);
  folder.write("bundle/component.toml.error", "x");
  EXPECT_EQ(look_at(folder.path(), "bundle").entry.stamp, after);
}

TEST(DeployFolder, ADeploymentsFileSaysWhichComponentItDeploys) {
  TemporaryFolder folder;
  folder.write("web.deployment.toml", "[deployment]\nmodule_id = \"calc@1.2.0\"\ngroup = \"g\"\n");
  folder.write("bad.deployment.toml", "[deployment]\nmodule_id = 7\n");
  const Look good = look_at(folder.path(), "web.deployment.toml");
  ASSERT_TRUE(good.entry.component.has_value());
  EXPECT_EQ(good.entry.component->str(), "calc@1.2.0");
  const Look bad = look_at(folder.path(), "bad.deployment.toml");
  EXPECT_EQ(bad.entry.kind, EntryKind::Deployment);
  EXPECT_FALSE(bad.entry.component.has_value());
}

TEST(DeployFolder, WhatCannotBeDeployedSaysWhy) {
  TemporaryFolder folder;
  fs::create_symlink("/etc/passwd", folder.path() + "/link.wasm");
  ASSERT_EQ(::mkfifo((folder.path() + "/pipe.wasm").c_str(), 0600), 0);
  fs::create_directory(folder.path() + "/folder.wasm");
  folder.write("notes.toml", "x");
  auto problem = [&](const char* name) { return look_at(folder.path(), name).entry.problem; };
  EXPECT_NE(problem("link.wasm").find("a link"), std::string::npos);
  EXPECT_NE(problem("pipe.wasm").find("neither a file nor a folder"), std::string::npos);
  EXPECT_NE(problem("folder.wasm").find("rename it"), std::string::npos);
  EXPECT_NE(problem("notes.toml").find("<id>.deployment.toml"), std::string::npos);
}

TEST(DeployFolder, AReportGoesWithItsFile) {
  TemporaryFolder folder;
  folder.write("a.wasm", "x");
  const std::string kept = folder.write("a.wasm.error", "x");
  const std::string orphan = folder.write("b.wasm.error", "x");
  remove_orphan_reports(folder.path());
  EXPECT_TRUE(fs::exists(kept));
  EXPECT_FALSE(fs::exists(orphan));
}

TEST(DeployFolder, AFolderThatCannotBeReadIsNoEmptyFolder) {
  TemporaryFolder folder;
  EXPECT_FALSE(names_in(folder.path() + "/none").has_value());
  folder.write("b.wasm", "x");
  folder.write("a.wasm", "x");
  folder.write(".hidden", "x");
  auto names = names_in(folder.path());
  ASSERT_TRUE(names.has_value());
  EXPECT_EQ(*names, (std::vector<std::string>{"a.wasm", "b.wasm"}));
}

}  // namespace
}  // namespace arcella::runtime
