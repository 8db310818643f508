// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "host/run_policy.h"

#include <gtest/gtest.h>

namespace arcella::host {
namespace {

using namespace std::chrono_literals;

model::RunSpec spec_of(model::Kind kind) {
  return {.deployment = *model::DeploymentId::parse("d"),
          .program = "prog",
          .kind = kind,
          .args = {},
          .env = {},
          .mounts = {},
          .allowed_hosts = {},
          .entrypoint = {},
          .shutdown = {},
          .fuel = {}};
}

TEST(RunPolicy, GrantsWhatTheSpecSaysAndNothingElse) {
  model::RunSpec spec = spec_of(model::Kind::Command);
  spec.args = {"a", "b"};
  spec.env = {{"K", "V"}};
  spec.mounts = {{.host = "/srv/x", .guest = "/data", .writable = true}};
  spec.allowed_hosts = {"https://example.com"};
  spec.config = {{"greeting", "hello"}};
  const engine::WasiPolicy policy = wasi_policy_of(spec);
  EXPECT_EQ(policy.program, "prog");
  EXPECT_EQ(policy.args, spec.args);
  EXPECT_EQ(policy.env, spec.env);
  EXPECT_EQ(policy.allowed_hosts, spec.allowed_hosts);
  EXPECT_EQ(policy.config, spec.config);
  ASSERT_EQ(policy.mounts.size(), 1U);
  EXPECT_EQ(policy.mounts[0].host, "/srv/x");
  EXPECT_EQ(policy.mounts[0].guest, "/data");
  EXPECT_TRUE(policy.mounts[0].writable);

  const engine::WasiPolicy nothing = wasi_policy_of(spec_of(model::Kind::Service));
  EXPECT_TRUE(nothing.env.empty());
  EXPECT_TRUE(nothing.mounts.empty());
  EXPECT_TRUE(nothing.allowed_hosts.empty());
  EXPECT_TRUE(nothing.config.empty());
  EXPECT_EQ(nothing.key_value, nullptr);
}

TEST(RunPolicy, GivesAServiceTimeForItsEntrypoint) {
  model::RunSpec spec = spec_of(model::Kind::Service);
  spec.call_timeout = 50ms;
  spec.startup_timeout = 2000ms;
  EXPECT_EQ(store_limits_of(spec).call_timeout, 50ms);
  spec.entrypoint = "start";
  EXPECT_EQ(store_limits_of(spec).call_timeout, 2000ms);
  EXPECT_EQ(call_timeout_of(spec, 0ms), 50ms);
  EXPECT_EQ(call_timeout_of(spec, 70ms), 50ms);
}

TEST(RunPolicy, BoundsNoCommand) {
  model::RunSpec spec = spec_of(model::Kind::Command);
  spec.call_timeout = 50ms;
  EXPECT_EQ(store_limits_of(spec).call_timeout, 0ms);
}

TEST(RunPolicy, TakesTheShorterTimeOfCallAndDeployment) {
  model::RunSpec spec = spec_of(model::Kind::Service);
  spec.call_timeout = 100ms;
  EXPECT_EQ(call_timeout_of(spec, 30ms), 30ms);
  EXPECT_EQ(call_timeout_of(spec, 300ms), 100ms);
  spec.call_timeout = 0ms;
  EXPECT_EQ(call_timeout_of(spec, 300ms), 300ms);
  EXPECT_EQ(call_timeout_of(spec, 0ms), 0ms);
}

TEST(RunPolicy, PassesMemoryAndFuelOn) {
  model::RunSpec spec = spec_of(model::Kind::Http);
  spec.memory_bytes = 5 << 20;
  spec.fuel = 77;
  EXPECT_EQ(store_limits_of(spec).memory_bytes, 5U << 20);
  EXPECT_EQ(store_limits_of(spec).fuel, 77U);
}

}  // namespace
}  // namespace arcella::host
