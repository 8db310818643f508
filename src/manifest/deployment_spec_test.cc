// SPDX-License-Identifier: Apache-2.0 OR MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "manifest/manifests.h"

namespace arcella::manifest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

Parsed<model::DeploymentSpec> read(std::string_view text) {
  return read_deployment_spec(text, "web.deployment.toml",
                              model::DeploymentId::parse("web").value(), "/srv/app");
}

std::vector<std::string> errors(std::string_view text) {
  auto parsed = read(text);
  EXPECT_EQ(parsed.value.has_value(), parsed.diagnostics.empty());
  std::vector<std::string> result;
  for (const Diagnostic& diagnostic : parsed.diagnostics) result.push_back(diagnostic.str());
  return result;
}

TEST(DeploymentSpec, ReadsTheExampleOfTheDesign) {
  auto parsed = read(R"([deployment]
module_id = "http-logger@0.1.0"
group = "web"
replicas = 10
args = ["--verbose"]           # for commands: argv after the program name
direct = false                 # worker to worker: a socket of their own
fuse_with = []                 # deployments to be composed with into one store
[deployment.overrides]         # any field of the template
isolation = "worker"
[deployment.overrides.resources]
memory_mb = 32
[deployment.env]               # KEY = "value"
LOG_LEVEL = "debug"
[deployment.config]            # wasi:config/store values
key = "value"
[deployment.network]
allowed_hosts = ["https://api.example.com"]      # nothing by default
[[deployment.mounts]]
host = "./data"
guest = "/data"
access = "read"                # or "read-write"
[[deployment.mounts]]
host = "/var/log/"
guest = "/logs"
access = "read-write"
[deployment.http]
listen = "127.0.0.1:8080"      # a socket of its own, accepted in the worker
route = { host = "*", path = "/api" }            # or a route on the shared listener
[deployment.wiring]
"demo:calc/ops" = "calc-core"  # import -> deployment; without it the resolver chooses
[deployment.restart]           # Nomad's names
attempts = 3
interval_seconds = 20
delay_ms = 200
mode = "delay"
[deployment.update]
strategy = "rolling"           # or "recreate" (stop, replace, start)
min_healthy_ms = 500
auto_revert = true
)");
  ASSERT_THAT(parsed.diagnostics, IsEmpty());
  const model::DeploymentSpec& spec = *parsed.value;
  EXPECT_EQ(spec.id.str(), "web");
  EXPECT_EQ(spec.component.str(), "http-logger@0.1.0");
  EXPECT_EQ(spec.group->str(), "web");
  EXPECT_EQ(spec.replicas, 10);
  EXPECT_THAT(spec.args, ElementsAre("--verbose"));
  EXPECT_EQ(spec.overrides.isolation, model::Isolation::Worker);
  EXPECT_EQ(spec.overrides.resources.memory_mb, 32U);
  EXPECT_THAT(spec.env, ElementsAre(Pair("LOG_LEVEL", "debug")));
  EXPECT_THAT(spec.allowed_hosts, ElementsAre("https://api.example.com"));
  EXPECT_THAT(spec.mounts, ElementsAre(model::Mount{"/srv/app/data", "/data", false},
                                       model::Mount{"/var/log/", "/logs", true}));
  EXPECT_EQ(spec.http_listen->str(), "127.0.0.1:8080");
  EXPECT_EQ(spec.restart, (model::RestartFields{3, std::chrono::seconds(20),
                                                std::chrono::milliseconds(200), false}));
  EXPECT_FALSE(spec.direct);
  EXPECT_THAT(spec.fuse_with, IsEmpty());
  EXPECT_THAT(spec.config, ElementsAre(Pair("key", "value")));
  EXPECT_EQ(spec.http_route, (model::HttpRoute{"*", "/api"}));
  EXPECT_THAT(spec.wiring,
              ElementsAre(Pair("demo:calc/ops", model::DeploymentId::parse("calc-core").value())));
  EXPECT_EQ(spec.update, (model::UpdateFields{model::UpdateStrategy::Rolling,
                                              std::chrono::milliseconds(500), true}));
}

std::vector<std::string> notes(std::string_view lines) {
  auto parsed = read("[deployment]\nmodule_id = \"a@1.0.0\"\n" + std::string(lines));
  EXPECT_THAT(parsed.diagnostics, IsEmpty());
  std::vector<std::string> result;
  for (const Diagnostic& note : parsed.notes) {
    EXPECT_EQ(note.severity, Severity::Note);
    result.push_back(note.str());
  }
  return result;
}

TEST(DeploymentSpec, NotesEachFieldThatHasNoEffectYet) {
  EXPECT_THAT(notes("direct = true\nfuse_with = []\n[deployment.config]\nk = ''\n"
                    "[deployment.http]\nroute = {path = '/'}\n[deployment.update]\nstrategy "
                    "= 'rolling'\nmin_healthy_ms = 1\nauto_revert = false\n"),
              ElementsAre(HasSubstr(":8:1: deployment.http.route: has no effect"),
                          HasSubstr(":10:1: deployment.update.strategy: has no effect"),
                          HasSubstr(":11:1: deployment.update.min_healthy_ms: has no effect"),
                          HasSubstr(":12:1: deployment.update.auto_revert: has no effect")));
}

