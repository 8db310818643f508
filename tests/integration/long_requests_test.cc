// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Requests that take long: what they tell while they go on, and what becomes of them when they are
// taken back or their client goes away.
#include <dirent.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/file.h"
#include "support/big_module.h"
#include "support/daemon_fixture.h"

namespace arcella::integration {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Compiles for seconds, on any machine for long enough to be taken back.
constexpr std::size_t kBigFunctions = 12'000;
// The same, where the test waits for it to its end.
constexpr std::size_t kMiddlingFunctions = 2'000;

std::string example(std::string_view path) {
  return source_path("examples/" + std::string(path));
}

class LongRequests : public DaemonTest {
 protected:
  static std::string wasm_of(const std::string& name) {
    constexpr std::size_t kBytesMax = 16U << 20;
    return read_file(example(name + "/" + name + ".wasm"), kBytesMax).value_or("");
  }
  std::string big_component() { return package("big", "1.0.0", big_module(kBigFunctions)); }
  // A folder that `install` takes.
  std::string package(const std::string& name, const std::string& version,
                      const std::string& wasm) {
    const std::string folder = name + "-" + version;
    std::filesystem::create_directory(folder_.path() + "/" + folder);
    folder_.write(folder + "/component.toml",
                  "[component]\nname = \"" + name + "\"\nversion = \"" + version + "\"\n");
    folder_.write(folder + "/" + name + ".wasm", wasm);
    return folder_.path() + "/" + folder;
  }
  // A request with `"progress": true` under `id`.
  static std::string request(int id, std::string_view method, wire::JsonObject params) {
    params["progress"] = true;
    return wire::to_text(wire::JsonObject{
        {"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", std::move(params)}});
  }
  static std::string cancel(int id, int request) {
    return R"({"jsonrpc":"2.0","id":)" + std::to_string(id) +
           R"(,"method":"cancel","params":{"request":)" + std::to_string(request) + "}}";
  }
  // The stages that are told, until the answer comes, which goes into `answer`.
  static std::vector<std::string> stages(AlmeConnection& alme, wire::Json& answer) {
    std::vector<std::string> told;
    while (auto line = alme.read()) {
      auto parsed = wire::parse_json(*line);
      if (!parsed.has_value()) break;
      answer = *parsed;
      const auto* method = parsed->as_object().if_contains("method");
      if (method == nullptr) break;
      EXPECT_EQ(method->as_string(), "progress");
      told.emplace_back(parsed->at("params").at("stage").as_string());
    }
    return told;
  }
  static bool read_until(AlmeConnection& alme, std::string_view text) {
    while (auto line = alme.read()) {
      if (line->find(text) != std::string::npos) return true;
    }
    return false;
  }
  // Each stage once, in order, of a request that succeeds.
  static std::vector<std::string> different_stages(AlmeConnection& alme) {
    wire::Json answer;
    std::vector<std::string> told = stages(alme, answer);
    EXPECT_TRUE(answer.as_object().contains("result")) << wire::to_text(answer);
    told.erase(std::unique(told.begin(), told.end()), told.end());
    return told;
  }
  // Takes request 1 back, which must have changed nothing.
  void expect_taken_back(AlmeConnection& alme, int processes) {
    alme.send(cancel(2, 1));
    std::string answers;
    for (int answer = 0; answer < 2;) {
      const std::string line = alme.read().value_or("");
      ASSERT_NE(line, "");
      if (line.find(R"("method":"progress")") != std::string::npos) continue;
      answers += line;
      ++answer;
    }
    EXPECT_THAT(answers, HasSubstr(R"("id":2,"result":{"cancelled":true})"));
    EXPECT_THAT(answers, HasSubstr(R"("code":"cancelled")"));
    EXPECT_EQ(children(), processes) << "the answer comes when the compiler is gone";
  }
  // Processes that the daemon has started and not waited for.
  [[nodiscard]] int children() const {
    int found = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      std::ifstream stat(entry.path() / "stat");
      std::string text;
      if (!std::getline(stat, text)) continue;
      const std::size_t end = text.rfind(')');  // of the program's name
      if (end == std::string::npos || text.size() < end + 4) continue;
      if (std::atoi(text.c_str() + end + 4) == daemon_->pid()) ++found;
    }
    return found;
  }
  [[nodiscard]] std::set<std::string> files() const {
    std::set<std::string> names;
    for (const char* folder : {"modules", "cache", "run"}) {
      const std::string path = home() + "/" + folder;
      for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
        names.insert(entry.path().string());
      }
    }
    return names;
  }
};

TEST_F(LongRequests, InstallTellsItsStages) {
  AlmeConnection alme(socket());
  alme.send(request(1, "install", {{"path", example("calc/calc.wasm")}}));
  wire::Json answer;
  EXPECT_THAT(stages(alme, answer), ElementsAre("reading", "checking", "compiling", "storing"));
  EXPECT_EQ(answer.at("result").at("id").as_string(), "calc@1.0.0");
  // Nobody who did not ask is told.
  alme.send(R"({"jsonrpc":"2.0","id":2,"method":"remove","params":["calc@1.0.0"]})");
  EXPECT_TRUE(stages(alme, answer).empty());
}

