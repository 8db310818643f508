// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "supervisor/child_limits.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>

#include "base/limits.h"

namespace arcella::supervisor {
namespace {

const aio::ChildLimit* limit_of(const aio::ChildSpec& spec, int resource) {
  for (const auto& limit : spec.limits) {
    if (limit.resource == resource) return &limit;
  }
  return nullptr;
}

TEST(ChildSpec, SaysWhatTheWorkerIsToDo) {
  auto serve = child_spec(ChildRole::Serve, "/usr/bin/arcella-worker", {});
  EXPECT_EQ(serve.program, "/usr/bin/arcella-worker");
  EXPECT_EQ(serve.args, (std::vector<std::string>{"serve"}));
  auto run = child_spec(ChildRole::Run, "w", {.concurrency = true, .fuel = true});
  EXPECT_EQ(run.args, (std::vector<std::string>{"run", "--concurrency", "--fuel"}));
}

TEST(ChildSpec, InheritsNoEnvironment) {
  ::setenv("ARCELLA_TEST_SECRET", "x", 1);
  ::setenv("RUST_BACKTRACE", "1", 1);
  auto spec = child_spec(ChildRole::Serve, "w", {});
  EXPECT_EQ(spec.environment[0], "LANG=C");
  for (const auto& variable : spec.environment) {
    EXPECT_EQ(variable.find("ARCELLA_TEST_SECRET"), std::string::npos);
    EXPECT_EQ(variable.find("RUST_BACKTRACE"), std::string::npos);
  }
}

TEST(ChildSpec, BoundsTheCompiler) {
  auto spec = child_spec(ChildRole::Compile, "w", {});
  ASSERT_NE(limit_of(spec, RLIMIT_CPU), nullptr);
  EXPECT_EQ(limit_of(spec, RLIMIT_CPU)->soft,
            static_cast<std::uint64_t>(limits::kCompileCpuMax.count()));
  ASSERT_NE(limit_of(spec, RLIMIT_FSIZE), nullptr);
  EXPECT_EQ(limit_of(spec, RLIMIT_FSIZE)->hard, limits::kArtifactBytesMax);
  EXPECT_TRUE(spec.die_with_parent);
}

TEST(ChildSpec, NobodyLeavesACore) {
  for (auto role : {ChildRole::Serve, ChildRole::Compile, ChildRole::Run}) {
    auto spec = child_spec(role, "w", {});
    ASSERT_NE(limit_of(spec, RLIMIT_CORE), nullptr);
    EXPECT_EQ(limit_of(spec, RLIMIT_CORE)->hard, 0U);
  }
}

}  // namespace
}  // namespace arcella::supervisor
