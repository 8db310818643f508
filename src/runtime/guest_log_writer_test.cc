// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/guest_log_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>

#include "aio/testing/run.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/testing/temporary_folder.h"
#include "runtime/testing/samples.h"

namespace arcella::runtime {
namespace {

using ::testing::EndsWith;
using ::testing::SizeIs;

class GuestLogWriterTest : public ::testing::Test {
 public:  // for the coroutines of the tests
  GuestLogWriterTest() { std::filesystem::create_directories(folder_.path() + "/logs"); }

  void write(int count, std::size_t bytes = 10) {
    for (int i = 0; i < count; ++i) {
      writer_.write(id_, {1'767'225'600'000, "calc/0", false, std::string(bytes, 'x'), "c@1.0.0"});
    }
  }
  aio::Task<std::size_t> count_lines() {
    std::size_t bytes_left = limits::kGuestLogReadBytesMax;
    GuestLogFilter filter;
    filter.lines = 1'000'000;
    const auto lines = co_await writer_.read(id_, std::move(filter), bytes_left);
    co_return lines.size();
  }
  void run(aio::Task<> task) { aio::testing::run(loop_, std::move(task)); }
  [[nodiscard]] std::string path() const { return guest_log_path(folder_.path(), id_); }

  aio::Loop loop_;
  TemporaryFolder folder_;
  model::DeploymentId id_ = testing::deployment_id("calc");
  GuestLogWriter writer_{loop_.executor(), folder_.path(), {1U << 20, 3}};
};

aio::Task<> write_and_stop(GuestLogWriter& writer) {
  co_await writer.stop();
}

TEST_F(GuestLogWriterTest, WhatWasWrittenIsReadBackAndIsOnTheDiskAtTheEnd) {
  run([](GuestLogWriterTest& test) -> aio::Task<> {
    test.write(3);
    EXPECT_EQ(co_await test.count_lines(), 3U);
    test.write(2);
    co_await test.writer_.stop();
  }(*this));
  std::size_t bytes_left = 1U << 20;
  EXPECT_THAT(read_guest_log(path(), {.lines = 100}, bytes_left), SizeIs(5));
  EXPECT_EQ(writer_.lost(id_), 0U);
}

TEST_F(GuestLogWriterTest, WhatDoesNotFitIntoTheQueueIsDroppedCountedAndTold) {
  const std::size_t fits = limits::kGuestLogQueueBytesMax / (limits::kLogLineBytesMax + 46);
  write(static_cast<int>(fits) + 10, limits::kLogLineBytesMax);
  run(write_and_stop(writer_));
  EXPECT_GE(writer_.lost(id_), 9U);
  EXPECT_LE(writer_.lost(id_), 11U);
}

TEST_F(GuestLogWriterTest, AFullDiskIsCountedAndWritingGoesOnAfterIt) {
  std::signal(SIGXFSZ, SIG_IGN);
  run([](GuestLogWriterTest& test) -> aio::Task<> {
    test.write(1);
    (void)co_await test.count_lines();
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    const rlimit full{10, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &full);
    test.write(4);
    EXPECT_EQ(co_await test.count_lines(), 1U);
    EXPECT_EQ(test.writer_.lost(test.id_), 4U);
    ::setrlimit(RLIMIT_FSIZE, &before);
    test.write(1);
    EXPECT_EQ(co_await test.count_lines(), 2U);
    co_await test.writer_.stop();
  }(*this));
  EXPECT_THAT(read_file(path(), 1U << 20).value(), ::testing::HasSubstr("[4 lines could not be"));
}

TEST_F(GuestLogWriterTest, WithoutFilesNothingIsWritten) {
  writer_.configure({1U << 20, 0});
  write(3);
  run(write_and_stop(writer_));
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(GuestLogWriterTest, ARemovedDeploymentTakesItsFilesWithIt) {
  run([](GuestLogWriterTest& test) -> aio::Task<> {
    test.write(3);
    (void)co_await test.count_lines();
    EXPECT_TRUE(std::filesystem::exists(test.path()));
    test.write(3);
    model::DeploymentId id = test.id_;
    co_await test.writer_.remove(std::move(id));
    co_await test.writer_.stop();
  }(*this));
  EXPECT_FALSE(std::filesystem::exists(path()));
}

}  // namespace
}  // namespace arcella::runtime
