// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What `events` tells, and that it still does after the daemon was killed.
#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "support/daemon_fixture.h"

namespace arcella::integration {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;

std::string example(std::string_view path) {
  return source_path("examples/" + std::string(path));
}

class Events : public DaemonTest {
 protected:
  // "kind subject" of each, oldest first.
  std::vector<std::string> events(std::vector<std::string> words = {}) {
    words.insert(words.begin(), "events");
    const wire::Json told = cli_json(std::move(words));
    std::vector<std::string> result;
    if (!told.is_array()) return result;
    for (const wire::Json& event : told.as_array()) {
      result.push_back(std::string(event.at("kind").as_string()) + " " +
                       std::string(event.at("subject").as_string()));
    }
    return result;
  }
  [[nodiscard]] std::size_t count(std::string_view event) {
    const auto all = events({"-n", "4096"});
    return static_cast<std::size_t>(std::count(all.begin(), all.end(), event));
  }
  [[nodiscard]] std::string file() const { return home() + "/logs/events.jsonl"; }
};

TEST_F(Events, TellTheLifeOfADeployment) {
  install("calc");
  deploy(example("calc/calc-math.deployment.toml"));
  start("calc-math");
  EXPECT_EQ(cli({"scale", "calc-math", "5"}).status, 0);
  EXPECT_EQ(cli({"stop", "calc-math"}).status, 0);
  EXPECT_EQ(cli({"undeploy", "calc-math"}).status, 0);
  EXPECT_EQ(cli({"remove", "calc@1.0.0"}).status, 0);
  EXPECT_TRUE(eventually([this] { return count("worker-down worker math") == 1; }));
  auto all = events();
  std::erase(all,
             "worker-down worker math");  // which ends when it has nothing to do, at its leisure
  EXPECT_THAT(all, ElementsAre("daemon-started daemon", "component-installed calc@1.0.0",
                               "deployment-deployed calc-math", "worker-up worker math",
                               "instance-ready calc-math/0..1", "deployment-started calc-math",
                               "instance-ready calc-math/2..4", "deployment-scaled calc-math",
                               "deployment-stopped calc-math", "deployment-undeployed calc-math",
                               "component-removed calc@1.0.0"));
  EXPECT_THAT(events({"calc-math", "-n", "2"}),
              ElementsAre("deployment-stopped calc-math", "deployment-undeployed calc-math"));
  EXPECT_EQ(events({"--since", "0s"}).size(), 0U);
  EXPECT_EQ(events({"--since", "1h"}).size(), 12U);
  const ProgramResult table = cli({"events"});
  EXPECT_THAT(table.out, HasSubstr("from 2 to 5 replicas\n"));
  const ProgramResult unknown = cli({"events", "calc-mth"});
  EXPECT_EQ(unknown.status, 4);
  EXPECT_TRUE(is_one_line(unknown));
}

TEST_F(Events, TellWhyAReplicaAndAWorkerDied) {
  install("crasher");
  install("calc");
  deploy(example("crasher/crasher.deployment.toml"));
  deploy(example("calc/calc-math.deployment.toml"));
  start("crasher");
  start("calc-math");
  EXPECT_EQ(cli({"call", "crasher", "crash()"}).status, 8);
  EXPECT_TRUE(eventually([this] { return count("instance-ready crasher/0") == 2; }));
  EXPECT_THAT(events({"crasher"}),
              ElementsAre("deployment-deployed crasher", "instance-ready crasher/0",
                          "deployment-started crasher", "instance-failed crasher/0",
                          "instance-restarted crasher/0", "instance-ready crasher/0"));
  EXPECT_THAT(cli({"events", "crasher"}).out, HasSubstr("unreachable"));

  const std::int64_t worker = instances_of("calc-math").at(0).at("pid").as_int64();
  ASSERT_EQ(::kill(static_cast<pid_t>(worker), SIGKILL), 0);
  EXPECT_TRUE(eventually([this] { return count("worker-up worker math") == 2; }));
  EXPECT_EQ(count("worker-backoff worker math"), 1U);
  EXPECT_THAT(cli({"events"}).out, HasSubstr("killed by signal 9 (SIGKILL)"));
}

TEST_F(Events, TellWhatWasAskedForInVain) {
  EXPECT_EQ(cli({"install", "nothing.wasm"}).status, 4);
  EXPECT_EQ(cli({"start", "nobody"}).status, 4);
  EXPECT_THAT(events(), ElementsAre("daemon-started daemon",
                                    "operation-failed " + folder_.path() + "/nothing.wasm",
                                    "operation-failed nobody"));
  EXPECT_THAT(cli({"events"}).out, HasSubstr("start: no deployment 'nobody'"));
}

TEST_F(Events, OutliveTheDaemonAndATornLine) {
  install("calc");
  EXPECT_TRUE(eventually([this] {
    std::ifstream in(file());
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    return text.find("component-installed") != std::string::npos && text.back() == '\n';
  }));
  kill_daemon(SIGKILL);
  std::ofstream(file(), std::ios::app) << R"({"time_ms":17,"kind":"wor)";
  ASSERT_TRUE(start_daemon());
  EXPECT_THAT(events(), ElementsAre("daemon-started daemon", "component-installed calc@1.0.0",
                                    "daemon-started daemon"));
  kill_daemon(SIGTERM);
  ASSERT_TRUE(start_daemon());
  EXPECT_THAT(events(), ElementsAre("daemon-started daemon", "component-installed calc@1.0.0",
                                    "daemon-started daemon", "daemon-stopping daemon",
                                    "daemon-started daemon"));
  EXPECT_EQ(std::filesystem::status(file()).permissions() & std::filesystem::perms::all,
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(Events, ADaemonWithoutAFileForThemKeepsThemInMemory) {
  kill_daemon(SIGTERM);
  std::filesystem::remove(file());
  std::filesystem::create_directory(file());
  ASSERT_TRUE(start_daemon());
  EXPECT_THAT(events(), ElementsAre("daemon-started daemon"));
  EXPECT_THAT(daemon_log(), HasSubstr("events are not kept on the disk"));
}

TEST_F(Events, FollowerHearsThemAsTheyHappen) {
  install("calc");
  AlmeConnection follower(socket());
  const wire::Json tail =
      follower.ask("events", wire::JsonObject{{"deployment", "calc"}, {"follow", true}});
  EXPECT_EQ(tail.at("code").as_int64(), -32003);  // nothing is known of it yet
  deploy(example("calc/calc.deployment.toml"));
  const wire::Json known =
      follower.ask("events", wire::JsonObject{{"deployment", "calc"}, {"follow", true}});
  EXPECT_EQ(known.at("events").as_array().size(), 1U);
  deploy(example("calc/calc-math.deployment.toml"));  // not of `calc`
  start("calc");
  for (const char* kind : {"instance-ready", "deployment-started"}) {
    const auto line = follower.read();
    ASSERT_TRUE(line.has_value());
    EXPECT_THAT(*line, HasSubstr(R"("method":"events.event")"));
    EXPECT_THAT(*line, HasSubstr(R"("kind":")" + std::string(kind)));
    EXPECT_THAT(*line, HasSubstr(R"("request":2)"));
  }
}

}  // namespace
}  // namespace arcella::integration