TEST_F(LongRequests, StartAndScaleCountTheReplicas) {
  install("calc");
  deploy(example("calc/calc-math.deployment.toml"));
  AlmeConnection alme(socket());
  for (const auto& [method, total] : {std::pair("start", 2), std::pair("scale", 300)}) {
    wire::JsonObject params{{"deployment", "calc-math"}};
    if (total > 2) params["replicas"] = total;
    alme.send(request(total, method, params));
    std::string last;
    int notes = 0;
    while (auto line = alme.read()) {
      if (line->find(R"("method":"progress")") == std::string::npos) break;
      last = *line;
      ++notes;
    }
    const std::string number = std::to_string(total);
    EXPECT_EQ(last, R"({"jsonrpc":"2.0","method":"progress","params":{"stage":"starting","done":)" +
                        number + R"(,"total":)" + number + R"(,"request":)" + number + "}}");
    EXPECT_GE(notes, 2);
    EXPECT_LT(notes, 200);  // not one for each
  }
}

TEST_F(LongRequests, CancelledInstallKillsTheCompilerAndChangesNothing) {
  const std::string before = state();
  const std::set<std::string> files_before = files();
  AlmeConnection alme(socket());
  for (const char* stage : {"checking", "compiling"}) {
    alme.send(request(1, "install", {{"path", big_component()}}));
    ASSERT_TRUE(read_until(alme, stage));
    EXPECT_TRUE(eventually([this] { return children() == 1; }));
    expect_taken_back(alme, 0);
    EXPECT_EQ(state(), before);
    EXPECT_EQ(files(), files_before);
  }
  alme.send(cancel(3, 1));
  EXPECT_THAT(alme.read().value_or(""), HasSubstr(R"("id":3,"result":{"cancelled":false})"));
  // It leaves nothing behind that the next would stumble over.
  EXPECT_EQ(cli({"install", example("calc/calc.wasm")}).status, 0);
}

TEST_F(LongRequests, UpdateAndRollbackTellTheirStages) {
  install("calc");
  deploy(example("calc/calc-math.deployment.toml"));
  deploy(folder_.write("many.deployment.toml",
                       "[deployment]\nmodule_id = \"calc@1.0.0\"\ngroup = \"math\"\n"
                       "replicas = 100\n"));
  deploy(folder_.write("idle.deployment.toml",
                       "[deployment]\nmodule_id = \"calc@1.0.0\"\ngroup = \"math\"\n"));
  start("calc-math");
  start("many");
  const std::string next = package("calc", "1.1.0", wasm_of("calc"));
  AlmeConnection alme(socket());
  alme.send(request(1, "update", {{"target", "calc"}, {"path", next}}));
  // All that runs is counted together; `idle` does not run.
  std::vector<std::string> told;
  std::string last;
  while (auto line = alme.read()) {
    if (line->find(R"("method":"progress")") == std::string::npos) break;
    last = *line;
    const wire::Json note = *wire::parse_json(*line);
    const std::string stage(note.at("params").at("stage").as_string());
    if (told.empty() || told.back() != stage) told.push_back(stage);
  }
  EXPECT_THAT(told, ElementsAre("reading", "checking", "compiling", "storing", "starting"));
  EXPECT_THAT(last, HasSubstr(R"("stage":"starting","done":102,"total":102)"));
  EXPECT_EQ(deployment("idle").at("module_id").as_string(), "calc@1.1.0");
  // What is installed is compiled already.
  alme.send(request(2, "rollback", {{"deployment", "many"}}));
  EXPECT_THAT(different_stages(alme), ElementsAre("starting"));
  alme.send(request(3, "update", {{"target", "many"}, {"to", "calc@1.1.0"}}));
  EXPECT_THAT(different_stages(alme), ElementsAre("starting"));
  // Nothing runs: there is nothing to wait for.
  alme.send(request(4, "rollback", {{"deployment", "idle"}}));
  EXPECT_THAT(different_stages(alme), ElementsAre());
}

TEST_F(LongRequests, UpdateTellsThatItReverts) {
  install("crasher");
  deploy(example("crasher/crasher.deployment.toml"));
  start("crasher");
  const std::string next = package("crasher", "1.1.0", wasm_of("crasher"));
  folder_.write("crasher-1.1.0/deployment-template.toml",
                "[deployment]\nisolation = \"worker\"\n[startup]\nentrypoint = \"crash\"\n");
  AlmeConnection alme(socket());
  alme.send(request(1, "update", {{"target", "crasher"}, {"path", next}}));
  wire::Json answer;
  const std::vector<std::string> told = stages(alme, answer);
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.back(), "reverting");
  EXPECT_THAT(wire::to_text(answer), HasSubstr("reverted to what ran before"));
}

