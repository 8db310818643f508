// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Who serves the imports of whom, as `diag`, `graph`, `list bindings` and `start` say it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/daemon_fixture.h"
#include "support/small_component.h"

namespace arcella::integration {
namespace {

using ::testing::HasSubstr;

class Wiring : public DaemonTest {
 protected:
  // A component, installed as NAME@1.0.0, and a deployment of it called NAME in a group of its own.
  void put(const std::string& name, const std::vector<std::string>& imports,
           const std::vector<std::string>& exports, std::string_view more = {}) {
    add(name, imports, exports);
    const ProgramResult deployed = cli({"deploy", deployment_file(name, more)});
    ASSERT_EQ(deployed.status, 0) << deployed.err;
  }
  void add(const std::string& name, const std::vector<std::string>& imports,
           const std::vector<std::string>& exports) {
    const std::string path = folder_.write(name + ".wasm", small_component(imports, exports));
    const ProgramResult installed = cli({"install", path, "--id", name + "@1.0.0"});
    ASSERT_EQ(installed.status, 0) << installed.err;
  }
  std::string deployment_file(const std::string& name, std::string_view more = {}) {
    return folder_.write(name + ".deployment.toml", "[deployment]\nmodule_id = \"" + name +
                                                        "@1.0.0\"\ngroup = \"" + name + "\"\n" +
                                                        std::string(more));
  }
  // What `diag` says of the only import.
  wire::Json diag(const std::string& name) {
    const wire::Json result = cli_json({"diag", name});
    EXPECT_EQ(result.at("deployment").as_string(), name);
    EXPECT_EQ(result.at("imports").as_array().size(), 1U);
    return result.at("imports").at(0);
  }
  std::string refusal(const std::string& name) {
    const wire::Json refused = diag(name).at("refused").at(0);
    return std::string(refused.at("deployment").as_string()) + ": " +
           std::string(refused.at("reason").as_string());
  }
};

TEST_F(Wiring, AnImportThatNobodyServesKeepsADeploymentFromStarting) {
  put("web", {"demo:log/log@1.0.0"}, {"demo:web/web@1.0.0"});
  const std::string before = state();
  const ProgramResult started = cli({"start", "web"});
  EXPECT_EQ(started.status, 7) << started.err;
  EXPECT_TRUE(is_one_line(started));
  EXPECT_EQ(started.err,
            "arcella-cli: deployment 'web' did not start: import demo:log/log@1.0.0: nobody "
            "exports it; `arcella-cli diag web` says more\n");
  EXPECT_EQ(state(), before);
  EXPECT_EQ(diag("web").at("state").as_string(), "unresolved");
  EXPECT_EQ(diag("web").at("why").as_string(), "nobody exports it");
}

TEST_F(Wiring, WhatTheHostOffersIsTheHosts) {
  install("calc");
  deploy(source_path("examples/calc/calc.deployment.toml"));
  const wire::Json calc = cli_json({"diag", "calc"});
  for (const wire::Json& import : calc.at("imports").as_array()) {
    EXPECT_EQ(import.at("state").as_string(), "host") << wire::to_text(import);
  }
  put("odd", {"wasi:io/pool@0.2.0"}, {"demo:odd/odd@1.0.0"});
  EXPECT_EQ(diag("odd").at("state").as_string(), "unresolved");
  put("late", {"wasi:io/poll@0.9.0"}, {"demo:late/late@1.0.0"});
  EXPECT_EQ(diag("late").at("state").as_string(), "unresolved");
}

TEST_F(Wiring, DiagFollowsWhatRuns) {
  put("web", {"demo:log/log@1.0.0"}, {"demo:web/web@1.0.0"});
  put("old-log", {}, {"demo:log/log@0.9.0"});
  start("old-log");
  EXPECT_EQ(refusal("web"), "old-log: exports it at 0.9.0, which is not compatible with 1.0.0");
  put("log", {}, {"demo:log/log@1.2.0"});
  EXPECT_EQ(refusal("web"), "log: would fit, but does not run");
  start("log");
  const wire::Json bound = diag("web");
  EXPECT_EQ(bound.at("state").as_string(), "bound");
  EXPECT_EQ(bound.at("provider").as_string(), "log");
  EXPECT_EQ(bound.at("version").as_string(), "1.2.0");
  EXPECT_EQ(bound.at("why").as_string(), "the only candidate");
  EXPECT_EQ(cli({"diag", "web"}).out,
            "web\n"
            "  demo:log/log@1.0.0: bound to log (demo:log/log@1.2.0), the only candidate\n"
            "    old-log: exports it at 0.9.0, which is not compatible with 1.0.0\n");
  ASSERT_EQ(cli({"stop", "log"}).status, 0);
  EXPECT_EQ(diag("web").at("state").as_string(), "unresolved");
}

TEST_F(Wiring, AWiringByHandDecides) {
  put("log-a", {}, {"demo:log/log@1.2.0"});
  put("log-b", {}, {"demo:log/log@1.0.0"});
  start("log-a");
  start("log-b");
  put("web", {"demo:log/log@1.0.0"}, {"demo:web/web@1.0.0"},
      "[deployment.wiring]\n\"demo:log/log\" = \"log-b\"\n");
  EXPECT_EQ(diag("web").at("provider").as_string(), "log-b");
  EXPECT_EQ(diag("web").at("why").as_string(), "wired by hand");
  put("web2", {"demo:log/log@1.0.0"}, {"demo:web/web@1.0.0"},
      "[deployment.wiring]\n\"demo:log\" = \"log-c\"\n");
  EXPECT_THAT(refusal("web2"), HasSubstr("log-c: is not deployed; did you mean"));
}

TEST_F(Wiring, OnlyWhatIsImportedCanBeWired) {
  add("web", {"demo:log/log@1.0.0"}, {"demo:web/web@1.0.0"});
  const std::string file =
      deployment_file("web", "[deployment.wiring]\n\"demo:lock/lock\" = \"log\"\n");
  const ProgramResult deployed = cli({"deploy", file});
  EXPECT_EQ(deployed.status, 5) << deployed.err;
  EXPECT_THAT(deployed.err,
              HasSubstr(file + ":5:1: deployment.wiring.demo:lock/lock: web@1.0.0 does not import "
                               "it; it imports demo:log/log@1.0.0"));
}

TEST_F(Wiring, AnOptionalImportIsSaidToBe) {
  folder_.write("web.wasm", small_component({"demo:log/log@1.0.0"}, {"demo:web/web@1.0.0"}));
  auto manifest = [this](std::string_view optional) {
    return folder_.write("web.component.toml",
                         "[component]\nname = \"web\"\nversion = \"1.0.0\"\noptional_imports = "
                         "[\"" +
                             std::string(optional) + "\"]\n");
  };
  manifest("demo:lock/lock");
  const ProgramResult refused = cli({"install", folder_.path() + "/web.wasm"});
  EXPECT_EQ(refused.status, 5);
  EXPECT_THAT(refused.err, HasSubstr("web.component.toml:4:21: component.optional_imports: the "
                                     "binary does not import 'demo:lock/lock'"));
  manifest("demo:log/log@1.0");
  ASSERT_EQ(cli({"install", folder_.path() + "/web.wasm"}).status, 0);
  ASSERT_EQ(cli({"deploy", deployment_file("web")}).status, 0);
  EXPECT_EQ(diag("web").at("state").as_string(), "optional");
  kill_daemon(SIGKILL);
  ASSERT_TRUE(start_daemon());
  EXPECT_EQ(diag("web").at("state").as_string(), "optional");
}

TEST_F(Wiring, TheGraphHasEveryDeployment) {
  put("log", {"demo:disk/disk@1.0.0"}, {"demo:log/log@1.0.0"});
  put("disk", {}, {"demo:disk/disk@1.0.0"});
  put("web", {"demo:log/log@1.0.0"}, {"demo:web/web@1.0.0"});
  start("disk");
  EXPECT_EQ(cli({"graph"}).out,
            "disk: running\n"
            "log: stopped\n"
            "  demo:disk/disk@1.0.0: bound to disk, the only candidate\n"
            "web: stopped\n"
            "  demo:log/log@1.0.0: unresolved: nobody who exports it can serve\n");
  EXPECT_THAT(cli({"graph", "--dot"}).out,
              HasSubstr("\"log\" -> \"disk\" [label=\"demo:disk/disk@1.0.0\"];\n"));
  EXPECT_EQ(cli_json({"graph"}).at("nodes").as_array().size(), 3U);
  // Nothing that uses another runs.
  EXPECT_EQ(cli({"list", "bindings"}).out, "no bindings\n");
  EXPECT_EQ(cli({"undeploy", "disk"}).status, 0);
}

TEST_F(Wiring, DiagOfAnUnknownDeploymentNamesTheNearest) {
  put("web", {}, {"demo:web/web@1.0.0"});
  EXPECT_EQ(cli({"diag", "web"}).out, "web imports nothing\n");
  const ProgramResult result = cli({"diag", "wep"});
  EXPECT_EQ(result.status, 4);
  EXPECT_TRUE(is_one_line(result));
  EXPECT_THAT(result.err, HasSubstr("did you mean 'web'?"));
}

}  // namespace
}  // namespace arcella::integration
