// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "alme_proto/config_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace arcella::alme_proto {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ConfigJson, ValuesKeepTheirTypesOnTheWayThereAndBack) {
  const std::vector<model::ConfigEntry> values{
      {"log.level", std::string("debug"), "cfg/arcella.toml:2", false},
      {"log.files_kept", std::int64_t{5}, "default", false},
      {"hot_deploy.enabled", true, "--set", true}};
  const wire::Json json = to_json(values);
  EXPECT_EQ(wire::to_text(json.at("values").at(1)),
            R"({"key":"log.files_kept","value":5,"source":"default","needs_restart":false})");
  auto back = config_from_json(json);
  ASSERT_TRUE(back);
  ASSERT_EQ(back->size(), 3U);
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ((*back)[i].key, values[i].key);
    EXPECT_EQ((*back)[i].value, values[i].value);
    EXPECT_EQ((*back)[i].source, values[i].source);
    EXPECT_EQ((*back)[i].needs_restart, values[i].needs_restart);
  }
}

TEST(ConfigJson, ReloadSurvivesTheWayBack) {
  const wire::Json json = to_json(model::ReloadOutcome{{"log.level"}, {}});
  EXPECT_EQ(wire::to_text(json), R"({"applied":["log.level"],"needs_restart":[]})");
  auto back = reload_from_json(json);
  ASSERT_TRUE(back);
  EXPECT_THAT(back->applied, ElementsAre("log.level"));
  EXPECT_THAT(back->needs_restart, IsEmpty());
}

TEST(ConfigJson, AnAnswerOfAnotherShapeIsRefused) {
  EXPECT_FALSE(config_from_json(wire::JsonObject{{"values", 3}}));
  EXPECT_FALSE(config_from_json(wire::JsonObject{}));
  EXPECT_FALSE(reload_from_json(wire::JsonObject{}));
}

}  // namespace
}  // namespace arcella::alme_proto
