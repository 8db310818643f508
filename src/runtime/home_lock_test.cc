// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/home_lock.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <optional>

#include "base/testing/temporary_folder.h"

namespace arcella::runtime {
namespace {

TEST(HomeLock, RefusesASecondHolderAndNamesThePid) {
  TemporaryFolder folder;
  ASSERT_TRUE(prepare_home(folder.path()).has_value());
  std::optional<Result<HomeLock>> first = HomeLock::acquire(folder.path());
  ASSERT_TRUE(first->has_value());
  auto second = HomeLock::acquire(folder.path());
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code(), ErrorCode::Conflict);
  EXPECT_NE(second.error().message().find("pid " + std::to_string(::getpid())), std::string::npos);
  first.reset();
  EXPECT_TRUE(HomeLock::acquire(folder.path()).has_value());
}

TEST(HomeLock, PreparesFoldersThatNobodyElseMayRead) {
  TemporaryFolder folder;
  std::string home = folder.path() + "/home";
  ASSERT_TRUE(prepare_home(home).has_value());
  ASSERT_TRUE(prepare_home(home).has_value());
  for (const char* name : {"", "/modules", "/state", "/run", "/cache"}) {
    struct stat about{};
    ASSERT_EQ(::stat((home + name).c_str(), &about), 0) << name;
    EXPECT_EQ(about.st_mode & 0777U, 0700U) << name;
  }
}

// Decision 11.
TEST(HomeLock, MakesNoFolderThatIsEasyToTakeForTheHotDeployFolder) {
  TemporaryFolder folder;
  ASSERT_TRUE(prepare_home(folder.path()).has_value());
  EXPECT_EQ(::access((folder.path() + "/deploy").c_str(), F_OK), 0);
  EXPECT_NE(::access((folder.path() + "/deployments").c_str(), F_OK), 0);
}

}  // namespace
}  // namespace arcella::runtime
