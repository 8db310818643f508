// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/semver.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace arcella {
namespace {

Version version_of(std::string_view text) {
  auto version = Version::parse(text);
  EXPECT_TRUE(version.has_value()) << text;
  return version.value_or(Version{});
}

bool matches(std::string_view requirement, std::string_view version) {
  auto parsed = VersionRequirement::parse(requirement);
  EXPECT_TRUE(parsed.has_value()) << requirement;
  return parsed.has_value() && parsed->matches(version_of(version));
}

TEST(Version, PrintsWhatItParsed) {
  for (const char* text :
       {"0.0.0", "1.2.3", "10.20.30", "0.3.0-rc-2025-09-16", "1.0.0-alpha.1", "4294967294.0.0"}) {
    EXPECT_EQ(version_of(text).to_string(), text);
  }
}

TEST(Version, RefusesEverythingElse) {
  for (const char* text :
       {"",         "1",           "1.2",      "1.2.3.4",        "01.2.3",
        "1.02.3",   "1.2.x",       "v1.2.3",   "1.2.3-",         "1.2.3-a..b",
        "1.2.3-01", "1.2.3+build", " 1.2.3",   "1.2.3 ",         "-1.2.3",
        "1..3",     "1.2.",        "1.2.3-a.", "4294967295.0.0", "99999999999999999999.0.0"}) {
    auto version = Version::parse(text);
    EXPECT_FALSE(version.has_value()) << text;
    if (!version.has_value()) {
      EXPECT_EQ(version.error().code(), ErrorCode::InvalidParams);
    }
  }
}

TEST(Version, OrdersAsSemverSection11Does) {
  const std::vector<std::string> ordered{
      "0.9.9",      "1.0.0-alpha",  "1.0.0-alpha.1", "1.0.0-alpha.beta",
      "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",
      "1.0.0",      "1.0.1",        "1.2.0",         "1.10.0",
      "2.0.0"};
  for (std::size_t i = 0; i < ordered.size(); ++i) {
    for (std::size_t j = 0; j < ordered.size(); ++j) {
      EXPECT_EQ(version_of(ordered[i]) <=> version_of(ordered[j]), i <=> j)
          << ordered[i] << ' ' << ordered[j];
    }
  }
}

TEST(VersionRequirement, CaretKeepsTheLeftmostNumberThatIsNotZero) {
  EXPECT_TRUE(matches("^1.2.3", "1.2.3"));
  EXPECT_TRUE(matches("^1.2.3", "1.9.0"));
  EXPECT_FALSE(matches("^1.2.3", "1.2.2"));
  EXPECT_FALSE(matches("^1.2.3", "2.0.0"));
  EXPECT_TRUE(matches("^0.2.3", "0.2.9"));
  EXPECT_FALSE(matches("^0.2.3", "0.3.0"));
  EXPECT_TRUE(matches("^0.0.3", "0.0.3"));
  EXPECT_FALSE(matches("^0.0.3", "0.0.4"));
  EXPECT_TRUE(matches("^0.0", "0.0.7"));
  EXPECT_FALSE(matches("^0.0", "0.1.0"));
  EXPECT_TRUE(matches("^0", "0.9.0"));
  EXPECT_FALSE(matches("^0", "1.0.0"));
}

TEST(VersionRequirement, ABareVersionIsACaret) {
  EXPECT_TRUE(matches("1.0", "1.4.0"));
  EXPECT_FALSE(matches("1.0", "2.0.0"));
  EXPECT_TRUE(matches("1", "1.0.0"));
}

TEST(VersionRequirement, TildeLetsOnlyThePatchGrow) {
  EXPECT_TRUE(matches("~1.2.3", "1.2.9"));
  EXPECT_FALSE(matches("~1.2.3", "1.3.0"));
  EXPECT_FALSE(matches("~1.2.3", "1.2.2"));
  EXPECT_TRUE(matches("~1", "1.9.9"));
  EXPECT_FALSE(matches("~1", "2.0.0"));
}

TEST(VersionRequirement, ComparisonsCountMissingNumbersAsAnyNumber) {
  EXPECT_TRUE(matches("=1.2", "1.2.7"));
  EXPECT_FALSE(matches("=1.2", "1.3.0"));
  EXPECT_TRUE(matches("=1.2.3", "1.2.3"));
  EXPECT_FALSE(matches("=1.2.3", "1.2.4"));
  EXPECT_FALSE(matches(">1.2", "1.2.9"));
  EXPECT_TRUE(matches(">1.2", "1.3.0"));
  EXPECT_TRUE(matches(">1.2.3", "1.2.4"));
  EXPECT_TRUE(matches("<=1.2", "1.2.9"));
  EXPECT_FALSE(matches("<=1.2", "1.3.0"));
  EXPECT_FALSE(matches("<1.2", "1.2.0"));
  EXPECT_TRUE(matches(">= 1.2, < 3", "2.9.9"));
  EXPECT_FALSE(matches(">= 1.2, < 3", "3.0.0"));
}

TEST(VersionRequirement, NobodyGetsAPrereleaseUnasked) {
  EXPECT_FALSE(matches("*", "1.0.0-rc.1"));
  EXPECT_FALSE(matches("^1", "1.5.0-rc.1"));
  EXPECT_FALSE(matches(">=1", "2.0.0-rc.1"));
  EXPECT_FALSE(matches("<2", "2.0.0-rc.1"));
  EXPECT_TRUE(matches("^1.5.0-rc.1", "1.5.0-rc.2"));
  EXPECT_TRUE(matches("^1.5.0-rc.1", "1.6.0"));
  EXPECT_FALSE(matches("^1.5.0-rc.1", "1.6.0-rc.1"));
  EXPECT_TRUE(matches("=0.3.0-rc-1", "0.3.0-rc-1"));
  EXPECT_FALSE(matches("=0.3.0-rc-1", "0.3.0-rc-2"));
  EXPECT_FALSE(matches("=0.3.0-rc-1", "0.3.0"));
}

TEST(VersionRequirement, EveryReleaseSatisfiesTheStar) {
  EXPECT_TRUE(matches("*", "0.0.0"));
  EXPECT_TRUE(VersionRequirement().matches(version_of("9.9.9")));
}

TEST(VersionRequirement, RefusesWhatItCannotRead) {
  for (const char* text :
       {"", "^", "1.x", ">=", "1.2.3.4", "^1-rc", "1,", ",1", "1,,2", "==1", "^^1", "1 2", "*.*"}) {
    EXPECT_FALSE(VersionRequirement::parse(text).has_value()) << text;
  }
}

TEST(VersionRequirement, KeepsItsText) {
  EXPECT_EQ(VersionRequirement::parse(" >=1.2, <3 ")->to_string(), ">=1.2, <3");
  EXPECT_EQ(VersionRequirement().to_string(), "*");
}

}  // namespace
}  // namespace arcella
