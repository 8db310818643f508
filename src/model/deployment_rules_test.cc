// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/deployment_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace arcella::model {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class DeploymentRules : public ::testing::Test {
 protected:
  DeploymentRules() {
    component_.exports = {{"demo:calc/ops@1.0.0", {"add: func(a: u32, b: u32) -> u32"}}};
    spec().group = GroupName::parse("web").value();
  }

  DeploymentSpec& spec() { return deployment_.spec; }
  Policy& policy() { return deployment_.policy; }

  void in_main() {
    policy().isolation = Isolation::Main;
    policy().trusted = true;
    policy().async = true;
    spec().group.reset();
  }
  void of_kind(Kind kind) {
    component_.kind = kind;
    if (kind == Kind::Http) spec().http_listen = HttpListen{"127.0.0.1", 8080};
  }

  // The fields that are refused.
  std::vector<std::string> fields() const {
    std::vector<std::string> result;
    for (const RuleViolation& violation : check_rules(deployment_, component_)) {
      result.push_back(violation.field);
      EXPECT_FALSE(violation.message.empty());
    }
    return result;
  }
  std::string message() const {
    auto violations = check_rules(deployment_, component_);
    return violations.empty() ? "" : violations.front().message + "; " + violations.front().hint;
  }

  Component component_{.id = ComponentId::parse("calc@1.0.0").value()};
  Deployment deployment_{.spec = {.id = DeploymentId::parse("calc").value(),
                                  .component = ComponentId::parse("calc@1.0.0").value()},
                         .policy = {}};
};

TEST_F(DeploymentRules, WiresOnlyWhatTheComponentImports) {
  component_.imports = {{"wasi:io/poll@0.2.6", {}}, {"demo:log/log@1.2.0", {}}};
  const DeploymentId log = DeploymentId::parse("log").value();
  for (const char* import : {"demo:log", "demo:log/log", "demo:log/log@1.0", "wasi:io/poll"}) {
    spec().wiring = {{import, log}};
    EXPECT_THAT(fields(), IsEmpty()) << import;
  }
  spec().wiring = {{"demo:log/log@2.0", log}, {"demo:log/lock", log}};
  EXPECT_THAT(fields(),
              ElementsAre("deployment.wiring.demo:log/log@2.0", "deployment.wiring.demo:log/lock"));
  EXPECT_EQ(message(), "calc@1.0.0 does not import it; it imports demo:log/log@1.2.0");
  component_.imports.clear();
  EXPECT_EQ(message(), "calc@1.0.0 does not import it; it imports nothing but WASI");
}

TEST_F(DeploymentRules, AllowAPlainServiceInAWorkerAndInMain) {
  EXPECT_THAT(fields(), IsEmpty());
  in_main();
  EXPECT_THAT(fields(), IsEmpty());
}

TEST_F(DeploymentRules, AWorkerNeedsAGroup) {
  spec().group.reset();
  EXPECT_THAT(fields(), ElementsAre("deployment.group"));
  EXPECT_THAT(message(), HasSubstr("group = \"calc\""));
}

TEST_F(DeploymentRules, MainNeedsTrust) {
  in_main();
  policy().trusted = false;
  EXPECT_THAT(fields(), ElementsAre("deployment.overrides.trusted"));
  EXPECT_THAT(message(), HasSubstr("isolation = \"worker\""));
}

TEST_F(DeploymentRules, MainNeedsAsync) {
  in_main();
  policy().async = false;
  EXPECT_THAT(fields(), ElementsAre("deployment.overrides.async"));
}

TEST_F(DeploymentRules, MainHasExactlyOneReplica) {
  in_main();
  for (int replicas : {0, 2}) {
    spec().replicas = replicas;
    EXPECT_THAT(fields(), ElementsAre("deployment.replicas"));
  }
}

TEST_F(DeploymentRules, ReplicasAreBounded) {
  for (int replicas : {0, 1, limits::kReplicasMax}) {
    spec().replicas = replicas;
    EXPECT_THAT(fields(), IsEmpty());
  }
  for (int replicas : {-1, limits::kReplicasMax + 1}) {
    spec().replicas = replicas;
    EXPECT_THAT(fields(), ElementsAre("deployment.replicas"));
  }
}

