// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What the host offers besides WASI 0.2 (docs/host-interfaces.md): the examples notes, a service,
// and visits, a command, in workers, in main and by `run`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>

#include "support/daemon_fixture.h"

namespace arcella::integration {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class HostInterfaces : public DaemonTest {
 protected:
  void SetUp() override {
    DaemonTest::SetUp();
    if (HasFatalFailure()) return;
    install("notes");
    install("visits");
  }
  void put_notes(const std::string& name, std::string_view rest = "group = \"notes\"\n") {
    put(name, "notes", rest);
    start(name);
  }
  std::string call(const std::string& deployment, const std::string& text) {
    const ProgramResult called = cli({"call", deployment, text});
    return called.out + called.err;
  }
  // As `call`, when the deployment is back.
  bool comes_to_answer(const std::string& deployment, const std::string& text,
                       const std::string& expected) {
    return eventually([&] { return call(deployment, text) == expected; });
  }
  [[nodiscard]] std::string keys_of(const std::string& deployment) const {
    return home() + "/state/keys/" + deployment;
  }
};

TEST_F(HostInterfaces, AreTheHostsForWhoAsksWhoServesAnImport) {
  put("notes", "notes", "group = \"notes\"\n");
  const wire::Json diag = cli_json({"diag", "notes"});
  for (const wire::Json& import : diag.at("imports").as_array()) {
    EXPECT_EQ(import.at("state").as_string(), "host") << wire::to_text(import);
  }
  EXPECT_THAT(cli({"diag", "notes"}).out,
              AllOf(HasSubstr("wasi:keyvalue/store@0.2.0-draft"),
                    HasSubstr("wasi:config/store@0.2.0-rc.1"), HasSubstr("wasi:logging/logging")));
}

TEST_F(HostInterfaces, ConfigurationIsThatOfTheDeployment) {
  const ProgramResult deployed =
      cli({"deploy", folder_.write("notes.deployment.toml",
                                   "[deployment]\nmodule_id = \"notes@1.0.0\"\ngroup = \"notes\"\n"
                                   "[deployment.config]\nb = \"2\"\na = \"1\"\n")});
  EXPECT_EQ(deployed.status, 0);
  EXPECT_EQ(deployed.err, "");  // no note that it has no effect
  start("notes");
  put_notes("others", "group = \"notes\"\n[deployment.config]\na = \"other\"\n");
  put_notes("in-main", std::string(kInMain) + "[deployment.config]\na = \"main\"\n");
  EXPECT_EQ(call("notes", "settings()"), "[(\"a\", \"1\"), (\"b\", \"2\")]\n");
  EXPECT_EQ(call("notes", "setting(\"c\")"), "none\n");
  EXPECT_EQ(call("others", "settings()"), "[(\"a\", \"other\")]\n");
  EXPECT_EQ(call("in-main", "setting(\"a\")"), "some(\"main\")\n");
  // Deployed again with another value.
  put("others", "notes", "group = \"notes\"\n[deployment.config]\na = \"changed\"\n");
  EXPECT_TRUE(comes_to_answer("others", "setting(\"a\")", "some(\"changed\")\n"));
}

TEST_F(HostInterfaces, WhatIsLoggedIsALineOfTheLogs) {
  put_notes("notes");
  put_notes("in-main", kInMain);
  for (const char* id : {"notes", "in-main"}) {
    call(id, R"(say("warn", "disk", "nearly full\n[error] forged"))");
    EXPECT_TRUE(eventually([&] {
      return cli({"logs", id}).out.find("[warn] disk: nearly full\\n[error] forged\n") !=
             std::string::npos;
    })) << cli({"logs", id}).out;
  }
}

TEST_F(HostInterfaces, EveryFunctionOfKeysAndValuesWorks) {
  put_notes("notes");
  put_notes("in-main", kInMain);
  for (const char* id : {"notes", "in-main"}) {
    EXPECT_EQ(call(id, "open(\"\")"), "ok\n");
    EXPECT_EQ(call(id, "open(\"other\")"), "err(\"no such store\")\n");
    EXPECT_EQ(call(id, "get(\"a\")"), "ok(none)\n");
    EXPECT_EQ(call(id, "put(\"a\", \"1\")"), "ok\n");
    EXPECT_EQ(call(id, "get(\"a\")"), "ok(some(\"1\"))\n");
    EXPECT_EQ(call(id, "has(\"a\")"), "ok(true)\n");
    EXPECT_EQ(call(id, "count(\"a\", 41)"), "ok(42)\n");
    EXPECT_EQ(call(id, R"(put-many([("b", "2"), ("c", "3")]))"), "ok\n");
    EXPECT_EQ(call(id, R"(get-many(["c", "x", "b"]))"),
              "ok([some((\"c\", \"3\")), none, some((\"b\", \"2\"))])\n");
    EXPECT_EQ(call(id, R"(remove-many(["b", "x"]))"), "ok\n");
    EXPECT_EQ(call(id, "remove(\"c\")"), "ok\n");
    EXPECT_EQ(call(id, "keys()"), "ok([\"a\"])\n");
  }
}

TEST_F(HostInterfaces, KeysAreBoundedAndGivenInPages) {
  put_notes("notes");
  EXPECT_EQ(call("notes", "fill(\"k\", 1000, 10)"), "ok\n");
  EXPECT_EQ(call("notes", "fill(\"more\", 500, 0)"), "ok\n");
  EXPECT_EQ(call("notes", "pages()"), "ok([1000, 500])\n");
  EXPECT_THAT(call("notes", "fill(\"x\", 1001, 0)"), StartsWith("err(\"1001 keys at once"));
  EXPECT_THAT(call("notes", "fill(\"x\", 1, 1048577)"), StartsWith("err(\"a value of 1048577"));
  EXPECT_THAT(call("notes", "put(\"" + std::string(1025, 'k') + "\", \"\")"),
              StartsWith("err(\"a key of 1025 bytes"));
  EXPECT_EQ(call("notes", "pages()"), "ok([1000, 500])\n");
}

TEST_F(HostInterfaces, ReplicasShareKeysAndDeploymentsDoNot) {
  put_notes("notes", "group = \"notes\"\nreplicas = 3\n");
  put_notes("others");
  put_notes("in-main", kInMain);
  for (int i = 0; i < 3; ++i) {
    const std::string replica = std::to_string(i);
    const ProgramResult called = cli({"call", "notes", "count(\"n\", 1)", "--instance", replica});
    EXPECT_EQ(called.out, "ok(" + std::to_string(i + 1) + ")\n") << called.err;
  }
  EXPECT_EQ(call("others", "keys()"), "ok([])\n");
  EXPECT_EQ(call("in-main", "keys()"), "ok([])\n");
  EXPECT_EQ(call("others", "count(\"n\", 1)"), "ok(1)\n");
}

TEST_F(HostInterfaces, KeysOutliveReplicaWorkerAndDaemon) {
  put_notes("notes");
  EXPECT_EQ(call("notes", "put(\"kept\", \"yes\")"), "ok\n");
  const std::string get = "get(\"kept\")";
  const std::string kept = "ok(some(\"yes\"))\n";
  ASSERT_EQ(cli({"stop", "notes"}).status, 0);
  start("notes");
  EXPECT_EQ(call("notes", get), kept);
  ASSERT_TRUE(signal("notes", SIGKILL));
  EXPECT_TRUE(comes_to_answer("notes", get, kept));
  kill_daemon(SIGKILL);
  ASSERT_TRUE(start_daemon());
  EXPECT_TRUE(comes_to_answer("notes", get, kept));
  // It moves to another process.
  put("notes", "notes", kInMain);
  EXPECT_TRUE(comes_to_answer("notes", get, kept));
}

// Increments until the worker is killed: what it was told is there, and nothing twice.
TEST_F(HostInterfaces, WhatAKilledWorkerHasAcknowledgedIsThere) {
  put_notes("notes");
  for (int round = 0; round < 3; ++round) {
    const std::string key = "\"n" + std::to_string(round) + "\"";
    std::uint64_t acknowledged = 0;
    std::uint64_t asked = 0;
    std::atomic<bool> killed = false;
    std::thread caller([&] {
      AlmeConnection client(socket());
      const wire::JsonObject count{{"deployment", "notes"}, {"function", "count(" + key + ", 1)"}};
      while (!killed) {
        ++asked;
        const auto answer = client.try_ask("call", count);
        if (answer && wire::to_text(*answer).find("ok(") != std::string::npos) ++acknowledged;
      }
    });
    EXPECT_TRUE(comes_to_answer("notes", "has(" + key + ")", "ok(true)\n"));
    EXPECT_TRUE(signal("notes", SIGKILL));
    killed = true;
    caller.join();
    std::uint64_t counted = 0;
    EXPECT_TRUE(eventually([&] {
      const std::string answer = call("notes", "count(" + key + ", 0)");
      return std::sscanf(answer.c_str(), "ok(%" SCNu64 ")", &counted) == 1;
    }));
    EXPECT_GT(acknowledged, 0U);
    EXPECT_GE(counted, acknowledged);
    EXPECT_LE(counted, asked);
  }
}

TEST_F(HostInterfaces, KeysGoWithTheirDeployment) {
  put_notes("notes");
  put_notes("others");
  call("notes", "put(\"a\", \"1\")");
  call("others", "put(\"a\", \"1\")");
  EXPECT_TRUE(std::filesystem::exists(keys_of("notes") + "/keys.db"));
  ASSERT_EQ(cli({"undeploy", "notes"}).status, 0);
  EXPECT_FALSE(std::filesystem::exists(keys_of("notes")));
  EXPECT_EQ(call("others", "get(\"a\")"), "ok(some(\"1\"))\n");
  put_notes("notes");
  EXPECT_EQ(call("notes", "keys()"), "ok([])\n");
}

TEST_F(HostInterfaces, ARunOfADeploymentHasWhatItHas) {
  put("mine", "visits", "group = \"jobs\"\n[deployment.config]\ngreeting = \"welcome\"\n");
  EXPECT_EQ(cli({"run", "mine"}).out, "welcome, visit 1\n");
  EXPECT_EQ(cli({"run", "mine"}).out, "welcome, visit 2\n");
  // Started, it is the same deployment in another process.
  start("mine");
  EXPECT_TRUE(eventually(
      [this] { return cli({"logs", "mine"}).out.find("welcome, visit 3") != std::string::npos; }));
  EXPECT_EQ(cli({"run", "mine"}).out, "welcome, visit 4\n");
}

TEST_F(HostInterfaces, ARunOfAComponentHasNoDeploymentsKeys) {
  // The name of the component.
  put("visits", "visits", "group = \"jobs\"\n");
  EXPECT_EQ(cli({"run", "visits@1.0.0"}).out, "hello, not counted\n");
  EXPECT_THAT(cli({"run", "visits@1.0.0"}).err, StartsWith("[warn] visits: "));
  EXPECT_FALSE(std::filesystem::exists(keys_of("visits")));
}

}  // namespace
}  // namespace arcella::integration
