// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/rotating_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "base/file.h"
#include "base/limits.h"
#include "base/testing/temporary_folder.h"

namespace arcella {
namespace {

class RotatingFileTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string content(int index = 0) const {
    return read_file(rotated_path(path_, index), 1U << 20).value_or("(none)");
  }

  TemporaryFolder folder_;
  std::string path_ = folder_ / "x.log";
};

// Files may not grow past `bytes` while it lives: what a full disk looks like to write().
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit now{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
};

TEST_F(RotatingFileTest, GoesOnAtTheEnd) {
  {
    RotatingFile(path_, {100, 3}).append("one\n");
  }
  RotatingFile file(path_, {100, 3});
  ASSERT_TRUE(file.open());
  EXPECT_TRUE(file.append("two\n"));
  EXPECT_EQ(content(), "one\ntwo\n");
}

TEST_F(RotatingFileTest, KeepsSoManyFilesOfThatSize) {
  RotatingFile file(path_, {8, 3});
  for (char c = 'a'; c <= 'h'; ++c) EXPECT_TRUE(file.append(std::string(3, c) + "\n"));
  EXPECT_EQ(content(0), "ggg\nhhh\n");
  EXPECT_EQ(content(1), "eee\nfff\n");
  EXPECT_EQ(content(2), "ccc\nddd\n");
  EXPECT_EQ(content(3), "(none)");
}

TEST_F(RotatingFileTest, OneFileStartsAnew) {
  RotatingFile file(path_, {8, 1});
  for (const char* line : {"aaa\n", "bbb\n", "ccc\n"}) EXPECT_TRUE(file.append(line));
  EXPECT_EQ(content(0), "ccc\n");
  EXPECT_EQ(content(1), "(none)");
}

TEST_F(RotatingFileTest, FewerFilesThanBeforeAreMadeFewer) {
  RotatingFile file(path_, {4, 4});
  for (char c = 'a'; c <= 'e'; ++c) file.append(std::string(3, c) + "\n");
  ASSERT_EQ(content(3), "bbb\n");
  file.set_limits({4, 2});
  file.append("fff\n");
  EXPECT_EQ(content(1), "eee\n");
  EXPECT_EQ(content(2), "(none)");
  EXPECT_EQ(content(3), "(none)");
}

TEST_F(RotatingFileTest, ALineLongerThanAFileHasOneToItself) {
  RotatingFile file(path_, {4, 3});
  file.append("a\n");
  EXPECT_TRUE(file.append("much too long\n"));
  file.append("b\n");
  EXPECT_EQ(content(1), "much too long\n");
  EXPECT_EQ(content(0), "b\n");
}

TEST_F(RotatingFileTest, WhatAFullDiskDoesNotTakeIsCountedAndTold) {
  RotatingFile file(path_, {1000, 2});
  ASSERT_TRUE(file.append("before\n"));
  {
    FullDisk full(10);
    EXPECT_FALSE(file.append("half of this would fit\n"));
    EXPECT_FALSE(file.append("nor this\n"));
    EXPECT_EQ(file.lost(), 2U);
    EXPECT_EQ(content(), "before\n") << "no half line is left";
  }
  EXPECT_TRUE(file.append("after\n"));
  EXPECT_EQ(content(), "before\n[2 lines could not be written here]\nafter\n");
  EXPECT_EQ(file.lost(), 0U);
}

TEST_F(RotatingFileTest, ADeviceIsNeverRotated) {
  RotatingFile file("/dev/full", {4, 3});
  ASSERT_TRUE(file.open());
  EXPECT_FALSE(file.append("a line\n"));
  EXPECT_FALSE(file.append("a line\n"));
  EXPECT_EQ(file.lost(), 2U);
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
}

TEST_F(RotatingFileTest, AFolderThatComesLaterIsFound) {
  path_ = folder_ / "later/x.log";
  RotatingFile file(path_, {100, 2});
  EXPECT_FALSE(file.append("lost\n"));
  ASSERT_TRUE(make_dir_0700(folder_ / "later"));
  EXPECT_TRUE(file.append("kept\n"));
  EXPECT_EQ(content(), "[1 lines could not be written here]\nkept\n");
}

TEST_F(RotatingFileTest, TheWholeRowIsRemoved) {
  RotatingFile file(path_, {4, 3});
  for (char c = 'a'; c <= 'e'; ++c) file.append(std::string(3, c) + "\n");
  remove_rotated(path_);
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

}  // namespace
}  // namespace arcella
