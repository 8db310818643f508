// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/event.h"

#include <gtest/gtest.h>

#include <set>

namespace arcella::model {
namespace {

TEST(Event, EveryKindHasANameOfItsOwnThatIsReadBack) {
  std::set<std::string_view> names;
  for (int i = 0; i < kEventKindCount; ++i) {
    const auto kind = static_cast<EventKind>(i);
    EXPECT_FALSE(to_string(kind).empty());
    EXPECT_TRUE(names.insert(to_string(kind)).second) << to_string(kind);
    EXPECT_EQ(event_kind_from(to_string(kind)), kind);
  }
  EXPECT_EQ(event_kind_from("instance-redy"), std::nullopt);
}

TEST(Event, IsAboutItsDeploymentAndThatOfItsReplica) {
  const auto about = [](std::string subject) {
    return is_about(Event{0, EventKind::InstanceReady, std::move(subject), {}}, "web");
  };
  EXPECT_TRUE(about("web"));
  EXPECT_TRUE(about("web/3"));
  EXPECT_TRUE(about("web/0..9"));
  EXPECT_FALSE(about("web2"));
  EXPECT_FALSE(about("web2/0"));
  EXPECT_FALSE(about("we"));
  EXPECT_FALSE(about("worker web"));
}

}  // namespace
}  // namespace arcella::model