// Of a package, and to an installed component whose code the cache has lost.
TEST_F(LongRequests, CancelledUpdateKillsTheCompilerAndChangesNothing) {
  ASSERT_EQ(cli({"install", package("big", "0.9.0", big_module(1, "idle"))}).status, 0);
  deploy(folder_.write("big.deployment.toml",
                       "[deployment]\nmodule_id = \"big@0.9.0\"\ngroup = \"big\"\n"));
  start("big");
  const std::string big = package("big", "1.0.0", big_module(kBigFunctions, "idle"));
  std::string before = state();
  const std::set<std::string> files_before = files();
  AlmeConnection alme(socket());
  for (const char* stage : {"checking", "compiling"}) {
    alme.send(request(1, "update", {{"target", "big"}, {"path", big}}));
    ASSERT_TRUE(read_until(alme, stage));
    EXPECT_TRUE(eventually([this] { return children() == 2; })) << "the worker and the compiler";
    expect_taken_back(alme, 1);
    EXPECT_EQ(state(), before);
    EXPECT_EQ(files(), files_before);
  }
  const std::string middling = big_module(kMiddlingFunctions, "idle");
  ASSERT_EQ(cli({"install", package("big", "1.1.0", middling)}).status, 0);
  before = state();
  for (const auto& entry : std::filesystem::directory_iterator(home() + "/cache")) {
    std::filesystem::remove(entry.path());
  }
  alme.send(request(1, "update", {{"target", "big"}, {"to", "big@1.1.0"}}));
  ASSERT_TRUE(read_until(alme, "compiling"));
  expect_taken_back(alme, 1);
  EXPECT_EQ(state(), before);
  // Nothing is left behind that the next would stumble over.
  EXPECT_EQ(cli({"update", "big", "--to", "big@1.1.0"}).status, 0);
}

TEST_F(LongRequests, UpdateThatHasBegunIsNotTakenBack) {
  install("calc");
  deploy(example("calc/calc-math.deployment.toml"));
  start("calc-math");
  const std::string next = package("calc", "1.1.0", wasm_of("calc"));
  AlmeConnection alme(socket());
  alme.send(request(1, "update", {{"target", "calc"}, {"path", next}}));
  ASSERT_TRUE(read_until(alme, "starting"));
  alme.send(cancel(2, 1));
  ASSERT_TRUE(read_until(alme, R"("id":1,"result":{)"));
  EXPECT_EQ(deployment("calc-math").at("module_id").as_string(), "calc@1.1.0");
  EXPECT_EQ(deployment("calc-math").at("ready").as_int64(), 2);
}

TEST_F(LongRequests, InstallOfAClientThatGoesAwayIsFinished) {
  {
    AlmeConnection alme(socket());
    alme.send(request(1, "install", {{"path", example("calc/calc.wasm")}}));
    ASSERT_TRUE(read_until(alme, "checking"));
  }
  EXPECT_TRUE(eventually([this] { return cli({"describe", "calc@1.0.0"}).status == 0; }));
}

TEST_F(LongRequests, CallOfAClientThatGoesAwayIsEnded) {
  install("spinner");
  deploy(folder_.write("spinner.deployment.toml",
                       "[deployment]\nmodule_id = \"spinner@1.0.0\"\ngroup = \"faults\"\n"
                       "[deployment.overrides.resources]\ncall_timeout_ms = 3600000\n"));
  start("spinner");
  {
    AlmeConnection alme(socket());
    alme.send(R"-({"jsonrpc":"2.0","id":1,"method":"call","params":["spinner","spin()"]})-");
    EXPECT_EQ(cli({"ping"}).status, 0);
  }
  // Otherwise the only replica would be busy for an hour.
  EXPECT_EQ(cli({"stop", "spinner"}).status, 0);
}

TEST_F(LongRequests, WhatChangesTheStateIsNotTakenBackHalfWay) {
  install("calc");
  deploy(example("calc/calc-math.deployment.toml"));
  AlmeConnection alme(socket());
  alme.send(request(1, "start", {{"deployment", "calc-math"}}));
  ASSERT_TRUE(read_until(alme, "starting"));
  alme.send(cancel(2, 1));
  bool refused = false;
  bool started = false;
  while (auto line = alme.read()) {
    refused = refused || line->find("'start' cannot be taken back") != std::string::npos;
    started = started || line->find(R"("id":1,"result":{"id":"calc-math")") != std::string::npos;
    if (refused && started) break;
  }
  EXPECT_TRUE(refused && started);
  EXPECT_EQ(deployment("calc-math").at("state").as_string(), "running");
}

TEST_F(LongRequests, ShutdownDoesNotWaitForACompiler) {
  AlmeConnection alme(socket());
  alme.send(request(1, "install", {{"path", big_component()}}));
  ASSERT_TRUE(read_until(alme, "compiling"));
  EXPECT_EQ(cli({"shutdown"}).status, 0);
  ASSERT_TRUE(start_daemon());
  EXPECT_THAT(state(), HasSubstr(R"("components":[])"));
}

}  // namespace
}  // namespace arcella::integration