TEST_F(DeploymentRules, ACommandRunsOnce) {
  of_kind(Kind::Command);
  spec().args = {"--verbose"};
  for (int replicas : {0, 1}) {
    spec().replicas = replicas;
    EXPECT_THAT(fields(), IsEmpty());
  }
  spec().replicas = 2;
  EXPECT_THAT(fields(), ElementsAre("deployment.replicas"));
}

TEST_F(DeploymentRules, OnlyCommandsTakeArguments) {
  spec().args = {"x"};
  EXPECT_THAT(fields(), ElementsAre("deployment.args"));
  EXPECT_THAT(message(), HasSubstr("only commands take arguments"));
  of_kind(Kind::Command);
  spec().args = {"x", std::string("a\0b", 3)};
  EXPECT_THAT(fields(), ElementsAre("deployment.args[1]"));
}

TEST_F(DeploymentRules, HttpNeedsAnAddressAndNothingElseHasOne) {
  of_kind(Kind::Http);
  EXPECT_THAT(fields(), IsEmpty());
  spec().http_listen->host = "example.com";
  EXPECT_THAT(fields(), ElementsAre("deployment.http.listen"));
  spec().http_listen.reset();
  EXPECT_THAT(fields(), ElementsAre("deployment.http.listen"));
  of_kind(Kind::Service);
  EXPECT_THAT(fields(), IsEmpty());
  spec().http_listen = HttpListen{"127.0.0.1", 8080};
  EXPECT_THAT(fields(), ElementsAre("deployment.http.listen"));
}

TEST_F(DeploymentRules, AServiceMustOfferSomething) {
  component_.exports.clear();
  EXPECT_THAT(fields(), ElementsAre("deployment.module_id"));
  policy().entrypoint = "start";
  EXPECT_THAT(fields(), IsEmpty());
}

TEST_F(DeploymentRules, ResourcesAreBounded) {
  policy().memory_bytes = limits::kGuestMemoryBytesMax + (1U << 20U);
  policy().fuel = 0;
  policy().call_timeout = std::chrono::milliseconds(0);
  policy().startup_timeout = std::chrono::seconds(0);
  EXPECT_THAT(fields(), ElementsAre("deployment.overrides.startup.timeout_seconds",
                                    "deployment.overrides.resources.memory_mb",
                                    "deployment.overrides.resources.fuel",
                                    "deployment.overrides.resources.call_timeout_ms"));
  policy().memory_bytes = 0;
  policy().fuel = 1;
  policy().call_timeout = limits::kCallTimeoutMax + std::chrono::milliseconds(1);
  policy().startup_timeout = limits::kStartupTimeoutMax + std::chrono::seconds(1);
  EXPECT_EQ(fields().size(), 3U);
  policy().memory_bytes = limits::kGuestMemoryBytesMax;
  policy().call_timeout = limits::kCallTimeoutMax;
  policy().startup_timeout = limits::kStartupTimeoutMax;
  EXPECT_THAT(fields(), IsEmpty());
}

TEST_F(DeploymentRules, AVariableHasANameAndIsGivenOnce) {
  spec().env = {{"", "x"}, {"A=B", "x"}, {"OK", std::string("a\0", 2)}, {"K", "1"}, {"K", "2"}};
  EXPECT_THAT(fields(), ElementsAre("deployment.env.", "deployment.env.A=B", "deployment.env.OK",
                                    "deployment.env.K"));
}

TEST_F(DeploymentRules, AHostIsAnOrigin) {
  spec().allowed_hosts = {"https://api.example.com", "http://127.0.0.1:8080", "http://[::1]:80"};
  EXPECT_THAT(fields(), IsEmpty());
  for (std::string_view host :
       {"api.example.com", "ftp://a", "https://", "https://a/path", "https://*", "https://a b"}) {
    spec().allowed_hosts = {std::string(host)};
    EXPECT_THAT(fields(), ElementsAre("deployment.network.allowed_hosts[0]")) << host;
  }
}

