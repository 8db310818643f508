// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/ids.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unordered_set>

#include "base/limits.h"

namespace arcella::model {
namespace {

using ::testing::HasSubstr;

TEST(DeploymentId, TakesTheGrammarAndNothingElse) {
  EXPECT_EQ(DeploymentId::parse("Web_front-2").value().str(), "Web_front-2");
  EXPECT_TRUE(DeploymentId::parse(std::string(limits::kNameLengthMax, 'a')).has_value());
  const std::vector<std::string> bad{"",
                                     std::string(limits::kNameLengthMax + 1, 'a'),
                                     "a b",
                                     "a/b",
                                     "..",
                                     "a.b",
                                     "caf\xc3\xa9",
                                     std::string("a\0b", 3),
                                     "a@1.0.0"};
  for (const std::string& text : bad) {
    auto id = DeploymentId::parse(text);
    ASSERT_FALSE(id.has_value()) << text;
    EXPECT_EQ(id.error().code(), ErrorCode::InvalidParams);
  }
}

TEST(DeploymentId, ShowsTheTextInertAndShort) {
  std::string message = DeploymentId::parse("a\x1b[31m" + std::string(500, 'x')).error().message();
  EXPECT_THAT(message, HasSubstr("\\x1b"));
  EXPECT_LT(message.size(), 200U);
}

TEST(GroupName, IsAnotherType) {
  EXPECT_EQ(GroupName::parse("web").value().str(), "web");
  EXPECT_THAT(GroupName::parse("a b").error().message(), HasSubstr("group name"));
}

TEST(ComponentId, IsNameAndVersion) {
  ComponentId id = ComponentId::parse("http-logger@0.1.10").value();
  EXPECT_EQ(id.name(), "http-logger");
  EXPECT_EQ(id.version(), "0.1.10");
  EXPECT_EQ(id.str(), "http-logger@0.1.10");
  EXPECT_EQ(ComponentId::make("http-logger", "0.1.10").value(), id);
}

TEST(ComponentId, RefusesWhatIsNotThreeNumbers) {
  for (std::string_view text :
       {"a", "a@", "a@1", "a@1.0", "a@1.0.0.0", "a@1.0.0-rc1", "a@01.0.0", "a@1..0", "a@1.0.x",
        "@1.0.0", "a b@1.0.0", "a@1.0.0@2", "a@4294967296.0.0", "a@+1.0.0", "a@1.0. 0"}) {
    EXPECT_FALSE(ComponentId::parse(text).has_value()) << text;
  }
}

TEST(InstanceId, IsDeploymentAndIndex) {
  InstanceId id = InstanceId::parse("web/12").value();
  EXPECT_EQ(id.deployment.str(), "web");
  EXPECT_EQ(id.index, 12);
  EXPECT_EQ(id.str(), "web/12");
  for (std::string_view text :
       {"web", "web/", "web/-1", "web/01", "web/x", "/1", "web/1/2", "web/10000"}) {
    EXPECT_FALSE(InstanceId::parse(text).has_value()) << text;
  }
}

TEST(Ids, AreHashedAndOrdered) {
  std::unordered_set<DeploymentId> seen{DeploymentId::parse("a").value(),
                                        DeploymentId::parse("a").value()};
  EXPECT_EQ(seen.size(), 1U);
  EXPECT_LT(ComponentId::parse("a@1.0.0").value(), ComponentId::parse("b@0.0.1").value());
}

}  // namespace
}  // namespace arcella::model
