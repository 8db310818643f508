// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What a crash of the daemon or of a worker costs: nothing that was acknowledged, and not for long.
#include <gmock/gmock.h>

#include <csignal>

#include "support/daemon_fixture.h"

namespace arcella::integration {
namespace {

using ::testing::HasSubstr;

std::string example(std::string_view path) {
  return source_path("examples/" + std::string(path));
}

class Restart : public DaemonTest {
 protected:
  bool comes_to(const std::string& id, std::string_view wanted) {
    return eventually([&] { return deployment(id).at("state").as_string() == wanted; });
  }
};

TEST_F(Restart, KilledDaemonBringsBackWhatWasRunning) {
  install("calc");
  deploy(example("calc/calc.deployment.toml"));
  deploy(example("calc/calc-math.deployment.toml"));
  const std::string idle = folder_.write(
      "idle.deployment.toml", "[deployment]\nmodule_id = \"calc@1.0.0\"\ngroup = \"math\"\n");
  deploy(idle);
  start("calc");
  start("calc-math");
  const std::string before = state();
  kill_daemon(SIGKILL);
  EXPECT_EQ(cli({"ping"}).status, 3);

  ASSERT_TRUE(start_daemon());
  EXPECT_TRUE(comes_to("calc", "running"));
  EXPECT_TRUE(comes_to("calc-math", "running"));
  EXPECT_EQ(deployment("idle").at("state").as_string(), "stopped");
  EXPECT_EQ(state(), before);
  EXPECT_EQ(cli({"call", "calc", "add(20, 22)"}).out, "42\n");
  EXPECT_EQ(cli({"call", "calc-math", "add(20, 22)"}).out, "42\n");
}

TEST_F(Restart, StoppedAndCompletedStayAsTheyAre) {
  install("calc");
  install("hello-core");
  deploy(example("calc/calc.deployment.toml"));
  deploy(example("hello-core/hello-core.deployment.toml"));
  start("calc");
  EXPECT_EQ(cli({"stop", "calc"}).status, 0);
  start("hello-core");
  EXPECT_TRUE(comes_to("hello-core", "completed"));
  kill_daemon(SIGKILL);
  ASSERT_TRUE(start_daemon());
  EXPECT_EQ(deployment("calc").at("state").as_string(), "stopped");
  EXPECT_EQ(deployment("hello-core").at("state").as_string(), "completed");
}

TEST_F(Restart, KilledDaemonsSocketAndLockAreTakenOver) {
  kill_daemon(SIGKILL);
  ASSERT_TRUE(start_daemon());
  EXPECT_EQ(cli({"ping"}).status, 0);
}

TEST_F(Restart, KilledWorkerIsReplaced) {
  install("calc");
  deploy(example("calc/calc-math.deployment.toml"));
  start("calc-math");
  const std::int64_t old = pid_of("calc-math");
  ASSERT_GT(old, 0);
  ASSERT_TRUE(signal("calc-math", SIGKILL));
  EXPECT_TRUE(eventually([&] { return pid_of("calc-math") != old && pid_of("calc-math") != 0; }));
  EXPECT_TRUE(comes_to("calc-math", "running"));
  EXPECT_EQ(cli({"call", "calc-math", "add(20, 22)"}).out, "42\n");
  EXPECT_GE(cli_json({"list", "workers"}).at("workers").at(0).at("restarts").as_int64(), 1);
}

TEST_F(Restart, KilledHttpWorkerServesAgain) {
  install("greeter");
  const int port = free_port();
  deploy(
      folder_.write("web.deployment.toml",
                    "[deployment]\nmodule_id = \"greeter@1.0.0\"\ngroup = \"web\"\nreplicas = 2\n"
                    "[deployment.http]\nlisten = \"127.0.0.1:" +
                        std::to_string(port) + "\"\n"));
  start("web");
  ASSERT_THAT(http_get(port, "/"), HasSubstr("Hello"));
  const std::int64_t old = pid_of("web");
  ASSERT_TRUE(signal("web", SIGKILL));
  // The daemon holds the listening socket: this connection waits in its backlog instead of being
  // refused.
  EXPECT_TRUE(eventually([&] { return http_get(port, "/").find("Hello") != std::string::npos; }));
  EXPECT_TRUE(eventually([&] { return pid_of("web") != old && pid_of("web") != 0; }));
}

TEST_F(Restart, GracefulEndLeavesNoWorker) {
  install("calc");
  deploy(example("calc/calc-math.deployment.toml"));
  start("calc-math");
  const auto worker = static_cast<pid_t>(pid_of("calc-math"));
  ASSERT_GT(worker, 0);
  kill_daemon(SIGTERM);
  EXPECT_TRUE(eventually([&] { return ::kill(worker, 0) != 0; }));
}

}  // namespace
}  // namespace arcella::integration