TEST_F(DeploymentRules, WhatIsGrantedWasAskedFor) {
  component_.capabilities = {{"https://a.example"}, {"/data"}, {"LOG"}, true};
  spec().allowed_hosts = {"https://a.example"};
  spec().mounts = {{"/srv", "/data/in", false}};
  spec().env = {{"LOG", "1"}};
  EXPECT_THAT(fields(), IsEmpty());
  spec().allowed_hosts.emplace_back("https://b.example");
  spec().mounts.push_back({"/srv", "/", false});
  spec().env.emplace_back("HOME", "/");
  EXPECT_THAT(fields(), ElementsAre("deployment.env.HOME", "deployment.network.allowed_hosts[1]",
                                    "deployment.mounts[1].guest"));
  EXPECT_THAT(message(), HasSubstr("does not ask for 'HOME'; it asks for LOG"));
  EXPECT_THAT(message(), HasSubstr("add it to environment in [component.capabilities]"));
}

TEST_F(DeploymentRules, AComponentThatSaysNothingLeavesItToTheAdministrator) {
  spec().allowed_hosts = {"https://a.example"};
  spec().mounts = {{"/srv", "/data", false}};
  spec().env = {{"LOG", "1"}};
  EXPECT_THAT(fields(), IsEmpty());
  component_.capabilities.stated = true;
  EXPECT_EQ(fields().size(), 3U);
  EXPECT_THAT(message(), HasSubstr("it asks for none of the kind"));
}

TEST_F(DeploymentRules, MountsAreAbsoluteOrHereAndDoNotClimb) {
  spec().mounts = {{"/srv/data", "/data", false}, {"/srv", ".", true}};
  EXPECT_THAT(fields(), IsEmpty());
  for (std::string_view guest : {"", "data", "/a/../b", "..", "/.."}) {
    spec().mounts = {{"/srv", std::string(guest), false}};
    EXPECT_THAT(fields(), ElementsAre("deployment.mounts[0].guest")) << guest;
  }
  spec().mounts = {{"data", "/data", false}};
  EXPECT_THAT(fields(), ElementsAre("deployment.mounts[0].host"));
  spec().mounts = {{"/a", "/data", false}, {"/b", "/data", false}};
  EXPECT_THAT(fields(), ElementsAre("deployment.mounts[1].guest"));
}

TEST_F(DeploymentRules, RestartIsBounded) {
  spec().restart = {-1, std::chrono::seconds(0),
                    limits::kRestartDelayMax + std::chrono::milliseconds(1), true};
  EXPECT_THAT(fields(),
              ElementsAre("deployment.restart.attempts", "deployment.restart.interval_seconds",
                          "deployment.restart.delay_ms"));
}

TEST_F(DeploymentRules, OnlyHttpHasARoute) {
  spec().http_route = HttpRoute{};
  EXPECT_THAT(fields(), ElementsAre("deployment.http.route"));
  of_kind(Kind::Http);
  EXPECT_THAT(fields(), IsEmpty());
}

TEST_F(DeploymentRules, WhatIsNotKnownBreaksNoRuleAndIsNamed) {
  ComponentFacts facts;
  facts.id = "calc@1.0.0";
  facts.template_known = false;
  spec().group.reset();
  spec().replicas = 7;
  spec().args = {"x"};
  spec().env = {{"A", "1"}};
  RuleFindings findings = check_rules(deployment_, facts);
  EXPECT_THAT(findings.violations, IsEmpty());
  EXPECT_EQ(findings.unchecked.size(), 3U);
  // What the deployment itself decides is checked all the same.
  spec().overrides.isolation = policy().isolation = Isolation::Main;
  spec().overrides.trusted = policy().trusted = false;
  spec().overrides.async = policy().async = true;
  findings = check_rules(deployment_, facts);
  ASSERT_EQ(findings.violations.size(), 2U);
  EXPECT_EQ(findings.violations[0].field, "deployment.overrides.trusted");
  EXPECT_EQ(findings.violations[1].field, "deployment.replicas");
  EXPECT_EQ(findings.unchecked.size(), 2U);
}

TEST_F(DeploymentRules, AllViolationsComeAtOnce) {
  in_main();
  policy().trusted = false;
  policy().async = false;
  spec().replicas = 3;
  spec().args = {"x"};
  EXPECT_EQ(fields().size(), 4U);
}

}  // namespace
}  // namespace arcella::model
