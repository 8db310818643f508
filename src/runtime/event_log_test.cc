// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/event_log.h"

#include <gtest/gtest.h>

#include "aio/await.h"
#include "aio/loop.h"
#include "base/limits.h"
#include "base/testing/fake_clock.h"
#include "base/testing/temporary_folder.h"
#include "runtime/testing/samples.h"

namespace arcella::runtime {
namespace {

using model::Event;
using model::EventKind;
using Lines = std::vector<std::string>;

std::string line_of(const Event& event) {
  std::string line = std::string(model::to_string(event.kind)) + " " + event.subject;
  return event.message.empty() ? line : line + ": " + event.message;
}

class EventLogTest : public ::testing::Test {
 protected:
  Lines lines(EventLog& log, std::optional<std::string> deployment = std::nullopt) {
    Lines result;
    EventQuery query;
    query.deployment = std::move(deployment);
    query.count = 1000;
    for (const Event& event : log.tail(query).events) result.push_back(line_of(event));
    return result;
  }
  void ready(EventLog& log, std::string_view deployment, int first, int last) {
    for (int i = first; i <= last; ++i) {
      log.record(EventKind::InstanceReady, {testing::deployment_id(deployment), i});
    }
  }

  arcella::testing::FakeClock clock_;
  aio::Loop loop_;
  aio::WorkerPool files_{"test-files", 1};
  TemporaryFolder folder_;
  EventLog log_{loop_.executor(), clock_, files_};
};

TEST_F(EventLogTest, TellsWhatWasRecordedInOrder) {
  log_.record(EventKind::ComponentInstalled, "calc@1.0.0");
  log_.record(EventKind::OperationFailed, "web", "start: a\nreason");
  EXPECT_EQ(lines(log_),
            (Lines{"component-installed calc@1.0.0", "operation-failed web: start: a\\nreason"}));
}

TEST_F(EventLogTest, ReplicasThatChangeInOneGoAreOneEvent) {
  ready(log_, "web", 0, 999);
  ready(log_, "api", 0, 0);
  ready(log_, "web", 1001, 1002);
  EXPECT_EQ(lines(log_), (Lines{"instance-ready web/0..999", "instance-ready api/0",
                                "instance-ready web/1001..1002"}));
  ready(log_, "web", 1003, 1003);  // the others are history
  EXPECT_EQ(lines(log_).back(), "instance-ready web/1003");
}

TEST_F(EventLogTest, TheSameAgainIsCounted) {
  for (int i = 0; i < 12; ++i) log_.record(EventKind::OperationFailed, "x", "start: no");
  log_.record(EventKind::OperationFailed, "x", "stop: no");
  EXPECT_EQ(lines(log_),
            (Lines{"operation-failed x: start: no (12 times)", "operation-failed x: stop: no"}));
}

TEST_F(EventLogTest, KeepsABoundedNumberAndCountsTheRest) {
  const auto all = static_cast<int>(limits::kEventsKept) + 10;
  for (int i = 0; i < all; ++i) log_.record(EventKind::DeploymentScaled, std::to_string(i));
  EventQuery query;
  query.count = limits::kEventsKept * 2;
  const model::EventTail tail = log_.tail(query);
  EXPECT_EQ(tail.events.size(), limits::kEventsKept);
  EXPECT_EQ(tail.dropped, 10U);
  EXPECT_EQ(tail.events.back().subject, std::to_string(all - 1));
}

TEST_F(EventLogTest, CutsALongMessage) {
  log_.record(EventKind::OperationFailed, "x", std::string(limits::kEventMessageBytesMax * 2, 'y'));
  const std::string line = lines(log_).front();
  EXPECT_LT(line.size(), limits::kEventMessageBytesMax + 100);
  EXPECT_TRUE(line.ends_with("y [cut]"));
}

TEST_F(EventLogTest, ChoosesByDeploymentTimeAndNumber) {
  ready(log_, "web", 0, 1);
  log_.record(EventKind::DeploymentStarted, "web");
  clock_.advance(std::chrono::seconds(1));
  log_.record(EventKind::WorkerUp, "worker web");
  log_.record(EventKind::DeploymentStopped, "web");
  EXPECT_EQ(lines(log_, "web"),
            (Lines{"instance-ready web/0..1", "deployment-started web", "deployment-stopped web"}));
  EventQuery query;
  query.count = 10;
  query.since_ms = log_.tail(query).events.back().time_ms;
  EXPECT_EQ(log_.tail(query).events.size(), 2U);
  query.count = 1;
  EXPECT_EQ(line_of(log_.tail(query).events.front()), "deployment-stopped web");
  EXPECT_TRUE(log_.knows("web"));
  EXPECT_FALSE(log_.knows("we"));
}

TEST_F(EventLogTest, FollowersHearWhatComesUntilTheyGo) {
  log_.record(EventKind::DeploymentStarted, "web");
  Lines heard;
  auto handle =
      log_.follow("web", [&heard](const Event& event) { heard.push_back(line_of(event)); });
  ready(log_, "web", 0, 2);
  log_.record(EventKind::DeploymentStarted, "api");
  (void)lines(log_);
  EXPECT_EQ(heard, Lines{"instance-ready web/0..2"});
  handle.reset();
  log_.record(EventKind::DeploymentStopped, "web");
  (void)lines(log_);
  EXPECT_EQ(heard.size(), 1U);
}

TEST_F(EventLogTest, NextDaemonSeesWhatThisOneRecorded) {
  ASSERT_TRUE(log_.open(folder_.path()).has_value());
  struct Script {
    static aio::Task<bool> go(EventLog& log) {
      log.run();
      log.record(EventKind::DaemonStarted, "daemon");
      auto slept = co_await aio::sleep_for(std::chrono::milliseconds(50));
      log.record(EventKind::DaemonStopping, "daemon");
      co_await log.stop();
      co_return slept.has_value();
    }
  };
  EXPECT_TRUE(loop_.run(Script::go(log_)));
  EventLog next(loop_.executor(), clock_, files_);
  ASSERT_TRUE(next.open(folder_.path()).has_value());
  EXPECT_EQ(lines(next), (Lines{"daemon-started daemon", "daemon-stopping daemon"}));
}

TEST_F(EventLogTest, GoesOnInMemoryWhenTheFolderIsNotThere) {
  EXPECT_FALSE(log_.open(folder_.path() + "/nowhere").has_value());
  log_.record(EventKind::DaemonStarted, "daemon");
  EXPECT_EQ(lines(log_), Lines{"daemon-started daemon"});
}

}  // namespace
}  // namespace arcella::runtime
