// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cli/testing/fake_daemon.h"

namespace arcella::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

struct Outcome {
  int status = -1;
  std::string out;
  std::string err;
  std::vector<std::string> heard;
};

// What a command prints when the daemon gives this result (or this whole answer, if it starts with
// `"error"`).
Outcome run_command(std::vector<std::string> words, const std::string& member) {
  testing::FakeDaemon daemon({R"({"jsonrpc":"2.0","id":1,)" + member + "}\n"});
  words.insert(words.begin(), {"--home", daemon.home()});
  std::ostringstream out;
  std::ostringstream err;
  Surroundings surroundings{out, err, "/here", Colour::Off, false};
  Outcome outcome;
  outcome.status = run_program(words, {"", "/home/user", "/here"}, surroundings);
  daemon.join();
  outcome.out = out.str();
  outcome.err = err.str();
  outcome.heard = daemon.heard();
  return outcome;
}

constexpr const char* kCalc =
    R"({"id":"calc","module_id":"calc@1.0.0","state":"running","kind":"service","replicas":1,)"
    R"("ready":1,"isolation":"main","group":null,"listen":null,"restarts":0,"reason":null})";

std::string result(const std::string& value) {
  return R"("result":)" + value;
}

TEST(Commands, InstallSendsAnAbsolutePath) {
  const Outcome outcome = run_command({"install", "./x/../calc.wasm"},
                                      result(R"({"id":"calc@1.0.0","kind":"service"})"));
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.out, "installed calc@1.0.0 (service)\n");
  EXPECT_THAT(outcome.heard, ElementsAre(HasSubstr(R"("params":{"path":"/here/calc.wasm"})")));
}

TEST(Commands, ConfigIsATableOfKeysValuesAndSources) {
  const Outcome outcome = run_command(
      {"config"},
      result(R"({"values":[{"key":"log.level","value":"warn","source":"/h/cfg/arcella.toml:2",)"
             R"("needs_restart":false},{"key":"log.file","value":"","source":"default",)"
             R"("needs_restart":false},{"key":"log.files_kept","value":5,"source":"\u001b[2J",)"
             R"("needs_restart":false}]})"));
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.out,
            "KEY             VALUE  SOURCE\n"
            "log.level       warn   /h/cfg/arcella.toml:2\n"
            "log.file        -      default\n"
            "log.files_kept  5      \\x1b[2J\n");
}

TEST(Commands, ReloadSaysWhatChangedAndWhatWaits) {
  EXPECT_EQ(
      run_command({"reload"}, result(R"({"applied":["log.level"],"needs_restart":["engine.x"]})"))
          .out,
      "log.level: changed\n"
      "engine.x: differs, and takes effect when the daemon is started again\n");
  EXPECT_EQ(run_command({"reload"}, result(R"({"applied":[],"needs_restart":[]})")).out,
            "nothing has changed\n");
}

TEST(Commands, LogsSinceIsSentAsAMoment) {
  const Outcome outcome = run_command({"logs", "calc", "--since", "2026-01-01T00:00:00Z"},
                                      result(R"({"lines":[],"dropped":0})"));
  EXPECT_EQ(outcome.status, 0);
  EXPECT_THAT(outcome.heard, ElementsAre(HasSubstr(R"("since_ms":1767225600000)")));
}

TEST(Commands, JsonPrintsTheResultAsItCame) {
  const Outcome outcome =
      run_command({"install", "calc.wasm", "--json"}, result(R"({"id":"calc@1.0.0","new":1})"));
  EXPECT_EQ(outcome.out, "{\"id\":\"calc@1.0.0\",\"new\":1}\n");
}

TEST(Commands, CallSendsFunctionAndArguments) {
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"call", "calc", "add(20, 22)"}, {"call", "calc", "add", "20", "22"}}) {
    const Outcome outcome = run_command(words, result(R"({"result":"42"})"));
    EXPECT_EQ(outcome.out, "42\n");
    EXPECT_THAT(outcome.heard,
                ElementsAre(HasSubstr(
                    R"("params":{"deployment":"calc","function":"add","args":"20, 22"})")));
  }
}

