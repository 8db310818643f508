// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Core modules that call and are called: component.toml states the types of their functions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "support/daemon_fixture.h"
#include "support/small_component.h"

namespace arcella::integration {
namespace {

using ::testing::HasSubstr;

class CoreModules : public DaemonTest {
 protected:
  // A package folder of the module; what its component.toml states besides the name.
  std::string package(const std::string& name, const SmallModule& module, std::string_view rest) {
    const std::filesystem::path folder = std::filesystem::path(folder_.path()) / name;
    std::filesystem::create_directories(folder);
    folder_.write(name + "/" + name + ".wasm", small_module(module));
    folder_.write(name + "/component.toml", "[component]\nname = \"" + name +
                                                "\"\nversion = \"1.0.0\"\n" + std::string(rest));
    return folder.string();
  }
  // Asks whoever exports examples:calc/ops for a sum, which it states to be of these numbers.
  void put_front(const std::string& number) {
    const std::string front =
        package("front", {"demo:core/front@1.0.0#ask", "examples:calc/ops@1.0.0", "add"},
                "[component.imports]\n\"examples:calc/ops@1.0.0\" = [\"add: func(a: " + number +
                    ", b: " + number + ") -> " + number +
                    "\"]\n[component.exports]\n"
                    "\"demo:core/front@1.0.0\" = [\"ask: func(x: s32) -> s32\"]\n");
    ASSERT_EQ(cli({"install", front}).status, 0);
    put("front", "front", "group = \"web\"\n");
  }
};

constexpr std::string_view kSums =
    "[component.exports]\n\"demo:core/sums@1.0.0\" = [\"more: func(x: s32) -> s32\"]\n";

TEST_F(CoreModules, AreCalledByTheirStatedTypes) {
  const std::string sums = package("sums", {"demo:core/sums@1.0.0#more"}, kSums);
  ASSERT_EQ(cli({"install", sums}).status, 0);
  put("sums", "sums", "group = \"math\"\n");
  start("sums");
  EXPECT_EQ(cli({"call", "sums", "more(22)"}).out, "42\n");
  EXPECT_THAT(cli({"wit", "sums"}).out, HasSubstr("more: func(x: s32) -> s32"));
  const ProgramResult again = cli({"install", sums});
  EXPECT_EQ(again.status, 0) << "the same content: " << again.err;
}

TEST_F(CoreModules, CallOtherComponentsAndEachOther) {
  install("calc");
  put("calc", "calc", "group = \"math\"\n");
  put_front("u32");
  ASSERT_EQ(cli({"start", "front", "calc"}).status, 0);
  EXPECT_EQ(cli({"call", "front", "ask(22)"}).out, "42\n");
}

TEST_F(CoreModules, TypesThatDoNotFitTheProviderLeaveTheImportUnresolved) {
  install("calc");
  put("calc", "calc", "group = \"math\"\n");
  start("calc");
  put_front("s32");
  const ProgramResult refused = cli({"start", "front"});
  EXPECT_TRUE(is_one_line(refused));
  EXPECT_THAT(refused.err, HasSubstr("'calc' does not fit: "));
}

TEST_F(CoreModules, WhatIsStatedHasToBeThere) {
  const std::string other = package("sums", {"demo:core/sums@1.0.0#less"}, kSums);
  const ProgramResult refused = cli({"install", other});
  EXPECT_TRUE(is_one_line(refused));
  EXPECT_THAT(refused.err, HasSubstr("the stated interfaces do not fit the module"));
  EXPECT_THAT(refused.err, HasSubstr("demo:core/sums@1.0.0"));
  const std::string text = package(
      "text", {"demo:core/sums@1.0.0#more"},
      "[component.exports]\n\"demo:core/sums@1.0.0\" = [\"more: func(x: string) -> s32\"]\n");
  EXPECT_THAT(cli({"install", text}).err, HasSubstr("expected `name: func(a: T, ...) -> T`"));
  EXPECT_EQ(cli_json({"list", "components"}).at("components").as_array().size(), 0U);
}

}  // namespace
}  // namespace arcella::integration
