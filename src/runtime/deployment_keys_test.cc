// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/deployment_keys.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/testing/temporary_folder.h"
#include "runtime/testing/samples.h"

namespace arcella::runtime {
namespace {

class DeploymentKeys : public ::testing::Test {
 protected:
  DeploymentKeys() {
    std::filesystem::create_directory(home() + "/state");
    EXPECT_TRUE(remove_unknown_keys(home(), {}));
    for (const char* id : {"calc", "web"}) {
      std::filesystem::create_directory(path_of(id));
      std::ofstream(path_of(id) + "/keys.db") << "x";
      std::ofstream(path_of(id) + "/keys.db-wal") << "x";
    }
  }
  [[nodiscard]] std::string home() const { return folder_.path(); }
  [[nodiscard]] std::string path_of(const std::string& id) const {
    return home() + "/state/keys/" + id;
  }
  [[nodiscard]] bool has(const std::string& id) const {
    return std::filesystem::exists(path_of(id) + "/keys.db");
  }

 private:
  TemporaryFolder folder_;
};

TEST_F(DeploymentKeys, OfOneAreRemovedAndThoseOfOthersStay) {
  EXPECT_TRUE(remove_keys(home(), testing::deployment_id("calc")));
  EXPECT_FALSE(std::filesystem::exists(path_of("calc")));
  EXPECT_TRUE(has("web"));
  EXPECT_TRUE(remove_keys(home(), testing::deployment_id("calc")));
}

TEST_F(DeploymentKeys, OfWhatIsNotDeployedAreRemovedAtTheStart) {
  EXPECT_TRUE(remove_unknown_keys(home(), {testing::deployment_id("web")}));
  EXPECT_FALSE(std::filesystem::exists(path_of("calc")));
  EXPECT_TRUE(has("web"));
}

TEST_F(DeploymentKeys, AreNotFollowedOutOfTheirFolder) {
  std::ofstream(home() + "/precious") << "x";
  std::filesystem::create_symlink(home() + "/precious", path_of("calc") + "/link");
  std::filesystem::create_directory_symlink(home(), path_of("web") + "/home");
  EXPECT_TRUE(remove_unknown_keys(home(), {}));
  EXPECT_FALSE(std::filesystem::exists(path_of("calc")));
  EXPECT_FALSE(std::filesystem::exists(path_of("web")));
  EXPECT_TRUE(std::filesystem::exists(home() + "/precious"));
}

}  // namespace
}  // namespace arcella::runtime
