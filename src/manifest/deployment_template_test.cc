// SPDX-License-Identifier: Apache-2.0 OR MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "manifest/manifests.h"

namespace arcella::manifest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> errors(std::string_view text) {
  auto parsed = read_deployment_template(text, "f");
  EXPECT_EQ(parsed.value.has_value(), parsed.diagnostics.empty());
  std::vector<std::string> result;
  for (const Diagnostic& diagnostic : parsed.diagnostics) result.push_back(diagnostic.str());
  return result;
}

constexpr std::string_view kDeployment =
    "[deployment]\nisolation = \"main\"\ntrusted = false\nasync = true\n";
constexpr std::string_view kStartup =
    "entrypoint = \"start\"\nshutdown = \"stop\"\ntimeout_seconds = 10\n";
constexpr std::string_view kResources =
    "memory_mb = 64\nfuel = 1_000_000_000\ncall_timeout_ms = 5000\n";

void expect_example(const model::PolicyFields& fields) {
  EXPECT_EQ(fields.isolation, model::Isolation::Main);
  EXPECT_EQ(fields.trusted, false);
  EXPECT_EQ(fields.async, true);
  EXPECT_EQ(fields.startup.entrypoint, "start");
  EXPECT_EQ(fields.startup.shutdown, "stop");
  EXPECT_EQ(fields.startup.timeout, std::chrono::seconds(10));
  EXPECT_EQ(fields.resources.memory_mb, 64U);
  EXPECT_EQ(fields.resources.fuel, 1'000'000'000U);
  EXPECT_EQ(fields.resources.call_timeout_ms, 5000U);
}

TEST(DeploymentTemplate, ReadsTheExampleOfTheDesign) {
  std::string text(kDeployment);
  text.append("[startup]\n").append(kStartup).append("[resources]\n").append(kResources);
  auto parsed = read_deployment_template(text, "f");
  ASSERT_THAT(parsed.diagnostics, IsEmpty());
  expect_example(*parsed.value);
}

TEST(DeploymentTemplate, TakesStartupAndResourcesBelowDeployment) {
  std::string text(kDeployment);
  text.append("[deployment.startup]\n").append(kStartup);
  text.append("[deployment.resources]\n").append(kResources);
  auto parsed = read_deployment_template(text, "f");
  ASSERT_THAT(parsed.diagnostics, IsEmpty());
  expect_example(*parsed.value);
}

TEST(DeploymentTemplate, RefusesThemInBothPlaces) {
  EXPECT_THAT(errors("[deployment.startup]\n[startup]\n"), ElementsAre(HasSubstr("given twice")));
}

TEST(DeploymentTemplate, AnEmptyFileSetsNothing) {
  EXPECT_EQ(read_deployment_template("", "f").value, model::PolicyFields{});
}

TEST(DeploymentTemplate, ReportsAllAtOnce) {
  EXPECT_THAT(
      errors("[deployment]\nisolation='deamon'\ntrusted='yes'\nasyncs=true\nreplicas=3\n"
             "[startup]\nentrypoint=''\ntimeout_seconds=0\n[resources]\nmemory_mb=5000\nfuel=0\n"
             "call_timeout_ms=-1\nmemorymb=1\n"),
      ElementsAre(HasSubstr("f:2:11: deployment.isolation: 'deamon' is neither"),
                  HasSubstr("f:3:9: deployment.trusted: expected true or false"),
                  HasSubstr("f:4:1: deployment.asyncs: unknown key; did you mean 'async'"),
                  HasSubstr("f:5:1: deployment.replicas: unknown key"),
                  HasSubstr("f:7:12: startup.entrypoint: a function's name is not empty"),
                  HasSubstr("f:8:17: startup.timeout_seconds: 0 is not in 1..3600"),
                  HasSubstr("f:10:11: resources.memory_mb: 5000 is not in 1..4096"),
                  HasSubstr("f:11:6: resources.fuel: 0 is not in"),
                  HasSubstr("f:12:17: resources.call_timeout_ms: -1 is not in"),
                  HasSubstr("f:13:1: resources.memorymb: unknown key; did you mean")));
}

}  // namespace
}  // namespace arcella::manifest
