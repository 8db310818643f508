// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/history_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/limits.h"
#include "base/testing/temporary_folder.h"

namespace arcella::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class HistoryFileTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path() const { return folder_ + "/state/arcella/cli_history"; }
  [[nodiscard]] HistoryFile open() const {
    auto opened = HistoryFile::open(path());
    EXPECT_TRUE(opened.has_value()) << opened.error().message();
    return std::move(*opened);
  }
  static mode_t mode_of(const std::string& path) {
    struct stat status{};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 0777U;
  }

  TemporaryFolder temporary_;
  std::string folder_ = temporary_.path();
};

TEST_F(HistoryFileTest, KeepsLinesForTheNextShell) {
  HistoryFile first = open();
  EXPECT_THAT(first.lines(), IsEmpty());
  EXPECT_TRUE(first.append("list").value());
  EXPECT_TRUE(first.append("call calc 'add(1, 2)'").value());
  EXPECT_THAT(open().lines(), ElementsAre("list", "call calc 'add(1, 2)'"));
}

TEST_F(HistoryFileTest, IsTheUsersAlone) {
  HistoryFile history = open();
  EXPECT_TRUE(history.append("list").value());
  EXPECT_EQ(mode_of(path()), 0600U);
  EXPECT_EQ(mode_of(folder_ + "/state/arcella"), 0700U);
  std::filesystem::permissions(path(), std::filesystem::perms::all);
  EXPECT_TRUE(history.append("status").value());
  EXPECT_EQ(mode_of(path()), 0600U);
}

TEST_F(HistoryFileTest, LeavesOutWhatIsNotWorthKeeping) {
  HistoryFile history = open();
  EXPECT_TRUE(history.append("list").value());
  for (const char* line : {"", " run x --env SECRET=1", "\tlist", "list", "\x1b[2J"}) {
    EXPECT_FALSE(history.append(line).value()) << line;
  }
  EXPECT_THAT(open().lines(), ElementsAre("list"));
  EXPECT_FALSE(open().append("list").value()) << "the last line of the shell before";
}

TEST_F(HistoryFileTest, IsCutWhenTheNextShellStarts) {
  HistoryFile history = open();
  for (std::size_t i = 0; i < limits::kShellHistoryLinesMax + 5; ++i) {
    ASSERT_TRUE(history.append("call calc add " + std::to_string(i) + " 1").value());
  }
  const HistoryFile next = open();
  ASSERT_THAT(next.lines(), SizeIs(limits::kShellHistoryLinesMax));
  EXPECT_EQ(next.lines().front(), "call calc add 5 1");
  EXPECT_THAT(open().lines(), SizeIs(limits::kShellHistoryLinesMax));
}

TEST_F(HistoryFileTest, LinesThatMoveTheCursorAreDropped) {
  std::filesystem::create_directories(folder_ + "/state/arcella");
  std::ofstream(path()) << "list\n\x1b]0;owned\x07\n\nstatus\n";
  EXPECT_THAT(open().lines(), ElementsAre("list", "status"));
}

TEST_F(HistoryFileTest, NoLinkIsFollowed) {
  HistoryFile history = open();
  std::filesystem::create_symlink(folder_ + "/elsewhere", path());
  EXPECT_FALSE(history.append("list").has_value());
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/elsewhere"));
}

TEST_F(HistoryFileTest, WhatIsNoFileIsAnErrorThatNamesIt) {
  std::filesystem::create_directories(path());
  auto opened = HistoryFile::open(path());
  ASSERT_FALSE(opened.has_value());
  EXPECT_THAT(opened.error().message(), ::testing::HasSubstr(path()));
}

TEST(HistoryPath, GoesByTheStandard) {
  EXPECT_EQ(history_path("/state", "/home/u"), "/state/arcella/cli_history");
  EXPECT_EQ(history_path("", "/home/u"), "/home/u/.local/state/arcella/cli_history");
  EXPECT_EQ(history_path("relative", "/home/u"), "/home/u/.local/state/arcella/cli_history");
  EXPECT_EQ(history_path("", ""), "");
}

TEST(HistoryFile, WithoutAPathNothingIsWritten) {
  auto opened = HistoryFile::open("");
  ASSERT_TRUE(opened.has_value());
  EXPECT_TRUE(opened->append("list").value());
}

}  // namespace
}  // namespace arcella::cli
