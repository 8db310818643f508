// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Fused mode: a deployment whose component and those of others are one, in one store.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>

#include "support/daemon_fixture.h"
#include "support/small_component.h"

namespace arcella::integration {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kOps = "demo:calc/ops@1.0.0";

// `web` passes on what it imports; `calc` answers.
class Fusion : public DaemonTest {
 protected:
  ProgramResult add(const std::string& id, const std::vector<std::string>& imports,
                    const std::vector<std::string>& exports, const SmallBody& body = {}) {
    const std::string path = folder_.write(id + ".wasm", small_component(imports, exports, body));
    return cli({"install", path, "--id", id});
  }
  void add_calc(const std::string& version, const SmallBody& body) {
    const ProgramResult installed = add("calc@" + version, {}, {std::string(kOps)}, body);
    ASSERT_EQ(installed.status, 0) << installed.err;
  }
  void add_web() {
    const ProgramResult installed =
        add("web@1.0.0", {std::string(kOps)}, {"demo:web/web@1.0.0"}, {.forwards = true});
    ASSERT_EQ(installed.status, 0) << installed.err;
  }
  // Both deployed in one group; calc does not run.
  void deploy_pair(const SmallBody& body = {}, std::string_view more = "group = \"math\"\n") {
    add_calc("1.0.0", body);
    add_web();
    put("calc", "calc", more);
    put("web", "web", "fuse_with = [\"calc\"]\n" + std::string(more));
  }
  // Another file for `calc`, which lies in a folder of its own.
  std::string calc_file(const std::string& version, const std::string& group) {
    std::filesystem::create_directories(folder_.path() + "/next");
    return folder_.write(
        "next/calc.deployment.toml",
        "[deployment]\nmodule_id = \"calc@" + version + "\"\ngroup = \"" + group + "\"\n");
  }
  std::string call(const std::string& deployment) {
    const ProgramResult called = cli({"call", deployment, "go()"});
    return called.out + called.err;
  }
  wire::Json import_of_web() { return cli_json({"diag", "web"}).at("imports").at(0); }
  void expect_refused(const std::vector<std::string>& words, const std::string& why) {
    const std::string before = state();
    const ProgramResult refused = cli(words);
    EXPECT_NE(refused.status, 0) << words[0];
    EXPECT_THAT(refused.err, HasSubstr(why));
    EXPECT_EQ(state(), before) << words[0] << " changed something";
  }
};

TEST_F(Fusion, CallsAreServedInAWorkerWithoutTheProviderRunning) {
  deploy_pair();
  start("web");
  EXPECT_EQ(call("web"), "7\n");
  EXPECT_EQ(deployment("calc").at("state").as_string(), "stopped");
  const wire::Json import = import_of_web();
  EXPECT_EQ(import.at("import").as_string(), kOps);
  EXPECT_EQ(import.at("state").as_string(), "fused");
  EXPECT_EQ(import.at("provider").as_string(), "calc");
  EXPECT_EQ(import.at("why").as_string(), "composed with calc@1.0.0 into one store");
  const wire::Json binding = cli_json({"list", "bindings"}).at("bindings").at(0);
  EXPECT_EQ(binding.at("consumer").as_string(), "web");
  EXPECT_EQ(binding.at("state").as_string(), "fused");
  EXPECT_THAT(cli({"graph"}).out, HasSubstr("fused with calc"));
  EXPECT_THAT(cli({"graph", "--dot"}).out, HasSubstr("penwidth=3"));
}

TEST_F(Fusion, TheExamplesAreServedInMainAndInAWorker) {
  install("calc");
  install("relay");
  for (const std::string& where :
       {std::string(kInMain),
        std::string("group = \"math\"\n[deployment.overrides]\nasync = true\n")}) {
    put("calc", "calc", where);
    put("relay", "relay", "fuse_with = [\"calc\"]\n" + where);
    start("relay");
    EXPECT_EQ(cli({"call", "relay", "add(20, 22)"}).out, "42\n");
    EXPECT_EQ(cli({"call", "relay", "add-often(1000)"}).out, "1000\n");
    EXPECT_EQ(cli({"call", "relay", R"(reverse(["a", "b"]))"}).out, "[\"b\", \"a\"]\n");
    EXPECT_EQ(cli({"call", "relay", "divide(1, 0)"}).out, "err(division-by-zero)\n");
    EXPECT_EQ(cli({"call", "relay", "divide-with-remainder(7, 0)"}).out,
              "err(\"7 cannot be divided by 0\")\n");
    ASSERT_EQ(cli({"undeploy", "relay"}).status, 0);
    ASSERT_EQ(cli({"undeploy", "calc"}).status, 0);
  }
}

TEST_F(Fusion, ATrapInOneEndsTheReplicaOfBothAndItStartsAgain) {
  deploy_pair({.traps = true});
  start("calc");
  start("web");
  EXPECT_THAT(call("web"), HasSubstr("unreachable"));
  EXPECT_TRUE(eventually([this] {
    const wire::Json web = deployment("web");
    return web.at("restarts").as_int64() == 1 && web.at("ready").as_int64() == 1;
  }));
  EXPECT_EQ(deployment("calc").at("restarts").as_int64(), 0) << "a store of its own";
}

TEST_F(Fusion, AnUpdateOrRollbackOfTheOtherComposesAnew) {
  deploy_pair();
  add_calc("1.1.0", {.answer = 8});
  start("web");
  ASSERT_EQ(cli({"update", "calc", "--to", "calc@1.1.0"}).status, 0);
  EXPECT_EQ(call("web"), "8\n");
  EXPECT_EQ(import_of_web().at("why").as_string(), "composed with calc@1.1.0 into one store");
  EXPECT_EQ(deployment("web").at("generation").as_int64(), 1) << "its own file is the same";
  ASSERT_EQ(cli({"rollback", "calc"}).status, 0);
  EXPECT_EQ(call("web"), "7\n");
  // Also of one that is stopped.
  ASSERT_EQ(cli({"stop", "web"}).status, 0);
  ASSERT_EQ(cli({"update", "calc", "--to", "calc@1.1.0"}).status, 0);
  start("web");
  EXPECT_EQ(call("web"), "8\n");
}

TEST_F(Fusion, UnderLoadEachCallIsAnsweredByTheOldOrTheNewOne) {
  deploy_pair();
  add_calc("1.1.0", {.answer = 8});
  start("web");
  std::atomic<bool> stop = false;
  std::atomic<int> answered = 0;
  std::string odd;
  std::thread caller([&] {
    AlmeConnection connection(socket());
    while (!stop && odd.empty()) {
      const auto reply = connection.try_ask(
          "call", wire::JsonObject{{"deployment", "web"}, {"function", "go"}, {"args", ""}});
      const std::string text = reply ? wire::to_text(*reply) : "no answer";
      const bool served = text.find("\"result\":\"7\"") != std::string::npos ||
                          text.find("\"result\":\"8\"") != std::string::npos;
      // As at every update: while it is replaced there is nobody to ask.
      const bool between = text.find("\"code\":\"unavailable\"") != std::string::npos;
      if (!served && !between) odd = text;
      if (served) ++answered;
    }
  });
  for (const std::string to : {"calc@1.1.0", "calc@1.0.0", "calc@1.1.0"}) {
    EXPECT_EQ(cli({"update", "calc", "--to", to}).status, 0);
    const int before = answered;
    EXPECT_TRUE(eventually([&] { return answered > before + 10 || !odd.empty(); }));
  }
  stop = true;
  caller.join();
  EXPECT_EQ(odd, "");
  EXPECT_EQ(call("web"), "8\n");
}

TEST_F(Fusion, AnUpdateToWhatDoesNotFitIsRefusedByName) {
  deploy_pair();
  add_calc("2.0.0", {.is_signed = true});
  start("web");
  expect_refused(
      {"update", "calc", "--to", "calc@2.0.0", "--force"},
      "deployment 'web' cannot be composed: deployment.fuse_with[0]: 'calc' cannot serve "
      "demo:calc/ops@1.0.0 of web: it does not fit: ");
  EXPECT_THAT(cli({"update", "calc", "--to", "calc@2.0.0", "--force"}).err, HasSubstr("'go'"));
  EXPECT_EQ(call("web"), "7\n");
}

TEST_F(Fusion, AChangeThatPartsTheTwoIsRefused) {
  deploy_pair();
  start("web");
  expect_refused({"deploy", calc_file("1.0.0", "other")},
                 "runs in group 'other', and this runs in group 'math'");
}

TEST_F(Fusion, WhatCannotBeComposedIsNotDeployed) {
  add_calc("1.0.0", {});
  add_web();
  const std::string file = folder_.write(
      "web.deployment.toml",
      "[deployment]\nmodule_id = \"web@1.0.0\"\ngroup = \"math\"\nfuse_with = [\"calc\"]\n");
  expect_refused({"deploy", file},
                 "web.deployment.toml:4:14: deployment.fuse_with: 'calc' is not "
                 "deployed");
  // Together, in either order, it is known.
  EXPECT_EQ(cli({"deploy", file, calc_file("1.0.0", "math")}).status, 0);
}

TEST_F(Fusion, WhatIsFusedIsNotTakenAway) {
  deploy_pair();
  expect_refused({"undeploy", "calc"}, "deployment 'calc' serves web");
  start("web");
  expect_refused({"undeploy", "calc"}, "deployment 'calc' serves web");
  ASSERT_EQ(cli({"undeploy", "calc", "--force"}).status, 0);
  EXPECT_EQ(call("web"), "7\n") << "what runs is whole";
  expect_refused({"remove", "calc@1.0.0"}, "is used by web");
  ASSERT_EQ(cli({"stop", "web"}).status, 0);
  kill_daemon(SIGKILL);
  ASSERT_TRUE(start_daemon());
  expect_refused({"start", "web"}, "not all that it fuses with is deployed: look for 'calc'");
  put("calc", "calc", "group = \"math\"\n");
  start("web");
  EXPECT_EQ(call("web"), "7\n");
}

TEST_F(Fusion, ComesBackAfterTheDaemonWasKilledAndWithoutItsCode) {
  deploy_pair();
  start("web");
  kill_daemon(SIGKILL);
  ASSERT_TRUE(start_daemon());
  EXPECT_TRUE(eventually([this] { return call("web") == "7\n"; }));
  kill_daemon(SIGKILL);
  for (const auto& entry : std::filesystem::directory_iterator(home() + "/cache"))
    std::filesystem::remove_all(entry.path());
  ASSERT_TRUE(start_daemon());
  EXPECT_TRUE(eventually([this] { return call("web") == "7\n"; }));
  EXPECT_EQ(import_of_web().at("state").as_string(), "fused");
}

TEST_F(Fusion, ADryRunNamesWhatIsComposedAnew) {
  deploy_pair();
  add_calc("1.1.0", {.answer = 8});
  start("web");
  const std::string file = calc_file("1.1.0", "math");
  const std::string before = state();
  EXPECT_THAT(cli({"deploy", "--dry-run", file}).out, HasSubstr("web"));
  EXPECT_EQ(state(), before);
  ASSERT_EQ(cli({"deploy", file}).status, 0);
  EXPECT_EQ(call("web"), "8\n");
}

}  // namespace
}  // namespace arcella::integration
