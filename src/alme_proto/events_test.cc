// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "alme_proto/events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alme_proto/progress.h"
#include "base/limits.h"

namespace arcella::alme_proto {
namespace {

using ::testing::HasSubstr;

wire::Json json(std::string_view text) {
  auto parsed = wire::parse_json(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed.has_value() ? *parsed : wire::Json();
}

TEST(EventsParams, SurviveTheWayThere) {
  EventsParams params;
  params.deployment = "web";
  params.lines = 7;
  params.since_ms = 1'767'225'600'000;
  params.follow = true;
  auto read = EventsParams::from_json(params.to_json());
  ASSERT_TRUE(read.has_value()) << read.error().message();
  EXPECT_EQ(read->deployment, "web");
  EXPECT_EQ(read->lines, 7);
  EXPECT_EQ(read->since_ms, 1'767'225'600'000);
  EXPECT_TRUE(read->follow);
}

TEST(EventsParams, KeepToTheirBounds) {
  EXPECT_FALSE(EventsParams::from_json(json(R"({"lines": -1})")).has_value());
  EXPECT_FALSE(EventsParams::from_json(json(R"({"lines": 4097})")).has_value());
  EXPECT_FALSE(EventsParams::from_json(json(R"({"since_ms": "10m"})")).has_value());
  EXPECT_TRUE(EventsParams::from_json(json(R"({})")).has_value());
}

TEST(EventJson, SurvivesTheWayThere) {
  model::EventTail tail;
  tail.events = {{1, model::EventKind::DaemonStarted, "daemon", ""},
                 {2, model::EventKind::InstanceFailed, "web/3", "wasm trap: unreachable"}};
  tail.dropped = 5;
  const wire::Json made = to_json(tail);
  EXPECT_TRUE(made.at("events").at(0).at("message").is_null());
  auto read = event_tail_from_json(made);
  ASSERT_TRUE(read.has_value()) << read.error().message();
  EXPECT_EQ(read->events, tail.events);
  EXPECT_EQ(read->dropped, 5U);
}

TEST(EventJson, RefusesWhatIsNoEvent) {
  auto unknown =
      event_from_json(json(R"({"time_ms": 1, "kind": "party", "subject": "x", "message": null})"));
  ASSERT_FALSE(unknown.has_value());
  EXPECT_THAT(unknown.error().message(), HasSubstr("there is no event 'party'"));
  EXPECT_FALSE(event_from_json(json(R"({"kind": "worker-up", "subject": "x"})")).has_value());
}

TEST(ProgressJson, SurvivesTheWayThere) {
  auto counted = progress_from_json(to_json(model::Progress::Note{"starting", 3, 10}));
  ASSERT_TRUE(counted.has_value());
  EXPECT_EQ(counted->stage, "starting");
  EXPECT_EQ(counted->done, 3U);
  EXPECT_EQ(counted->total, 10U);
  auto open = progress_from_json(to_json(model::Progress::Note{"compiling", 0, std::nullopt}));
  ASSERT_TRUE(open.has_value());
  EXPECT_EQ(open->total, std::nullopt);
}

TEST(ProgressJson, IsAskedForWithABoolean) {
  EXPECT_EQ(asks_for_progress(json(R"({"progress": true})")).value_or(false), true);
  EXPECT_EQ(asks_for_progress(json(R"({"path": "/x"})")).value_or(true), false);
  EXPECT_FALSE(asks_for_progress(json(R"({"progress": "yes"})")).has_value());
}

}  // namespace
}  // namespace arcella::alme_proto
