// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The life of real components through the command line and through raw ALME.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "support/daemon_fixture.h"

namespace arcella::integration {
namespace {

using ::testing::HasSubstr;

std::string example(std::string_view path) {
  return source_path("examples/" + std::string(path));
}

class Lifecycle : public DaemonTest {};

TEST_F(Lifecycle, DaemonAnswersAndItsHomeIsPrivate) {
  const ProgramResult ping = cli({"ping"});
  EXPECT_EQ(ping.status, 0) << ping.err;
  EXPECT_EQ(ping.out, "pong\n");
  struct stat entry{};
  ASSERT_EQ(::stat(home().c_str(), &entry), 0);
  EXPECT_EQ(entry.st_mode & 0777U, 0700U);
  ASSERT_EQ(::stat(socket().c_str(), &entry), 0);
  EXPECT_EQ(entry.st_mode & 0777U, 0600U);
  const wire::Json status = cli_json({"status"});
  EXPECT_EQ(status.at("pid").as_int64(), daemon_->pid());
  EXPECT_EQ(status.at("home").as_string(), home());
}

TEST_F(Lifecycle, ServiceInMainIsInstalledDeployedCalledAndRemoved) {
  install("calc");
  const wire::Json deployed = cli_json({"deploy", example("calc/calc.deployment.toml")});
  EXPECT_EQ(deployed.at("deployments").at(0).at("id").as_string(), "calc");
  EXPECT_EQ(deployed.at("deployments").at(0).at("state").as_string(), "stopped");
  start("calc");
  const wire::Json entry = deployment("calc");
  EXPECT_EQ(entry.at("state").as_string(), "running");
  EXPECT_EQ(entry.at("module_id").as_string(), "calc@1.0.0");
  EXPECT_EQ(entry.at("isolation").as_string(), "main");
  EXPECT_TRUE(entry.at("group").is_null());
  EXPECT_EQ(entry.at("ready").as_int64(), 1);
  const auto instances = instances_of("calc");
  ASSERT_EQ(instances.size(), 1U);
  EXPECT_EQ(instances[0].at("id").as_string(), "calc/0");
  EXPECT_EQ(instances[0].at("pid").as_int64(), daemon_->pid());

  EXPECT_EQ(cli({"call", "calc", "add(20, 22)"}).out, "42\n");
  EXPECT_EQ(cli({"call", "calc", "add", "20", "22"}).out, "42\n");
  EXPECT_EQ(cli({"call", "calc", "examples:calc/ops@1.0.0#add(1, 2)"}).out, "3\n");
  EXPECT_EQ(cli_json({"call", "calc", "add(20, 22)"}).at("result").as_string(), "42");
  EXPECT_EQ(cli({"call", "calc", "sum", "[1, 2, 3]"}).out, "6\n");

  EXPECT_EQ(cli({"stop", "calc"}).status, 0);
  EXPECT_EQ(deployment("calc").at("state").as_string(), "stopped");
  EXPECT_EQ(cli({"undeploy", "calc"}).status, 0);
  EXPECT_EQ(cli({"remove", "calc@1.0.0"}).status, 0);
  EXPECT_EQ(wire::to_text(cli_json({"list"})),
            R"({"components":[],"deployments":[],"instances":[],"workers":[],"bindings":[]})");
}

TEST_F(Lifecycle, ServiceInAWorkerRunsInAnotherProcess) {
  install("calc");
  deploy(example("calc/calc-math.deployment.toml"));
  start("calc-math");
  EXPECT_EQ(deployment("calc-math").at("group").as_string(), "math");
  const auto instances = instances_of("calc-math");
  ASSERT_EQ(instances.size(), 2U);
  const std::int64_t pid = instances[0].at("pid").as_int64();
  EXPECT_NE(pid, daemon_->pid());
  EXPECT_EQ(instances[1].at("pid").as_int64(), pid);
  EXPECT_EQ(cli({"call", "calc-math", "add(20, 22)"}).out, "42\n");
  EXPECT_EQ(cli({"call", "calc-math", "add(1, 1)", "--instance", "1"}).out, "2\n");
  const wire::Json workers = cli_json({"list", "workers"});
  ASSERT_EQ(workers.at("workers").as_array().size(), 1U);
  EXPECT_EQ(workers.at("workers").at(0).at("pid").as_int64(), pid);
}

TEST_F(Lifecycle, EveryKindOfValueCrosses) {
  install("calc");
  deploy(example("calc/calc.deployment.toml"));
  deploy(example("calc/calc-math.deployment.toml"));
  start("calc");
  start("calc-math");
  const std::vector<std::pair<std::string, std::string>> calls{
      {"subtract(1, -2)", "3"},
      {"is-even(4)", "true"},
      {"next-char('a')", "some('b')"},
      {"echo-string(\"a\\nb\")", "\"a\\nb\""},
      {"echo-bytes([0, 255])", "[0, 255]"},
      {"reverse([\"a\", \"b\"])", "[\"b\", \"a\"]"},
      {"translate({x: 1, y: 2}, {x: 0.5, y: 0.5})", "{x: 1.5, y: 2.5}"},
      {"divide-with-remainder(7, 2)", "ok((3, 1))"},
      {"divide(1, 0)", "err(division-by-zero)"},
      {"area(rectangle({width: 2, height: 3}))", "6"},
      {"largest([])", "none"},
      {"check(false)", "err"},
      {"invert({read})", "{write, execute}"},
  };
  for (const char* where : {"calc", "calc-math"}) {
    for (const auto& [call, expected] : calls) {
      const ProgramResult result = cli({"call", where, call});
      EXPECT_EQ(result.out, expected + "\n") << where << " " << call << ": " << result.err;
    }
  }
}

TEST_F(Lifecycle, ScaleChangesTheReplicasInPlace) {
  install("calc");
  deploy(example("calc/calc-math.deployment.toml"));
  start("calc-math");
  EXPECT_EQ(cli({"scale", "calc-math", "5"}).status, 0);
  EXPECT_EQ(deployment("calc-math").at("ready").as_int64(), 5);
  EXPECT_EQ(cli({"scale", "calc-math", "1"}).status, 0);
  EXPECT_EQ(deployment("calc-math").at("ready").as_int64(), 1);
  EXPECT_EQ(cli({"call", "calc-math", "add(1, 2)"}).out, "3\n");
}

TEST_F(Lifecycle, HttpComponentServes) {
  install("greeter");
  const int port = free_port();
  deploy(
      folder_.write("web.deployment.toml",
                    "[deployment]\nmodule_id = \"greeter@1.0.0\"\ngroup = \"web\"\nreplicas = 4\n"
                    "[deployment.http]\nlisten = \"127.0.0.1:" +
                        std::to_string(port) + "\"\n"));
  start("web");
  EXPECT_EQ(deployment("web").at("ready").as_int64(), 4);
  EXPECT_THAT(http_get(port, "/hello"), HasSubstr("Hello from Arcella: GET /hello"));
  EXPECT_EQ(cli({"stop", "web"}).status, 0);
  EXPECT_EQ(http_get(port, "/hello"), "");
}

// One group holds a WASI 0.2 handler, then a WASI 0.3 one too: its worker is made again with the
// engine that both need.
TEST_F(Lifecycle, BothGenerationsOfHttpServeFromOneWorker) {
  const auto spec = [](const std::string& component, int port) {
    return "[deployment]\nmodule_id = \"" + component +
           "@1.0.0\"\ngroup = \"web\"\n[deployment.http]\nlisten = \"127.0.0.1:" +
           std::to_string(port) + "\"\n";
  };
  install("greeter");
  install("greeter-p3");
  const int port = free_port();
  const int port_p3 = free_port();
  deploy(folder_.write("web.deployment.toml", spec("greeter", port)));
  deploy(folder_.write("web-p3.deployment.toml", spec("greeter-p3", port_p3)));
  start("web");
  start("web-p3");
  EXPECT_THAT(http_get(port_p3, "/new"), HasSubstr("Hello from Arcella: GET /new"));
  EXPECT_THAT(http_get(port, "/old"), HasSubstr("Hello from Arcella: GET /old"));
  EXPECT_EQ(cli_json({"list", "workers"}).at("workers").as_array().size(), 1U);
}

TEST_F(Lifecycle, RunGivesACommandItsStreamsArgumentsAndStatus) {
  install("hello-core");
  const ProgramResult hello = cli({"run", "hello-core", "--env", "NAME=you", "--", "a", "[b]"});
  EXPECT_EQ(hello.status, 0) << hello.err;
  EXPECT_THAT(hello.out, HasSubstr("you"));
  EXPECT_THAT(hello.out, HasSubstr("[b]"));
  EXPECT_EQ(cli({"run", "hello-core@1.0.0", "--", "--exit", "3"}).status, 3);
  const wire::Json captured = cli_json({"run", "hello-core"});
  EXPECT_EQ(captured.at("exit_status").as_int64(), 0);
  EXPECT_THAT(std::string(captured.at("stdout").as_string()), HasSubstr("ello"));
}

TEST_F(Lifecycle, RunSeesOnlyTheFolderThatItIsGiven) {
  install("word-count");
  const ProgramResult counted =
      cli({"run", "word-count", "--mount", example("word-count/data") + ":/data"});
  EXPECT_EQ(counted.status, 0) << counted.err;
  EXPECT_THAT(counted.out, HasSubstr("lines.txt"));
  EXPECT_NE(cli({"run", "word-count"}).status, 0);
}

TEST_F(Lifecycle, RunRelativeMountStartsWhereTheCallerIs) {
  install("word-count");
  ASSERT_EQ(::mkdir((folder_.path() + "/texts").c_str(), 0700), 0);
  folder_.write("texts/one.txt", "three small words\n");
  const ProgramResult counted = cli({"run", "word-count", "--mount", "texts:/data"});
  EXPECT_THAT(counted.out, HasSubstr("one.txt")) << counted.err;
}

TEST_F(Lifecycle, CommandDeploymentCompletesAndItsOutputIsInTheLog) {
  install("hello-core");
  deploy(example("hello-core/hello-core.deployment.toml"));
  start("hello-core");
  EXPECT_TRUE(eventually(
      [this] { return deployment("hello-core").at("state").as_string() == "completed"; }));
  EXPECT_THAT(cli({"logs", "hello-core"}).out, HasSubstr("Arcella"));
  EXPECT_THAT(cli({"logs"}).out, HasSubstr("hello-core/0 out|"));
}

TEST_F(Lifecycle, DescriptionsTellOfBoth) {
  install("calc");
  deploy(example("calc/calc.deployment.toml"));
  EXPECT_THAT(cli({"wit", "calc@1.0.0"}).out, HasSubstr("add: func(a: u32, b: u32) -> u32"));
  EXPECT_THAT(cli({"wit", "calc"}).out, HasSubstr("resource accumulator"));
  const wire::Json component = cli_json({"describe", "calc@1.0.0"});
  EXPECT_EQ(component.at("component").at("kind").as_string(), "service");
  EXPECT_EQ(component.at("deployments").at(0).as_string(), "calc");
  const wire::Json deployed = cli_json({"describe", "calc"});
  EXPECT_EQ(deployed.at("deployment").at("id").as_string(), "calc");
  EXPECT_EQ(deployed.at("policy").at("isolation").as_string(), "main");
  EXPECT_EQ(cli({"describe", "nobody"}).status, 4);
}

TEST_F(Lifecycle, RawAlmeDoesTheSame) {
  AlmeConnection alme(socket());
  ASSERT_TRUE(alme.connected());
  wire::JsonObject path{{"path", example("calc/calc.wasm")}};
  EXPECT_EQ(alme.ask("install", path).at("id").as_string(), "calc@1.0.0");
  wire::JsonObject paths{
      {"paths", wire::JsonArray{wire::Json(example("calc/calc.deployment.toml"))}}};
  EXPECT_EQ(alme.ask("deploy", paths).at("deployments").at(0).at("id").as_string(), "calc");
  EXPECT_EQ(alme.ask("start", wire::JsonArray{"calc"}).at("state").as_string(), "running");
  wire::JsonObject call{{"deployment", "calc"}, {"function", "add"}, {"args", "20, 22"}};
  EXPECT_EQ(alme.ask("call", call).at("result").as_string(), "42");
  EXPECT_EQ(alme.ask("stop", wire::JsonArray{"calc"}).at("state").as_string(), "stopped");
  EXPECT_EQ(alme.ask("undeploy", wire::JsonArray{"calc"}).at("id").as_string(), "calc");
  EXPECT_EQ(alme.ask("remove", wire::JsonArray{"calc@1.0.0"}).at("id").as_string(), "calc@1.0.0");
  EXPECT_EQ(alme.ask("start", wire::JsonArray{"calc"}).at("code").as_int64(), -32003);
}

TEST_F(Lifecycle, FollowerHearsNewLines) {
  install("hello-core");
  deploy(example("hello-core/hello-core.deployment.toml"));
  AlmeConnection follower(socket());
  const wire::Json tail =
      follower.ask("logs", wire::JsonObject{{"deployment", "hello-core"}, {"follow", true}});
  EXPECT_EQ(tail.at("lines").as_array().size(), 0U);
  start("hello-core");
  std::optional<std::string> line = follower.read();
  ASSERT_TRUE(line.has_value());
  EXPECT_THAT(*line, HasSubstr(R"("method":"logs.line")"));
  EXPECT_THAT(*line, HasSubstr(R"("instance":"hello-core/0")"));
}

TEST_F(Lifecycle, ShutdownEndsTheDaemonAndFreesTheHome) {
  install("calc");
  deploy(example("calc/calc-math.deployment.toml"));
  start("calc-math");
  const ProgramResult shutdown = cli({"shutdown"});
  EXPECT_EQ(shutdown.status, 0) << shutdown.err;
  EXPECT_EQ(cli({"ping"}).status, 3);
  EXPECT_EQ(daemon_->wait(), 0);
  ASSERT_TRUE(start_daemon());
  EXPECT_TRUE(
      eventually([this] { return deployment("calc-math").at("state").as_string() == "running"; }));
}

}  // namespace
}  // namespace arcella::integration
