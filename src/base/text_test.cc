// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/text.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace arcella {
namespace {

constexpr std::array<std::string_view, 4> kKeys{"replicas", "group", "module_id", "args"};

TEST(NearestName, FindsAMisspelledWord) {
  EXPECT_EQ(nearest_name("replcas", kKeys), "replicas");
  EXPECT_EQ(nearest_name("groups", kKeys), "group");
  EXPECT_EQ(nearest_name("gruop", kKeys), "group");
  EXPECT_EQ(nearest_name("module-id", kKeys), "module_id");
  EXPECT_EQ(nearest_name("arg", kKeys), "args");
}

TEST(NearestName, TwoLettersInTheWrongOrderAreOneMistake) {
  constexpr std::array<std::string_view, 3> kVerbs{"status", "start", "stop"};
  EXPECT_EQ(nearest_name("strat", kVerbs), "start");
  EXPECT_EQ(nearest_name("sotp", kVerbs), "stop");
  EXPECT_EQ(nearest_name("tsop", kVerbs), "stop");
  EXPECT_EQ(nearest_name("gruop", kKeys), "group");
}

TEST(NearestName, GivesNothingForAWordThatIsFarFromAll) {
  EXPECT_EQ(nearest_name("isolation", kKeys), std::nullopt);
  EXPECT_EQ(nearest_name("", kKeys), std::nullopt);
  EXPECT_EQ(nearest_name(std::string(100'000, 'x'), kKeys), std::nullopt);
  EXPECT_EQ(nearest_name("group", {}), std::nullopt);
}

TEST(NearestName, TakesTheClosestNotTheFirst) {
  constexpr std::array<std::string_view, 2> kStates{"stopped", "stopping"};
  EXPECT_EQ(nearest_name("stoppin", kStates), "stopping");
}

TEST(DidYouMean, EndsAMessageWithTheNearestNameOrWithAnotherWayOut) {
  EXPECT_EQ(did_you_mean("gruop", kKeys), "; did you mean 'group'?");
  EXPECT_EQ(did_you_mean("gruop", kKeys, "ask"), "; did you mean 'group'?");
  EXPECT_EQ(did_you_mean("isolation", kKeys, "ask"), "; ask");
  EXPECT_EQ(did_you_mean("isolation", kKeys), "");
  EXPECT_EQ(nearest_hint("gruop", kKeys, "ask"), "did you mean 'group'?");
  EXPECT_EQ(nearest_hint("isolation", kKeys, "ask"), "ask");
}

TEST(Inert, WritesOutControlCharacters) {
  EXPECT_EQ(inert("a\nb\tc\rd"), "a\\nb\\tc\\rd");
  EXPECT_EQ(inert("\x1b[31mred\x7f"), "\\x1b[31mred\\x7f");
  EXPECT_EQ(inert(std::string_view("\0", 1)), "\\x00");
}

TEST(Inert, LeavesTextOfAnyLanguageAloneButNotC1Controls) {
  EXPECT_EQ(inert("größe 大 ✓ \u00a9"), "größe 大 ✓ \u00a9");
  EXPECT_EQ(inert("a\u009bb"), "a\\x9bb");
}

TEST(Inert, SurvivesACutCharacterAtTheEnd) {
  EXPECT_EQ(inert("a\xc2"), "a\xc2");
}

TEST(Join, PutsTheSeparatorBetween) {
  EXPECT_EQ(join(std::vector<std::string>{"a", "b", "c"}, ", "), "a, b, c");
  EXPECT_EQ(join(std::vector<std::string_view>{"a", "a"}, "-"), "a-a");
  EXPECT_EQ(join(std::vector<std::string>{}, ", "), "");
}

}  // namespace
}  // namespace arcella