TEST(Commands, StartShowsTheDeployment) {
  const Outcome outcome = run_command({"start", "calc"}, result(kCalc));
  EXPECT_EQ(outcome.out, "calc: running, 1/1 ready in main\n");
  EXPECT_THAT(outcome.heard, ElementsAre(HasSubstr(R"("params":{"deployment":"calc"})")));
}

TEST(Commands, StartOfAGroupShowsEachDeployment) {
  const Outcome outcome = run_command({"start", "--group", "math"},
                                      result(R"({"deployments":[)" + std::string(kCalc) + "]}"));
  EXPECT_EQ(outcome.out, "calc: running, 1/1 ready in main\n");
  EXPECT_THAT(outcome.heard, ElementsAre(HasSubstr(R"("params":{"group":"math"})")));
}

TEST(Commands, UndeploySaysWhatIsGone) {
  const Outcome outcome = run_command({"undeploy", "--force", "calc"}, result(R"({"id":"calc"})"));
  EXPECT_EQ(outcome.out, "undeployed calc\n");
  EXPECT_THAT(outcome.heard,
              ElementsAre(HasSubstr(R"("params":{"deployment":"calc","force":true})")));
}

TEST(Commands, DryRunShowsThePlan) {
  const Outcome outcome =
      run_command({"deploy", "a.deployment.toml", "--dry-run"},
                  result(R"({"plan":[{"deployment":"a","change":"replace","actions":["stop a/0",)"
                         R"("start a/0"]},{"deployment":"b","change":"create","actions":[]},)"
                         R"({"deployment":"c","change":"scale","actions":["start c/1"],)"
                         R"("replicas":{"from":1,"to":2}}]})"));
  EXPECT_EQ(outcome.out,
            "a: replace\n  stop a/0\n  start a/0\nb: create\nc: scale 1 -> 2\n  start c/1\n");
  EXPECT_THAT(outcome.heard, ElementsAre(HasSubstr(R"("dry_run":true)")));
}

TEST(Commands, UpdateShowsWhatMoved) {
  const Outcome outcome = run_command(
      {"update", "calc", "./next"},
      result(R"({"component":"calc@1.1.0","deployments":[)" + std::string(kCalc) + "]}"));
  EXPECT_EQ(outcome.out, "updated to calc@1.1.0: calc: running, 1/1 ready in main\n");
  EXPECT_THAT(outcome.heard,
              ElementsAre(HasSubstr(R"("params":{"target":"calc","path":"/here/next"})")));
  EXPECT_EQ(run_command({"update", "x", "--to", "calc@1.1.0"},
                        result(R"({"component":"calc@1.1.0","deployments":[]})"))
                .out,
            "calc@1.1.0 is installed; no deployment uses x\n");
}

TEST(Commands, RollbackSaysWhereTo) {
  EXPECT_EQ(run_command({"rollback", "calc"}, result(kCalc)).out,
            "rolled back to calc@1.0.0: calc: running, 1/1 ready in main\n");
  EXPECT_EQ(run_command({"rollback", "calc", "--json"}, result(kCalc)).out,
            std::string(kCalc) + "\n");
}

TEST(Commands, RemoveSaysWhatCannotGoBackAnyMore) {
  const Outcome outcome =
      run_command({"remove", "calc@1.0.0"},
                  result(R"({"id":"calc@1.0.0","dropped_generations_of":["a","b"]})"));
  EXPECT_EQ(outcome.out, "removed calc@1.0.0; no longer to be rolled back: a, b\n");
}

