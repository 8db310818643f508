// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/guest_log_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/limits.h"
#include "base/rotating_file.h"
#include "base/testing/temporary_folder.h"
#include "runtime/testing/samples.h"

namespace arcella::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::int64_t kStart = 1'767'225'600'000;

model::LogLine line(int number, int index = 0, std::string text = {}) {
  if (text.empty()) text = "line " + std::to_string(number);
  return {kStart + number, "calc/" + std::to_string(index), number % 2 == 1, std::move(text),
          "calc@1.0.0"};
}

std::vector<std::string> texts(const std::vector<model::LogLine>& lines) {
  std::vector<std::string> result;
  for (const model::LogLine& one : lines) result.push_back(one.text);
  return result;
}

class GuestLogFileTest : public ::testing::Test {
 protected:
  void write(int first, int last, std::size_t file_bytes = 1U << 20) {
    RotatingFile file(path_, {file_bytes, 5});
    for (int i = first; i <= last; ++i) ASSERT_TRUE(file.append(to_file_line(line(i, i % 3))));
  }
  std::vector<model::LogLine> read(GuestLogFilter filter) {
    return read_guest_log(path_, filter, bytes_left_);
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.path() + "/calc.log";
  std::size_t bytes_left_ = limits::kGuestLogReadBytesMax;
};

TEST_F(GuestLogFileTest, ALineSurvivesTheWayBack) {
  const model::LogLine one = line(7, 2, "two  words, and a tab\t.");
  const std::string text = to_file_line(one);
  EXPECT_EQ(text, "2026-01-01T00:00:00.007Z calc@1.0.0 calc/2 stderr two  words, and a tab\t.\n");
  auto back = from_file_line(std::string_view(text).substr(0, text.size() - 1));
  ASSERT_TRUE(back);
  EXPECT_EQ(to_file_line(*back), text);
  EXPECT_TRUE(from_file_line("2026-01-01T00:00:00.007Z calc@1.0.0 calc/2 stdout "));
  for (const char* other : {"", "[3 lines could not be written here]", "2026-01-01T00:00:00.0",
                            "2026-01-01T00:00:00.007Z calc@1.0.0 calc/2 stdin x"}) {
    EXPECT_FALSE(from_file_line(other)) << other;
  }
}

TEST_F(GuestLogFileTest, GivesTheLastLinesInOrder) {
  write(1, 5000);
  const auto found = read({.lines = 3});
  EXPECT_THAT(texts(found), ElementsAre("line 4998", "line 4999", "line 5000"));
  EXPECT_EQ(found[2].component, "calc@1.0.0");
  EXPECT_EQ(found[2].time_ms, kStart + 5000);
  EXPECT_THAT(read({.lines = 10'000}), SizeIs(5000));
}

TEST_F(GuestLogFileTest, GoesOnInRotatedFiles) {
  write(1, 20, 300);
  ASSERT_TRUE(std::filesystem::exists(path_ + ".3"));
  const auto found = texts(read({.lines = 1000}));
  ASSERT_GE(found.size(), 15U);
  EXPECT_EQ(found.back(), "line 20");
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i], "line " + std::to_string(20 - found.size() + 1 + i));
  }
}

TEST_F(GuestLogFileTest, TakesOneInstanceOrWhatIsNewEnough) {
  write(1, 9);
  EXPECT_THAT(texts(read({.instance = "calc/1", .lines = 2})), ElementsAre("line 4", "line 7"));
  EXPECT_THAT(texts(read({.since_ms = kStart + 8, .lines = 100})), ElementsAre("line 8", "line 9"));
}

TEST_F(GuestLogFileTest, ReadsNoMoreThanItMay) {
  write(1, 5000);
  bytes_left_ = 1000;
  EXPECT_THAT(read({.lines = 10'000}).size(), ::testing::Lt(20U));
  EXPECT_EQ(bytes_left_, 0U);
}

TEST_F(GuestLogFileTest, NothingWrittenYetIsNothing) {
  EXPECT_THAT(read({.lines = 10}), IsEmpty());
  std::ofstream(path_).put('\n');
  EXPECT_THAT(read({.lines = 10}), IsEmpty());
}

TEST_F(GuestLogFileTest, WhatIsNoLineIsReadOver) {
  write(1, 1);
  std::ofstream(path_, std::ios::app) << "[2 lines could not be written here]\n";
  write(2, 2);
  std::ofstream(path_, std::ios::app) << "2026-01-01T00:0";
  EXPECT_THAT(texts(read({.lines = 10})), ElementsAre("line 1", "line 2"));
}

TEST_F(GuestLogFileTest, FilesOfDeploymentsThatAreGoneAreRemoved) {
  const std::string home = folder_.path();
  std::filesystem::create_directories(guest_log_folder(home));
  for (const char* name : {"calc.log", "calc.log.1", "old.log", "old.log.2", "calculator.log"}) {
    std::ofstream(guest_log_folder(home) + "/" + name) << "x\n";
  }
  remove_unknown_guest_logs(home, {testing::deployment_id("calc")});
  std::vector<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(guest_log_folder(home))) {
    left.push_back(entry.path().filename().string());
  }
  EXPECT_THAT(left, ::testing::UnorderedElementsAre("calc.log", "calc.log.1"));
}

}  // namespace
}  // namespace arcella::runtime
