// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "manifest/core_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace arcella::manifest {
namespace {

using model::ComponentManifest;
using model::InterfaceItem;
using ::testing::HasSubstr;

ComponentManifest exporting(std::vector<InterfaceItem> exports) {
  ComponentManifest manifest;
  manifest.exports = std::move(exports);
  return manifest;
}

TEST(CoreWorld, NamesWithoutTypesMakeNone) {
  EXPECT_EQ(core_world({}).value(), std::nullopt);
  EXPECT_EQ(core_world(exporting({{"log", {}}, {"a:b/c@1.0.0", {"add"}}})).value(), std::nullopt);
}

TEST(CoreWorld, SaysEachInterfaceOnce) {
  ComponentManifest manifest =
      exporting({{"demo:math/ops@1.0", {"add: func(a: s32, b: u64) -> f32"}},
                 {"demo:math/more@1.0.0", {"reset: func()"}}});
  manifest.imports = {{"demo:log/log@0.2.0", {"put: func(value: f64)"}},
                      {"wasi:io/poll@0.2.6", {}}};
  EXPECT_EQ(core_world(manifest).value(),
            "package arcella:stated;\n\n"
            "world module {\n"
            "  import demo:log/log@0.2.0;\n"
            "  export demo:math/ops@1.0.0;\n"
            "  export demo:math/more@1.0.0;\n"
            "}\n"
            "\npackage demo:log@0.2.0 {\n"
            "  interface log {\n    put: func(value: f64);\n  }\n"
            "}\n"
            "\npackage demo:math@1.0.0 {\n"
            "  interface more {\n    reset: func();\n  }\n"
            "  interface ops {\n    add: func(a: s32, b: u64) -> f32;\n  }\n"
            "}\n");
}

TEST(CoreWorld, OnlyNumbersHaveACoreSignature) {
  for (const char* function :
       {"add: func(a: string)", "add: func(a: s32", "Add: func()", "add: func(a: s16)",
        "add:", "add: func() -> list<u8>", "add: func() }\ninterface x { f: func()", "add"}) {
    const auto world = core_world(exporting({{"a:b/c@1.0.0", {"f: func()", function}}}));
    ASSERT_FALSE(world.has_value()) << function;
    EXPECT_EQ(world.error().code(), ErrorCode::InvalidManifest);
    EXPECT_THAT(world.error().message(), HasSubstr("expected `name: func(a: T, ...) -> T`"));
  }
  const std::string long_one = "f: func(" + std::string(100'000, 'a') + ": s32)";
  EXPECT_FALSE(core_world(exporting({{"a:b/c@1.0.0", {long_one}}})).has_value());
}

TEST(CoreWorld, AnInterfaceWithTypesHasItsWholeName) {
  for (const char* name : {"ops", "a:b", "a:b/c"}) {
    const auto world = core_world(exporting({{name, {"f: func()"}}}));
    ASSERT_FALSE(world.has_value()) << name;
    EXPECT_THAT(world.error().message(), HasSubstr("needs its whole name"));
  }
}

}  // namespace
}  // namespace arcella::manifest
