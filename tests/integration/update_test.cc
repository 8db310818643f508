// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Deployments that change while they run: update, rollback, deploy again; and what is left of it
// when the new one does not come up or the daemon is killed in the middle.
#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>
#include <memory>

#include "support/daemon_fixture.h"
#include "support/plane_component.h"

namespace arcella::integration {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string example(std::string_view path) {
  return source_path("examples/" + std::string(path));
}

class Update : public DaemonTest {
 protected:
  // A package of an example's binary under another name and version; a folder that `install` takes.
  std::string package(const std::string& binary, const std::string& name,
                      const std::string& version, const std::string& policy = {}) {
    const std::string folder = folder_of(name, version);
    std::filesystem::copy_file(example(binary + "/" + binary + ".wasm"),
                               folder_.path() + "/" + folder + "/" + name + ".wasm");
    if (!policy.empty()) folder_.write(folder + "/deployment-template.toml", policy);
    return folder_.path() + "/" + folder;
  }
  std::string plane_package(const std::string& version, const PlaneTypes& types) {
    const std::string folder = folder_of("plane", version);
    folder_.write(folder + "/plane.wasm", plane_component(types));
    return folder_.path() + "/" + folder;
  }
  // With a component.toml.
  std::string folder_of(const std::string& name, const std::string& version) {
    std::string folder = name + "-" + version;
    std::filesystem::create_directories(folder_.path() + "/" + folder);
    folder_.write(folder + "/component.toml",
                  "[component]\nname = \"" + name + "\"\nversion = \"" + version + "\"\n");
    return folder;
  }
  // calc in main and twice in a worker; of the three, `idle` is stopped.
  void deploy_calc() {
    install("calc");
    deploy(example("calc/calc.deployment.toml"));
    deploy(example("calc/calc-math.deployment.toml"));
    deploy(folder_.write("idle.deployment.toml",
                         "[deployment]\nmodule_id = \"calc@1.0.0\"\ngroup = \"math\"\n"));
    start("calc");
    start("calc-math");
  }
  void deploy_crasher() {
    install("crasher");
    deploy(example("crasher/crasher.deployment.toml"));
    start("crasher");
  }
  std::string component_of(const std::string& id) {
    return std::string(deployment(id).at("module_id").as_string());
  }
  std::int64_t generation_of(const std::string& id) {
    return deployment(id).at("generation").as_int64();
  }
  std::string state_of(const std::string& id) {
    return std::string(deployment(id).at("state").as_string());
  }
  bool is_installed(std::string_view id) {
    const wire::Json listing = cli_json({"list", "components"});
    for (const wire::Json& entry : listing.at("components").as_array()) {
      if (entry.at("id").as_string() == id) return true;
    }
    return false;
  }
  void expect_refused(const std::vector<std::string>& words, int status,
                      const std::string& because) {
    const std::string before = state();
    const ProgramResult result = cli(words);
    EXPECT_EQ(result.status, status) << result.out << result.err;
    EXPECT_THAT(result.err, HasSubstr(because));
    EXPECT_TRUE(is_one_line(result));
    EXPECT_EQ(state(), before);
  }
};

constexpr const char* kCrashAtStart =
    "[deployment]\nisolation = \"worker\"\n[startup]\nentrypoint = \"crash\"\n";

TEST_F(Update, EveryDeploymentOfAComponentMoves) {
  deploy_calc();
  EXPECT_EQ(cli({"call", "calc", "add(20, 22)"}).out, "42\n");
  const std::string next =
      package("calc", "calc", "1.1.0", "[deployment]\n[resources]\nmemory_mb = 48\n");
  const wire::Json result = cli_json({"update", "calc", next});
  EXPECT_EQ(result.at("component").as_string(), "calc@1.1.0");
  EXPECT_EQ(result.at("deployments").as_array().size(), 3U);
  for (const char* id : {"calc", "calc-math", "idle"}) {
    EXPECT_EQ(component_of(id), "calc@1.1.0") << id;
    EXPECT_EQ(generation_of(id), 2) << id;
  }
  EXPECT_EQ(state_of("calc"), "running");
  EXPECT_EQ(deployment("calc-math").at("ready").as_int64(), 2);
  EXPECT_EQ(state_of("idle"), "stopped");
  EXPECT_EQ(cli({"call", "calc", "add(20, 22)"}).out, "42\n");
  EXPECT_EQ(cli({"call", "calc-math", "add(1, 2)"}).out, "3\n");
  // The new component's template is merged anew.
  const wire::Json described = cli_json({"describe", "calc-math"});
  EXPECT_EQ(described.at("policy").at("memory_bytes").as_int64(), 48 << 20);
  EXPECT_EQ(described.at("previous").at("module_id").as_string(), "calc@1.0.0");
  EXPECT_EQ(described.at("previous").at("generation").as_int64(), 1);
}

TEST_F(Update, OneDeploymentMovesToAnInstalledComponent) {
  deploy_calc();
  ASSERT_EQ(cli({"install", package("calc", "calc", "1.1.0")}).status, 0);
  const ProgramResult result = cli({"update", "calc-math", "--to", "calc@1.1.0"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out, "updated to calc@1.1.0: calc-math: running, 2/2 ready in worker math\n");
  EXPECT_EQ(component_of("calc-math"), "calc@1.1.0");
  EXPECT_EQ(component_of("calc"), "calc@1.0.0");
  EXPECT_EQ(generation_of("calc"), 1);
  EXPECT_EQ(cli({"call", "calc-math", "add(1, 2)"}).out, "3\n");
  // Again: nothing to do.
  EXPECT_EQ(cli({"update", "calc-math", "--to", "calc@1.1.0"}).status, 0);
  EXPECT_EQ(generation_of("calc-math"), 2);
  // All that is left of the old version.
  EXPECT_EQ(cli({"update", "calc@1.0.0", "--to", "calc@1.1.0"}).status, 0);
  EXPECT_EQ(component_of("calc"), "calc@1.1.0");
  EXPECT_EQ(component_of("idle"), "calc@1.1.0");
}

TEST_F(Update, WithoutDeploymentsItIsAnInstall) {
  install("calc");
  const std::string next = package("calc", "calc", "1.1.0");
  EXPECT_EQ(cli({"update", "calc@1.0.0", next}).out,
            "calc@1.1.0 is installed; no deployment uses calc@1.0.0\n");
  EXPECT_TRUE(is_installed("calc@1.1.0"));
  // The same content again is no error, as with install.
  EXPECT_EQ(cli({"update", "calc", next}).status, 0);
  EXPECT_EQ(cli({"install", next}).status, 0);
}

TEST_F(Update, ARecordThatChangedBehindItsNameIsRefused) {
  ASSERT_EQ(cli({"install", plane_package("1.0.0", {})}).status, 0);
  deploy(folder_.write("plane.deployment.toml",
                       "[deployment]\nmodule_id = \"plane@1.0.0\"\ngroup = \"math\"\n"));
  start("plane");
  EXPECT_EQ(cli({"call", "plane", "area({x: 6, y: 7})"}).out, "42\n");
  const std::string changed = plane_package("1.1.0", {.is_signed = true});
  expect_refused({"update", "plane", changed}, 6,
                 "test:plane/areas@1.0.0: function 'area': parameter 'of': type 'point' is "
                 "'record { x: u32, y: s32 }' instead of 'record { x: u32, y: u32 }'; --force");
  // A name is only a name.
  const std::string renamed = plane_package("1.0.1", {.name = "pair"});
  EXPECT_EQ(cli({"update", "plane", renamed}).status, 0);
  EXPECT_EQ(cli({"update", "plane", changed, "--force"}).status, 0);
  EXPECT_EQ(component_of("plane"), "plane@1.1.0");
}

TEST_F(Update, TheNeighbourInTheSameWorkerServesOn) {
  deploy_calc();
  deploy(folder_.write("neighbour.deployment.toml",
                       "[deployment]\nmodule_id = \"calc@1.0.0\"\ngroup = \"math\"\n"));
  start("neighbour");
  const std::int64_t worker = instances_of("neighbour")[0].at("pid").as_int64();
  ASSERT_EQ(cli({"install", package("calc", "calc", "1.1.0")}).status, 0);
  AlmeConnection updating(socket());
  updating.send(
      R"({"jsonrpc":"2.0","id":1,"method":"update","params":{"target":"calc-math","to":"calc@1.1.0"}})");
  AlmeConnection calling(socket());
  for (int i = 0; i < 20; ++i) {
    const wire::Json answer =
        calling.ask("call", {{"deployment", "neighbour"}, {"function", "add(20, 22)"}});
    EXPECT_EQ(wire::to_text(answer), R"({"result":"42"})");
  }
  EXPECT_TRUE(updating.read().has_value());
  EXPECT_EQ(component_of("calc-math"), "calc@1.1.0");
  EXPECT_EQ(instances_of("neighbour")[0].at("pid").as_int64(), worker);
}

TEST_F(Update, WhatDoesNotComeUpIsReverted) {
  deploy_crasher();
  const std::string before = state();
  const ProgramResult result =
      cli({"update", "crasher", package("crasher", "crasher", "1.1.0", kCrashAtStart)});
  EXPECT_EQ(result.status, 8) << result.out << result.err;
  EXPECT_TRUE(is_one_line(result));
  EXPECT_THAT(result.err, HasSubstr("generation 2 (crasher@1.1.0) did not come up"));
  EXPECT_THAT(result.err, HasSubstr("reverted to what ran before: crasher (crasher@1.0.0)"));
  EXPECT_EQ(state(), before);
  EXPECT_FALSE(is_installed("crasher@1.1.0"));
  EXPECT_EQ(cli({"call", "crasher", "divide(6, 3)"}).out, "2\n");
  // Nothing of it is left behind: the same again is the same again.
  EXPECT_EQ(cli({"update", "crasher", folder_.path() + "/crasher-1.1.0"}).status, 8);
  EXPECT_EQ(state(), before);
}

TEST_F(Update, WhatIsNotReadyInTimeIsReverted) {
  install("spinner");
  deploy(example("spinner/spinner.deployment.toml"));
  start("spinner");
  const std::string spins =
      package("spinner", "spinner", "1.1.0",
              "[deployment]\n[startup]\nentrypoint = \"spin\"\ntimeout_seconds = 1\n");
  const std::string before = state();
  const ProgramResult result = cli({"update", "spinner", spins});
  EXPECT_EQ(result.status, 8) << result.err;
  EXPECT_THAT(result.err, HasSubstr("reverted"));
  EXPECT_EQ(state(), before);
}

TEST_F(Update, RefusesWhatDoesNotFitAndChangesNothing) {
  deploy_calc();
  package("crasher", "calc", "2.0.0");
  package("hello-core", "calc", "3.0.0");
  package("crasher", "other", "1.0.0");
  const std::string folder = folder_.path();
  expect_refused({"update", "calc", folder + "/calc-2.0.0"}, 6,
                 "examples:calc/ops@1.0.0 is gone; --force updates nevertheless");
  expect_refused({"update", "calc", folder + "/calc-3.0.0", "--force"}, 6, "of kind command");
  expect_refused({"update", "calc", folder + "/other-1.0.0"}, 2, "no version of 'calc'");
  expect_refused({"update", "calc", folder + "/nothing"}, 4, "nothing");
  expect_refused({"update", "clac", folder + "/calc-2.0.0"}, 4, "no component 'clac'");
  expect_refused({"update", "calc-math", folder + "/calc-2.0.0"}, 4, "is a deployment");
  expect_refused({"update", "calc", "--to", "calc@9.0.0"}, 4, "no component 'calc@9.0.0'");
  expect_refused({"update", "clac", "--to", "calc@1.0.0"}, 4, "no deployment 'clac'");
  expect_refused({"update", "calc"}, 2, "either PATH or --to");
  expect_refused({"rollback", "calc"}, 6, "no earlier generation");
  EXPECT_FALSE(is_installed("calc@2.0.0"));

  const ProgramResult forced = cli({"update", "calc", folder + "/calc-2.0.0", "--force"});
  EXPECT_EQ(forced.status, 0) << forced.err;
  EXPECT_EQ(cli({"call", "calc", "divide(6, 3)"}).out, "2\n");
}

TEST_F(Update, RollbackGoesBackAndForth) {
  deploy_calc();
  EXPECT_EQ(cli({"scale", "calc-math", "3"}).status, 0);
  EXPECT_EQ(cli({"update", "calc", package("calc", "calc", "1.1.0")}).status, 0);
  EXPECT_EQ(cli({"scale", "calc-math", "1"}).status, 0);
  EXPECT_EQ(cli({"rollback", "calc-math"}).status, 0);
  wire::Json entry = deployment("calc-math");
  EXPECT_EQ(entry.at("module_id").as_string(), "calc@1.0.0");
  EXPECT_EQ(entry.at("generation").as_int64(), 3);
  EXPECT_EQ(entry.at("ready").as_int64(), 3) << "the spec as it was then";
  EXPECT_EQ(component_of("calc"), "calc@1.1.0") << "the others stay";
  EXPECT_EQ(cli({"call", "calc-math", "add(1, 2)"}).out, "3\n");
  EXPECT_EQ(cli({"rollback", "calc-math"}).status, 0);
  entry = deployment("calc-math");
  EXPECT_EQ(entry.at("module_id").as_string(), "calc@1.1.0");
  EXPECT_EQ(entry.at("generation").as_int64(), 4);
  EXPECT_EQ(entry.at("ready").as_int64(), 1);
  // Kept over a restart.
  kill_daemon(SIGKILL);
  ASSERT_TRUE(start_daemon());
  EXPECT_TRUE(eventually([&] { return state_of("calc-math") == "running"; }));
  EXPECT_EQ(generation_of("calc-math"), 4);
  EXPECT_EQ(cli({"rollback", "calc-math"}).status, 0);
  EXPECT_EQ(component_of("calc-math"), "calc@1.0.0");
}

TEST_F(Update, RemovingAComponentDropsThePreviousGenerationsOfIt) {
  deploy_calc();
  EXPECT_EQ(cli({"update", "calc", package("calc", "calc", "1.1.0")}).status, 0);
  const ProgramResult removed = cli({"remove", "calc@1.0.0"});
  EXPECT_EQ(removed.status, 0) << removed.err;
  EXPECT_EQ(removed.out,
            "removed calc@1.0.0; no longer to be rolled back: calc, calc-math, idle\n");
  EXPECT_EQ(cli({"rollback", "calc"}).status, 6);
  kill_daemon(SIGKILL);
  ASSERT_TRUE(start_daemon());
  EXPECT_EQ(cli({"rollback", "calc"}).status, 6);
  EXPECT_EQ(generation_of("calc"), 2);
}

TEST_F(Update, HttpDeploymentKeepsItsAddress) {
  install("greeter");
  const int port = free_port();
  deploy(
      folder_.write("web.deployment.toml",
                    "[deployment]\nmodule_id = \"greeter@1.0.0\"\ngroup = \"web\"\nreplicas = 2\n"
                    "[deployment.http]\nlisten = \"127.0.0.1:" +
                        std::to_string(port) + "\"\n"));
  start("web");
  ASSERT_THAT(http_get(port, "/"), HasSubstr("Hello"));
  EXPECT_EQ(cli({"update", "greeter", package("greeter", "greeter", "1.1.0")}).status, 0);
  EXPECT_EQ(component_of("web"), "greeter@1.1.0");
  EXPECT_THAT(http_get(port, "/"), HasSubstr("Hello"));
}

// An update whose new generation never becomes ready, and what happens to it meanwhile.
class UpdateUnderWay : public Update {
 protected:
  void SetUp() override {
    Update::SetUp();
    if (HasFatalFailure()) return;
    install("spinner");
    deploy(example("spinner/spinner.deployment.toml"));
    start("spinner");
    before_ = state();
    const std::string spins =
        package("spinner", "spinner", "1.1.0",
                "[deployment]\n[startup]\nentrypoint = \"spin\"\ntimeout_seconds = 50\n");
    updating_ = std::make_unique<AlmeConnection>(socket());
    updating_->send(
        R"({"jsonrpc":"2.0","id":1,"method":"update","params":{"target":"spinner","path":")" +
        spins + "\"}}");
    ASSERT_TRUE(eventually([&] {
      return component_of("spinner") == "spinner@1.1.0" && instances_of("spinner").size() == 1 &&
             instances_of("spinner")[0].at("state").as_string() == "starting";
    }));
  }

  std::string before_;
  std::unique_ptr<AlmeConnection> updating_;
};

TEST_F(UpdateUnderWay, AShutdownLeavesTheStateBefore) {
  kill_daemon(SIGTERM);
  ASSERT_TRUE(start_daemon());
  EXPECT_FALSE(is_installed("spinner@1.1.0"));
  EXPECT_TRUE(eventually([&] { return state() == before_; })) << state();
}

TEST_F(UpdateUnderWay, TheEndOfItsWorkerRevertsIt) {
  const std::int64_t worker = instances_of("spinner")[0].at("pid").as_int64();
  ASSERT_EQ(::kill(static_cast<pid_t>(worker), SIGKILL), 0);
  const auto answer = updating_->read();
  ASSERT_TRUE(answer.has_value());
  EXPECT_THAT(*answer, HasSubstr("reverted to what ran before: spinner (spinner@1.0.0)"));
  EXPECT_THAT(*answer, Not(HasSubstr("not all of it is up")));
  EXPECT_EQ(component_of("spinner"), "spinner@1.0.0");
  EXPECT_EQ(state_of("spinner"), "running");
  EXPECT_FALSE(is_installed("spinner@1.1.0"));
}

// The daemon is killed after each step of an update, told by what it logs.
TEST_F(Update, KilledInTheMiddleItIsBeforeOrAfter) {
  deploy_calc();
  const std::string next = package("calc", "calc", "1.1.0");
  for (const char* step : {"action=\"stop calc/0", "action=\"load calc", "action=\"stop calc-math",
                           "action=\"start calc-math", "changed deployment=calc"}) {
    SCOPED_TRACE(step);
    const std::size_t seen = daemon_log().size();
    AlmeConnection updating(socket());
    updating.send(
        R"({"jsonrpc":"2.0","id":1,"method":"update","params":{"target":"calc","path":")" + next +
        "\"}}");
    ASSERT_TRUE(eventually([&] { return daemon_log().find(step, seen) != std::string::npos; }));
    kill_daemon(SIGKILL);
    ASSERT_TRUE(start_daemon());
    const bool after = component_of("calc") == "calc@1.1.0";
    for (const char* id : {"calc", "calc-math", "idle"}) {
      EXPECT_EQ(component_of(id), after ? "calc@1.1.0" : "calc@1.0.0") << id;
      EXPECT_EQ(generation_of(id), after ? 2 : 1) << id;
    }
    EXPECT_EQ(is_installed("calc@1.1.0"), after);
    EXPECT_EQ(std::filesystem::exists(home() + "/modules/calc@1.1.0"), after);
    for (const char* id : {"calc", "calc-math"}) {
      EXPECT_TRUE(eventually([&] { return state_of(id) == "running"; })) << id;
    }
    EXPECT_EQ(state_of("idle"), "stopped");
    EXPECT_EQ(cli({"call", "calc-math", "add(20, 22)"}).out, "42\n");
    if (after) break;
  }
}

