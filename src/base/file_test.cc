// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "base/testing/temporary_folder.h"

namespace arcella {
namespace {

namespace fs = std::filesystem;

class FileTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::ptrdiff_t entries() const {
    return std::distance(fs::directory_iterator(folder_), fs::directory_iterator());
  }
  static mode_t mode_of(const fs::path& path) {
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777U : 0;
  }

  TemporaryFolder temporary_;
  fs::path folder_ = temporary_.path();
};

TEST_F(FileTest, ReadsWhatWasWritten) {
  const std::string bytes("a\0b\n", 4);
  ASSERT_TRUE(atomic_write(folder_ / "x", bytes).has_value());
  EXPECT_EQ(read_file(folder_ / "x", 4).value(), bytes);
  ASSERT_TRUE(atomic_write(folder_ / "empty", "").has_value());
  EXPECT_EQ(read_file(folder_ / "empty", 0).value(), "");
}

TEST_F(FileTest, ListsTheWantedEntriesOfAFolderThatIsNotTooLarge) {
  for (const char* name : {"b.toml", "a.toml", "c.wasm"}) std::ofstream(folder_ / name) << "x";
  auto is_toml = [](std::string_view name) { return name.ends_with(".toml"); };
  const std::vector<std::string> both{"a.toml", "b.toml"};
  EXPECT_EQ(folder_entries(folder_, 3, is_toml, "name one").value(), both);
  auto too_many = folder_entries(folder_, 2, is_toml, "name one");
  ASSERT_FALSE(too_many.has_value());
  EXPECT_EQ(too_many.error().code(), ErrorCode::LimitExceeded);
  EXPECT_EQ(too_many.error().message(), folder_.string() + ": more than 2 entries; name one");
  auto absent = folder_entries(folder_ / "absent", 3, is_toml, "name one");
  ASSERT_FALSE(absent.has_value());
  EXPECT_EQ(absent.error().code(), ErrorCode::NotFound);
}

TEST_F(FileTest, WhatACrashLeftOfAReplacementIsRemoved) {
  std::ofstream(folder_ / ".x.aBcDeF") << "half of i";
  std::ofstream(folder_ / ".y.aBcDeF") << "another's";
  ASSERT_TRUE(atomic_write(folder_ / "x", "it").has_value());
  ASSERT_TRUE(remove_unfinished(folder_ / "x").has_value());
  EXPECT_FALSE(fs::exists(folder_ / ".x.aBcDeF"));
  EXPECT_TRUE(fs::exists(folder_ / ".y.aBcDeF"));
  EXPECT_EQ(read_file(folder_ / "x", 4).value(), "it");
}

TEST_F(FileTest, AFileOfOneByteTooManyIsRefused) {
  ASSERT_TRUE(atomic_write(folder_ / "x", "12345").has_value());
  auto content = read_file(folder_ / "x", 4);
  ASSERT_FALSE(content.has_value());
  EXPECT_EQ(content.error().code(), ErrorCode::LimitExceeded);
  EXPECT_NE(content.error().message().find((folder_ / "x").string()), std::string::npos);
}

TEST_F(FileTest, ReadsFilesThatDoNotTellTheirSize) {
  auto status = read_file("/proc/self/status", 1U << 20U);
  ASSERT_TRUE(status.has_value());
  EXPECT_NE(status->find("Pid:"), std::string::npos);
  EXPECT_EQ(read_file("/proc/self/status", 10).error().code(), ErrorCode::LimitExceeded);
}

TEST_F(FileTest, AMissingFileIsNotFoundAndNamed) {
  auto content = read_file(folder_ / "absent", 10);
  ASSERT_FALSE(content.has_value());
  EXPECT_EQ(content.error().code(), ErrorCode::NotFound);
  EXPECT_EQ(content.error().message(),
            "reading '" + (folder_ / "absent").string() + "': No such file or directory");
}

TEST_F(FileTest, OnlyRegularFilesAreRead) {
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(read_file(folder_ / "pipe", 10).error().code(), ErrorCode::InvalidParams);
  EXPECT_EQ(read_file(folder_, 10).error().code(), ErrorCode::InvalidParams);
  auto device = read_file("/dev/zero", 10);
  ASSERT_FALSE(device.has_value());
  EXPECT_EQ(device.error().message(), "reading '/dev/zero': it is a device, not a file");
}

TEST_F(FileTest, AtomicWriteReplacesAndLeavesNothingElse) {
  ASSERT_TRUE(atomic_write(folder_ / "x", "old").has_value());
  ASSERT_TRUE(atomic_write(folder_ / "x", "new").has_value());
  EXPECT_EQ(read_file(folder_ / "x", 10).value(), "new");
  EXPECT_EQ(entries(), 1);
}

TEST_F(FileTest, AtomicWriteSetsTheModeWhateverTheUmask) {
  mode_t before = ::umask(0);
  ASSERT_TRUE(atomic_write(folder_ / "secret", "x").has_value());
  ::umask(077);
  ASSERT_TRUE(atomic_write(folder_ / "open", "x", 0644).has_value());
  ::umask(before);
  EXPECT_EQ(mode_of(folder_ / "secret"), 0600U);
  EXPECT_EQ(mode_of(folder_ / "open"), 0644U);
}

TEST_F(FileTest, AFailedWriteLeavesTheOldFileAndNoTemporary) {
  ASSERT_TRUE(fs::create_directory(folder_ / "taken"));
  EXPECT_FALSE(atomic_write(folder_ / "taken", "x").has_value());
  EXPECT_TRUE(fs::is_directory(folder_ / "taken"));
  EXPECT_EQ(entries(), 1);
  EXPECT_EQ(atomic_write(folder_ / "absent" / "x", "x").error().code(), ErrorCode::NotFound);
}

TEST_F(FileTest, MakeDirIsPrivateAlsoWhenTheFolderWasThere) {
  ASSERT_TRUE(make_dir_0700(folder_ / "a").has_value());
  EXPECT_EQ(mode_of(folder_ / "a"), 0700U);
  ASSERT_EQ(::chmod((folder_ / "a").c_str(), 0755), 0);
  ASSERT_TRUE(make_dir_0700(folder_ / "a").has_value());
  EXPECT_EQ(mode_of(folder_ / "a"), 0700U);
}

TEST_F(FileTest, MakeDirRefusesAFileAndAMissingParent) {
  ASSERT_TRUE(atomic_write(folder_ / "x", "x").has_value());
  EXPECT_EQ(make_dir_0700(folder_ / "x").error().code(), ErrorCode::NotFound);
  EXPECT_EQ(make_dir_0700(folder_ / "absent" / "a").error().code(), ErrorCode::NotFound);
}

}  // namespace
}  // namespace arcella
