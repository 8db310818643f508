// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/guest_logs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "aio/testing/run.h"
#include "base/limits.h"
#include "base/testing/fake_clock.h"
#include "base/testing/temporary_folder.h"
#include "runtime/testing/samples.h"

namespace arcella::runtime {
namespace {

using testing::deployment_id;
using ::testing::ElementsAre;

std::vector<std::string> texts(const model::LogTail& tail) {
  std::vector<std::string> result;
  for (const model::LogLine& line : tail.lines) result.push_back(line.text);
  return result;
}

class GuestLogsTest : public ::testing::Test {
 protected:
  GuestLogsTest() {
    std::filesystem::create_directories(folder_.path() + "/logs");
    registry_.add({testing::sample_component("calc@1.0.0"), {}});
    DeploymentRecord& record =
        registry_.put(testing::sample_deployment("calc", "calc@1.0.0", "g", 2));
    record.loaded = true;
    record.loaded_in = testing::group_name("g");
    record.instances.resize(2);
  }
  ~GuestLogsTest() override { aio::testing::run(loop_, logs_.stop()); }

  [[nodiscard]] DeploymentRecord& record() { return *registry_.find(deployment_id("calc")); }

  void print(int index, std::string text) {
    GuestOutput output({deployment_id("calc"), index}, false);
    output.text = std::move(text);
    logs_.on_output(record().loaded_in, output);
    clock_.advance(std::chrono::milliseconds(1));
  }
  // As `logs` does it.
  model::LogTail query(GuestLogs::Query query) {
    model::LogTail result;
    auto ask = [](GuestLogsTest& test, GuestLogs::Query what, model::LogTail& into) -> aio::Task<> {
      std::size_t bytes_left = limits::kGuestLogReadBytesMax;
      std::vector<model::LogLine> older;
      if (test.logs_.needs_file(test.record(), what)) {
        model::DeploymentId id = deployment_id("calc");
        older = co_await test.logs_.read_file(std::move(id), what, bytes_left);
      }
      into = test.logs_.tail(test.record(), what, std::move(older));
    };
    aio::testing::run(loop_, ask(*this, query, result));
    return result;
  }
  [[nodiscard]] std::int64_t now_ms() const { return milliseconds_since_epoch(clock_.wall_now()); }

  aio::Loop loop_;
  arcella::testing::FakeClock clock_;
  Registry registry_;
  TemporaryFolder folder_;
  manifest::DaemonConfig config_;
  GuestLogs logs_{loop_.executor(), clock_, registry_, folder_.path(), config_};
};

TEST_F(GuestLogsTest, LinesSayWhoPrintedThem) {
  print(1, "hello\n");
  const model::LogTail tail = query({.lines = 10});
  ASSERT_EQ(tail.lines.size(), 1U);
  EXPECT_EQ(tail.lines[0].instance, "calc/1");
  EXPECT_EQ(tail.lines[0].component, "calc@1.0.0");
}

TEST_F(GuestLogsTest, LinesInRingAndFileAreShownOnce) {
  for (int i = 0; i < 3; ++i) print(0, "same\n");
  print(1, "other\n");
  EXPECT_THAT(texts(query({.lines = 10})), ElementsAre("same", "same", "same", "other"));
  EXPECT_THAT(texts(query({.index = 1, .lines = 10})), ElementsAre("other"));
}

TEST_F(GuestLogsTest, WhatTheRingHasNoLongerComesFromTheFile) {
  config_.guest_logs_ring_bytes = limits::kLogRingBytesMin;
  logs_.configure(config_);
  for (int i = 0; i < 1000; ++i) print(0, "line " + std::to_string(i) + "\n");
  EXPECT_GT(record().instances[0].log->dropped(), 0U);
  const model::LogTail tail = query({.lines = 1000});
  ASSERT_EQ(tail.lines.size(), 1000U);
  for (std::size_t i = 0; i < 1000; ++i) {
    EXPECT_EQ(tail.lines[i].text, "line " + std::to_string(i));
  }
  EXPECT_EQ(tail.dropped, 0U);
}

TEST_F(GuestLogsTest, LinesFromBeforeTheRingWasThereComeFromTheFile) {
  print(0, "before\n");
  (void)query({.lines = 10});
  record().instances[0].log.reset();  // as after a restart of the daemon
  print(0, "after\n");
  EXPECT_THAT(texts(query({.lines = 10})), ElementsAre("before", "after"));
  EXPECT_THAT(texts(query({.lines = 1})), ElementsAre("after"));
}

TEST_F(GuestLogsTest, SinceLeavesOutWhatIsOlder) {
  print(0, "old\n");
  clock_.advance(std::chrono::minutes(5));
  const std::int64_t since = now_ms();
  print(0, "new\n");
  EXPECT_THAT(texts(query({.lines = 10, .since_ms = since})), ElementsAre("new"));
}

TEST_F(GuestLogsTest, WithoutFilesTheRingSaysWhatItDropped) {
  config_.guest_logs_ring_bytes = limits::kLogRingBytesMin;
  config_.guest_logs_files_kept = 0;
  logs_.configure(config_);
  for (int i = 0; i < 1000; ++i) print(0, "line\n");
  EXPECT_FALSE(logs_.needs_file(record(), {.lines = 1000}));
  const model::LogTail tail = query({.lines = 1000});
  EXPECT_EQ(tail.lines.size() + tail.dropped, 1000U);
}

TEST_F(GuestLogsTest, ASmallerRingLosesItsOldestLinesAtOnce) {
  for (int i = 0; i < 1000; ++i) print(0, "line\n");
  EXPECT_EQ(record().instances[0].log->size(), 1000U);
  config_.guest_logs_ring_bytes = limits::kLogRingBytesMin;
  logs_.configure(config_);
  EXPECT_LE(record().instances[0].log->bytes(), limits::kLogRingBytesMin);
}

TEST_F(GuestLogsTest, ControlCharactersAreInertInTheFileToo) {
  print(0, "\x1b[2Jgone\rforged\n");
  (void)query({.lines = 1000});
  std::size_t bytes_left = 1000;
  const auto lines = read_guest_log(guest_log_path(folder_.path(), deployment_id("calc")),
                                    {.lines = 10}, bytes_left);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].text, "\\x1b[2Jgone\\rforged");
}

TEST_F(GuestLogsTest, AFollowerOfAllHearsEveryDeployment) {
  std::vector<std::string> heard;
  auto handle = logs_.follow(std::nullopt, std::nullopt,
                             [&heard](const model::LogLine& line) { heard.push_back(line.text); });
  auto deaf = logs_.follow(deployment_id("other"), std::nullopt,
                           [&heard](const model::LogLine&) { heard.push_back("wrong"); });
  print(0, "one\n");
  handle.reset();
  print(0, "two\n");
  EXPECT_THAT(heard, ElementsAre("one"));
}

}  // namespace
}  // namespace arcella::runtime
