// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "wit/interface_name.h"

#include <gtest/gtest.h>

namespace arcella::wit {
namespace {

InterfaceName name(std::string_view text) {
  return InterfaceName::parse(text).value();
}

TEST(InterfaceName, IsReadAndWrittenBack) {
  for (std::string_view text :
       {"examples:calc/ops@1.0.0", "wasi:http/incoming-handler@0.2.0", "a:b",
        "wasi:http/handler@0.3.0-rc-2025-09-16", "my-org:pkg-2/HTTP-api"}) {
    EXPECT_EQ(name(text).str(), text);
  }
  InterfaceName calc = name("examples:calc/ops@1.2.3");
  EXPECT_EQ(calc.ns, "examples");
  EXPECT_EQ(calc.package, "calc");
  EXPECT_EQ(calc.interface, "ops");
  EXPECT_EQ(calc.version->minor, 2U);
}

TEST(InterfaceName, FillsUpAShortVersion) {
  EXPECT_EQ(name("logger:log@1.0").str(), "logger:log@1.0.0");
  EXPECT_EQ(name("logger:log@2").str(), "logger:log@2.0.0");
}

TEST(InterfaceName, IsRefusedAgainstTheGrammar) {
  for (std::string_view text :
       {"", "calc", "calc/ops", ":calc", "a:", "a:b/", "a:b@", "a:b@x", "a:b@1.2.3.4", "a:b/c/d",
        "A b:c", "a:b-", "a:-b", "a:b--c", "a:1b", "a:bC", "a:b/c@01.0.0"}) {
    EXPECT_FALSE(InterfaceName::parse(text).has_value()) << text;
  }
  EXPECT_FALSE(InterfaceName::parse("a:" + std::string(300, 'b')).has_value());
}

TEST(InterfaceName, ServesTheSameTrackFromTheImportedVersionOn) {
  auto serves_it = [](std::string_view exported, std::string_view imported) {
    return serves(name(exported), name(imported));
  };
  EXPECT_TRUE(serves_it("a:b/c@1.2.0", "a:b/c@1.1.5"));
  EXPECT_TRUE(serves_it("a:b/c@1.2.0", "a:b/c@1.2.0"));
  EXPECT_FALSE(serves_it("a:b/c@1.1.0", "a:b/c@1.2.0"));
  EXPECT_FALSE(serves_it("a:b/c@2.0.0", "a:b/c@1.0.0"));
  EXPECT_TRUE(serves_it("a:b/c@0.2.6", "a:b/c@0.2.0"));
  EXPECT_FALSE(serves_it("a:b/c@0.3.0", "a:b/c@0.2.0"));
  EXPECT_FALSE(serves_it("a:b/c@0.0.2", "a:b/c@0.0.1"));
  EXPECT_FALSE(serves_it("a:b/d@1.0.0", "a:b/c@1.0.0"));
  EXPECT_FALSE(serves_it("a:x/c@1.0.0", "a:b/c@1.0.0"));
  EXPECT_TRUE(serves_it("a:b/c@1.0.0", "a:b/c"));
  EXPECT_FALSE(serves_it("a:b/c", "a:b/c@1.0.0"));
}

TEST(InterfaceName, APreReleaseServesOnlyItself) {
  EXPECT_TRUE(serves(name("a:b/c@0.3.0-rc-1"), name("a:b/c@0.3.0-rc-1")));
  EXPECT_FALSE(serves(name("a:b/c@0.3.0-rc-2"), name("a:b/c@0.3.0-rc-1")));
  EXPECT_FALSE(serves(name("a:b/c@0.3.0"), name("a:b/c@0.3.0-rc-1")));
}

TEST(InterfaceName, AStatedNameMeansAllThatItDoesNotExclude) {
  InterfaceName actual = name("logger:log/sink@1.4.2");
  EXPECT_TRUE(means(name("logger:log"), actual));
  EXPECT_TRUE(means(name("logger:log@1.0"), actual));
  EXPECT_TRUE(means(name("logger:log/sink@1.9.0"), actual));
  EXPECT_FALSE(means(name("logger:log@2.0"), actual));
  EXPECT_FALSE(means(name("logger:log/source"), actual));
  EXPECT_FALSE(means(name("logger:other"), actual));
}

}  // namespace
}  // namespace arcella::wit
