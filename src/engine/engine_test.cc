// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "engine/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/component.h"
#include "engine/description.h"
#include "engine/testing/test_engine.h"

namespace arcella::engine {
namespace {

using ::testing::HasSubstr;

std::span<const std::byte> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

TEST(Engine, IsTheOnlyOneOfItsProcess) {
  EngineConfig config;
  config.use = EngineUse::RunOnce;
  auto first = Engine::create(config);
  ASSERT_TRUE(first.has_value());
  const auto second = Engine::create(config);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code(), ErrorCode::Conflict);
  first->reset();
  EXPECT_TRUE(Engine::create(config).has_value());
}

TEST(Engine, FingerprintsTellTraitsApart) {
  const auto plain = engine_fingerprint({});
  const auto fuel = engine_fingerprint({.concurrency = false, .fuel = true});
  const auto concurrent = engine_fingerprint({.concurrency = true, .fuel = false});
  ASSERT_TRUE(plain.has_value() && fuel.has_value() && concurrent.has_value());
  EXPECT_EQ(*plain, *engine_fingerprint({}));
  EXPECT_NE(*plain, *fuel);
  EXPECT_NE(*plain, *concurrent);
  EXPECT_NE(*fuel, *concurrent);
}

TEST(Engine, TellsWhatTheHostOffers) {
  for (const char* import :
       {"wasi:io/poll@0.2.0", "wasi:io/poll@0.2.99", "wasi:http/client@0.3.0",
        "wasi_snapshot_preview1.fd_write", "wasi:config/store@0.2.0-rc.1", "wasi:logging/logging",
        "wasi:logging/logging@0.1.0-draft", "wasi:keyvalue/store@0.2.0-draft",
        "wasi:keyvalue/batch@0.2.0-draft", "wasi:keyvalue/atomics@0.2.0-draft"}) {
    EXPECT_TRUE(host_offers(import)) << import;
  }
  for (const char* import :
       {"wasi:io/poll", "wasi:io/poll@1.0.0", "wasi:io/pool@0.2.0",
        "wasi:http/incoming-handler@0.2.0", "wasi:config/store@0.2.0",
        "wasi:keyvalue/store@0.2.0-draft2", "wasi:keyvalue/watcher@0.2.0-draft",
        "demo:calc/ops@0.2.0", "env.log", "log", "", "\xff"}) {
    EXPECT_FALSE(host_offers(import)) << import;
  }
}

TEST(Engine, LoadsWhatAnEngineOfTheSameTraitsCompiled) {
  for (const EngineTraits traits :
       {EngineTraits{}, EngineTraits{true, false}, EngineTraits{false, true}}) {
    const auto artifact = testing::compile_example("calc", traits);
    EngineConfig config;
    config.traits = traits;
    config.instances_max = 16;
    const auto engine = Engine::create(config);
    ASSERT_TRUE(engine.has_value());
    EXPECT_TRUE((*engine)->load(testing::file_with(artifact)).has_value());
  }
}

TEST(Engine, RefusesAnArtifactOfOtherTraits) {
  const auto artifact = testing::compile_example("calc", {.concurrency = false, .fuel = true});
  EngineConfig config;
  config.use = EngineUse::RunOnce;
  const auto engine = Engine::create(config);
  ASSERT_TRUE(engine.has_value());
  const auto loaded = (*engine)->load(testing::file_with(artifact));
  ASSERT_FALSE(loaded.has_value());
  EXPECT_EQ(loaded.error().code(), ErrorCode::Conflict);
  const auto text = (*engine)->load(testing::file_with(bytes_of("hello")));
  ASSERT_FALSE(text.has_value());
  EXPECT_EQ(text.error().code(), ErrorCode::InvalidComponent);
  EXPECT_FALSE((*engine)->load(UniqueFd()).has_value());
}

TEST(Engine, CompilesOnlyWhenMadeForIt) {
  EngineConfig config;
  config.use = EngineUse::RunOnce;
  const auto engine = Engine::create(config);
  ASSERT_TRUE(engine.has_value());
  EXPECT_FALSE((*engine)->compile(testing::example("calc")).has_value());
}

TEST(Engine, NamesWhatItCannotCompile) {
  EngineConfig config;
  config.use = EngineUse::Compile;
  const auto engine = Engine::create(config);
  ASSERT_TRUE(engine.has_value());
  const auto compiled = (*engine)->compile(bytes_of("hello"));
  ASSERT_FALSE(compiled.has_value());
  EXPECT_EQ(compiled.error().code(), ErrorCode::InvalidComponent);
  EXPECT_EQ(compiled.error().message(), "not a WebAssembly binary: it starts with `hell`");
}

TEST(Description, TellsKindFormatAndFunctions) {
  const auto greeter = describe(testing::example("greeter"));
  ASSERT_TRUE(greeter.has_value());
  EXPECT_EQ(greeter->kind, Kind::Http);
  EXPECT_EQ(greeter->format, Format::Component);
  const auto hello = describe(testing::example("hello-core"));
  ASSERT_TRUE(hello.has_value());
  EXPECT_EQ(hello->kind, Kind::Command);
  EXPECT_EQ(hello->format, Format::CoreModule);
  const auto calc = describe(testing::example("calc"));
  ASSERT_TRUE(calc.has_value());
  EXPECT_EQ(calc->kind, Kind::Service);
  ASSERT_FALSE(calc->exports.empty());
  EXPECT_THAT(calc->exports[0].functions, ::testing::Contains("add: func(a: u32, b: u32) -> u32"));
  EXPECT_THAT(calc->exports[0].shapes, ::testing::Contains("func(a: u32, b: u32) -> u32"));
  EXPECT_EQ(calc->exports[0].shapes.size(), calc->exports[0].functions.size());
  EXPECT_THAT(calc->exports[0].types,
              ::testing::Contains(::testing::Field(&NamedType::name, "entry")));
  EXPECT_THAT(calc->wit, HasSubstr("interface ops"));
}

TEST(Description, RefusesWhatIsNoWebAssembly) {
  const auto empty = describe({});
  ASSERT_FALSE(empty.has_value());
  EXPECT_EQ(empty.error().code(), ErrorCode::InvalidComponent);
  auto truncated = testing::example("calc");
  truncated.resize(truncated.size() / 2);
  EXPECT_THAT(describe(truncated).error().message(), HasSubstr("offset 0x"));
}

}  // namespace
}  // namespace arcella::engine
