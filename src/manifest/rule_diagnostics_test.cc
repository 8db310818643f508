// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "manifest/rule_diagnostics.h"

#include <gtest/gtest.h>

namespace arcella::manifest {
namespace {

constexpr std::string_view kText = R"([deployment]
module_id = "a@1.0.0"
replicas = 3
[deployment.overrides]
isolation = "main"
[deployment.network]
allowed_hosts = ["http://a", "http://b"]
[[deployment.mounts]]
host = "a"
[[deployment.mounts]]
guest = "b"
)";

std::string where(const std::string& field, std::string_view text = kText) {
  auto diagnostics = locate({{field, "no", ""}}, text, "f");
  EXPECT_EQ(diagnostics.size(), 1U);
  return diagnostics.front().str();
}

TEST(RuleDiagnostics, PointToTheField) {
  EXPECT_EQ(where("deployment.replicas"), "f:3:1: deployment.replicas: no");
  EXPECT_EQ(where("deployment.overrides.isolation"), "f:5:1: deployment.overrides.isolation: no");
}

TEST(RuleDiagnostics, PointToTheTableWhereAFieldIsMissing) {
  EXPECT_EQ(where("deployment.overrides.trusted"), "f:4:1: deployment.overrides.trusted: no");
  EXPECT_EQ(where("deployment.http.listen"), "f:1:1: deployment.http.listen: no");
}

TEST(RuleDiagnostics, PointToTheEntryOfAnArray) {
  EXPECT_EQ(where("deployment.network.allowed_hosts[1]"),
            "f:7:30: deployment.network.allowed_hosts: no");
  EXPECT_EQ(where("deployment.mounts[0].guest"), "f:8:1: deployment.mounts.guest: no");
  EXPECT_EQ(where("deployment.mounts[1].guest"), "f:11:1: deployment.mounts.guest: no");
  EXPECT_EQ(where("deployment.mounts[7].guest"), "f:8:14: deployment.mounts.guest: no");
}

TEST(RuleDiagnostics, CarryTheWayOut) {
  auto notes = locate_notes({{"deployment.replicas", "no", "so"}}, kText, "f");
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0].str(), "f:3:1: deployment.replicas: no; so");
  EXPECT_EQ(notes[0].severity, Severity::Note);
}

TEST(RuleDiagnostics, NameTheFileWithoutAText) {
  EXPECT_EQ(where("deployment.group", ""), "f: deployment.group: no");
}

TEST(RuleDiagnostics, ComeInTheOrderOfTheFile) {
  auto diagnostics = locate(
      {{"deployment.overrides.async", "x", ""}, {"deployment.replicas", "y", ""}}, kText, "f");
  ASSERT_EQ(diagnostics.size(), 2U);
  EXPECT_EQ(diagnostics[0].line, 3);
  EXPECT_EQ(diagnostics[1].line, 4);
}

}  // namespace
}  // namespace arcella::manifest
