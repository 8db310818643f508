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
)";

std::string where(const std::string& field, std::string_view text = kText) {
  auto diagnostics = locate({{field, "no"}}, text, "f");
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

TEST(RuleDiagnostics, NameTheFileWithoutAText) {
  EXPECT_EQ(where("deployment.group", ""), "f: deployment.group: no");
}

TEST(RuleDiagnostics, ComeInTheOrderOfTheFile) {
  auto diagnostics =
      locate({{"deployment.overrides.async", "x"}, {"deployment.replicas", "y"}}, kText, "f");
  ASSERT_EQ(diagnostics.size(), 2U);
  EXPECT_EQ(diagnostics[0].line, 3);
  EXPECT_EQ(diagnostics[1].line, 4);
}

}  // namespace
}  // namespace arcella::manifest