TEST(DeploymentSpec, NotesNothingWhereNothingIsAskedFor) {
  EXPECT_THAT(notes("direct = true\nfuse_with = ['b']\n[deployment.config]\nk = "
                    "'v'\n[deployment.wiring]\n'a:b/c' = "
                    "'b'\n[deployment.update]\nstrategy = 'recreate'\n"),
              IsEmpty());
}

TEST(DeploymentSpec, ADeploymentIsNotItsOwnNeighbour) {
  EXPECT_THAT(errors("[deployment]\nmodule_id='a@1.0.0'\nfuse_with=['web']\nwiring={'a:b/c'='web'}"
                     "\nhttp.route={host='a b', path='api'}\nconfig={''=''}\n"),
              ElementsAre(HasSubstr(":3:12: deployment.fuse_with: 'web' is this deployment itself"),
                          HasSubstr(":4:17: deployment.wiring: 'web' is this deployment itself"),
                          HasSubstr("deployment.http.route.host: 'a b' is neither"),
                          HasSubstr("deployment.http.route.path: 'api' is no path of a URL"),
                          HasSubstr("deployment.config: a key is not empty")));
}

TEST(DeploymentSpec, NeedsOnlyTheComponent) {
  auto parsed = read("[deployment]\nmodule_id = \"a@1.0.0\"\n");
  ASSERT_THAT(parsed.diagnostics, IsEmpty());
  model::DeploymentSpec expected{.id = model::DeploymentId::parse("web").value(),
                                 .component = model::ComponentId::parse("a@1.0.0").value()};
  EXPECT_EQ(*parsed.value, expected);
}

TEST(DeploymentSpec, RefusesAMissingOrWrongComponent) {
  EXPECT_THAT(errors(""), ElementsAre(HasSubstr("no [deployment] table")));
  EXPECT_THAT(errors("[deployment]\n"),
              ElementsAre(HasSubstr("deployment.module_id: missing; write")));
  EXPECT_THAT(errors("[deployment]\nmodule_id='a'\n"),
              ElementsAre(HasSubstr(
                  "web.deployment.toml:2:11: deployment.module_id: 'a' is no component id")));
}

TEST(DeploymentSpec, PointsToTheOverrides) {
  EXPECT_THAT(
      errors(
          "[deployment]\nmodule_id='a@1.0.0'\ntrusted=true\n[resources]\n[deployment.startup]\n"),
      ElementsAre(HasSubstr("write it below [deployment.overrides]"),
                  HasSubstr("write [deployment.overrides.resources]"),
                  HasSubstr("write [deployment.overrides.startup]")));
}

TEST(DeploymentSpec, ReportsAllAtOnce) {
  EXPECT_THAT(
      errors("[deployment]\ngroup='a "
             "b'\nreplicas=-1\nargs='x'\nreplica=1\ndirect='no'\nfuse_with=['a b']\n"
             "[deployment.env]\nA=1\n[deployment.network]\nhosts=[]\n[[deployment.mounts]]\naccess="
             "'write'\n"
             "[deployment.http]\nlisten='8080'\nroute={hst='*'}\n[deployment.wiring]\n\"a:b/c\"='x "
             "y'\n"
             "[deployment.restart]\nmode='stop'\nattempts=1001\n[deployment.update]\nstrategy='"
             "fast'\n"),
      ElementsAre(
          HasSubstr(":1:1: deployment.module_id: missing"),
          HasSubstr(":2:7: deployment.group: 'a b' is no group name"),
          HasSubstr(":3:10: deployment.replicas: -1 is not in 0..10000"),
          HasSubstr(":4:6: deployment.args: expected an array of strings"),
          HasSubstr(":5:1: deployment.replica: unknown key; did you mean 'replicas'?"),
          HasSubstr(":6:8: deployment.direct: expected true or false"),
          HasSubstr(":7:12: deployment.fuse_with: 'a b' is no deployment id"),
          HasSubstr(":9:3: deployment.env.A: expected a string in quotes, found 1"),
          HasSubstr(":11:1: deployment.network.hosts: unknown key"),
          HasSubstr(":12:1: deployment.mounts.guest: missing"),
          HasSubstr(":12:1: deployment.mounts.host: missing"),
          HasSubstr(
              ":13:8: deployment.mounts.access: 'write' is neither \"read-write\" nor \"read\""),
          HasSubstr(":15:8: deployment.http.listen: '8080' is no listening address"),
          HasSubstr(":16:8: deployment.http.route.hst: unknown key; did you mean 'host'?"),
          HasSubstr(":18:9: deployment.wiring: 'x y' is no deployment id"),
          HasSubstr(":20:6: deployment.restart.mode: 'stop' is neither \"fail\" nor \"delay\""),
          HasSubstr(":21:10: deployment.restart.attempts: 1001 is not in 0..1000"),
          HasSubstr(":23:10: deployment.update.strategy: 'fast' is neither")));
}

TEST(DeploymentSpec, TextInAMessageIsInert) {
  for (const std::string& line :
       errors("[deployment]\nmodule_id=\"a\\u001b[31m\"\n\"k\\u0007\"=1\n")) {
    EXPECT_EQ(line.find('\x1b'), std::string::npos);
    EXPECT_EQ(line.find('\x07'), std::string::npos);
  }
}

}  // namespace
}  // namespace arcella::manifest