TEST(Commands, DeployShowsEachDeployment) {
  const Outcome outcome = run_command({"deploy", "a.deployment.toml", "/b.deployment.toml"},
                                      result(R"({"deployments":[)" + std::string(kCalc) + "]}"));
  EXPECT_EQ(outcome.out, "deployed calc (calc@1.0.0): running\n");
  EXPECT_THAT(
      outcome.heard,
      ElementsAre(HasSubstr(R"("paths":["/here/a.deployment.toml","/b.deployment.toml"])")));
}

TEST(Commands, ListAsksForTheSections) {
  const Outcome outcome = run_command({"list", "workers"}, result(R"({"workers":[]})"));
  EXPECT_EQ(outcome.out, "no workers\n");
  EXPECT_THAT(outcome.heard, ElementsAre(HasSubstr(R"({"what":["workers"]})")));
}

TEST(Commands, RunGivesTheGuestsExitStatus) {
  const Outcome outcome =
      run_command({"run", "hello", "--mount", "data:/d:rw", "--env", "A=b=c", "--", "-x"},
                  result(R"({"exit_status":3,"failure":null})"));
  EXPECT_EQ(outcome.status, 3);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(
      outcome.heard,
      ElementsAre(HasSubstr(
          R"("params":{"target":"hello","args":["-x"],"env":{"A":"b=c"},)"
          R"("mounts":[{"host":"/here/data","guest":"/d","access":"read-write"}],"stdio":true})")));
}

TEST(Commands, RunThatTrapsIsAnErrorWithItsBacktrace) {
  const Outcome outcome = run_command(
      {"run", "hello"}, result(R"({"exit_status":1,"failure":"unreachable","backtrace":"0: f"})"));
  EXPECT_EQ(outcome.status, 8);
  EXPECT_EQ(outcome.err, "arcella-cli: unreachable\n  0: f\n");
}

TEST(Commands, ErrorIsOneLineWithItsExitStatus) {
  const Outcome outcome = run_command(
      {"start", "x"},
      R"("error":{"code":-32003,"message":"no deployment 'x'","data":{"code":"not-found"}})");
  EXPECT_EQ(outcome.status, 4);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "arcella-cli: no deployment 'x'\n");
}

TEST(Commands, AnswerOfAnotherShapeIsAnErrorNotACrash) {
  for (const char* value : {"7", "[]", "{}", "null", R"({"deployments":7})"}) {
    EXPECT_NE(run_command({"install", "x"}, result(value)).status, 0) << value;
    EXPECT_NE(run_command({"start", "x"}, result(value)).status, 0) << value;
    EXPECT_NE(run_command({"run", "x"}, result(value)).status, 0) << value;
  }
}

TEST(Commands, WithoutADaemonOneLineAndThree) {
  std::ostringstream out;
  std::ostringstream err;
  Surroundings surroundings{out, err, "/here", Colour::Off, false};
  const std::vector<std::string> words{"ping", "--home", "/nonexistent"};
  EXPECT_EQ(run_program(words, {"", "", "/here"}, surroundings), 3);
  EXPECT_EQ(err.str(),
            "arcella-cli: no daemon answers at /nonexistent/alme; start one with `arcella --home "
            "/nonexistent`\n");
}

TEST(Commands, ShutdownWaitsForTheConnectionToClose) {
  const Outcome outcome = run_command({"shutdown"}, result("{}"));
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.out, "the daemon has shut down\n");
}

TEST(ParseMount, TakesHostGuestAndAccess) {
  auto read = parse_mount("data:/d", "/here");
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(*read, (model::Mount{"/here/data", "/d", false}));
  auto write = parse_mount("/a:b:/d:rw", "/here");
  ASSERT_TRUE(write.has_value());
  EXPECT_EQ(*write, (model::Mount{"/a:b", "/d", true}));
  for (const char* text : {"", ":", "a", "a:", ":b", ":rw", "a:rw:"}) {
    EXPECT_FALSE(parse_mount(text, "/here").has_value()) << text;
  }
}

}  // namespace
}  // namespace arcella::cli
