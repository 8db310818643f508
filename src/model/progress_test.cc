// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/progress.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/limits.h"
#include "base/testing/fake_clock.h"

namespace arcella::model {
namespace {

class ProgressTest : public ::testing::Test {
 protected:
  arcella::testing::FakeClock clock_;
  std::vector<std::string> told_;
  Progress progress_{clock_, [this](const Progress::Note& note) {
                       told_.push_back(std::string(note.stage) + " " + std::to_string(note.done) +
                                       "/" + (note.total ? std::to_string(*note.total) : "?"));
                     }};
};
using Told = std::vector<std::string>;

TEST_F(ProgressTest, TellsEachStageAtOnceAndOnce) {
  progress_.stage("reading");
  progress_.stage("reading");
  progress_.stage("compiling");
  EXPECT_EQ(told_, (Told{"reading 0/?", "compiling 0/?"}));
}

TEST_F(ProgressTest, CountsAreRareButTheLastOneIsTold) {
  for (std::uint64_t done = 0; done <= 1000; ++done) progress_.count("starting", done, 1000);
  EXPECT_EQ(told_, (Told{"starting 0/1000", "starting 1000/1000"}));
}

TEST_F(ProgressTest, TellsACountAfterTheInterval) {
  progress_.count("starting", 1, 9);
  clock_.advance(limits::kProgressInterval);
  progress_.count("starting", 1, 9);  // no news
  progress_.count("starting", 2, 9);
  progress_.count("starting", 3, 9);
  EXPECT_EQ(told_, (Told{"starting 1/9", "starting 2/9"}));
}

TEST_F(ProgressTest, CopiesAreOne) {
  const Progress copy = progress_;
  progress_.count("starting", 1, 9);
  copy.count("starting", 2, 9);
  EXPECT_EQ(told_.size(), 1U);
}

TEST(Progress, EmptyOneIsSilent) {
  const Progress nobody;
  EXPECT_FALSE(nobody.wanted());
  nobody.stage("compiling");
}

}  // namespace
}  // namespace arcella::model