TEST_F(Update, KilledInTheMiddleOfARollbackItIsBeforeOrAfter) {
  deploy_calc();
  ASSERT_EQ(cli({"update", "calc", package("calc", "calc", "1.1.0")}).status, 0);
  for (const char* step : {"action=\"stop calc-math", "action=\"load calc-math"}) {
    SCOPED_TRACE(step);
    const std::int64_t generation = generation_of("calc-math");
    const std::string component = component_of("calc-math");
    const std::size_t seen = daemon_log().size();
    AlmeConnection alme(socket());
    alme.send(R"({"jsonrpc":"2.0","id":1,"method":"rollback","params":["calc-math"]})");
    ASSERT_TRUE(eventually([&] { return daemon_log().find(step, seen) != std::string::npos; }));
    kill_daemon(SIGKILL);
    ASSERT_TRUE(start_daemon());
    const bool after = generation_of("calc-math") == generation + 1;
    EXPECT_EQ(component_of("calc-math") != component, after);
    EXPECT_EQ(component_of("calc"), "calc@1.1.0");
    EXPECT_TRUE(eventually([&] { return state_of("calc-math") == "running"; }));
    EXPECT_EQ(cli({"call", "calc-math", "add(20, 22)"}).out, "42\n");
  }
}

}  // namespace
}  // namespace arcella::integration
