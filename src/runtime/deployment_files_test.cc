// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/deployment_files.h"

#include <gtest/gtest.h>

#include "base/testing/temporary_folder.h"

namespace arcella::runtime {
namespace {

constexpr std::string_view kCalc = "[deployment]\nmodule_id = \"calc@1.0.0\"\ngroup = \"math\"\n";

TEST(DeploymentFiles, TakesTheIdFromTheName) {
  TemporaryFolder folder;
  auto files = read_deployment_files({folder.write("calc-math.deployment.toml", kCalc)});
  ASSERT_TRUE(files.has_value()) << files.error().message();
  ASSERT_EQ(files->size(), 1U);
  EXPECT_EQ(files->front().spec.id.str(), "calc-math");
  EXPECT_EQ(files->front().spec.component.str(), "calc@1.0.0");
}

TEST(DeploymentFiles, CarryTheirNotes) {
  TemporaryFolder folder;
  std::string path = folder.write("a.deployment.toml",
                                  std::string(kCalc) + "[deployment.update]\nauto_revert = true\n");
  auto files = read_deployment_files({path});
  ASSERT_TRUE(files.has_value()) << files.error().detail();
  ASSERT_EQ(files->front().notes.size(), 1U);
  EXPECT_EQ(files->front().notes[0].find(path + ":"), 0U);
  EXPECT_NE(files->front().notes[0].find("has no effect in this version"), std::string::npos);
}

TEST(DeploymentFiles, ReportsTheMistakesOfAllFiles) {
  TemporaryFolder folder;
  auto files =
      read_deployment_files({folder.write("a.deployment.toml", "[deployment]\ngruop = 1\n"),
                             folder.write("b.deployment.toml", "nonsense")});
  ASSERT_FALSE(files.has_value());
  EXPECT_EQ(files.error().code(), ErrorCode::InvalidManifest);
  EXPECT_NE(files.error().detail().find("a.deployment.toml"), std::string::npos);
  EXPECT_NE(files.error().detail().find("b.deployment.toml"), std::string::npos);
}

TEST(DeploymentFiles, RefusesOtherNamesMissingFilesAndOneIdTwice) {
  TemporaryFolder folder;
  EXPECT_EQ(read_deployment_files({folder.write("calc.toml", kCalc)}).error().code(),
            ErrorCode::InvalidParams);
  EXPECT_EQ(read_deployment_files({folder.write("a b.deployment.toml", kCalc)}).error().code(),
            ErrorCode::InvalidParams);
  EXPECT_EQ(read_deployment_files({folder.path() + "/no.deployment.toml"}).error().code(),
            ErrorCode::NotFound);
  std::string path = folder.write("calc.deployment.toml", kCalc);
  EXPECT_FALSE(read_deployment_files({path, path}).has_value());
}

}  // namespace
}  // namespace arcella::runtime
