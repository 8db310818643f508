// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Guests that misbehave, each by name, and what their neighbours notice: nothing.
#include <gmock/gmock.h>

#include <chrono>
#include <csignal>
#include <fstream>

#include "support/daemon_fixture.h"

namespace arcella::integration {
namespace {

using ::testing::HasSubstr;

std::string example(std::string_view path) {
  return source_path("examples/" + std::string(path));
}

class Guests : public DaemonTest {
 protected:
  void SetUp() override {
    DaemonTest::SetUp();
    if (HasFatalFailure()) return;
    for (const char* name : {"calc", "spinner", "glutton", "crasher"}) install(name);
    // The neighbour lives in the same process as the three.
    deploy(folder_.write("neighbour.deployment.toml",
                         "[deployment]\nmodule_id = \"calc@1.0.0\"\ngroup = \"faults\"\n"));
    deploy(example("spinner/spinner.deployment.toml"));
    deploy(example("glutton/glutton.deployment.toml"));
    deploy(example("crasher/crasher.deployment.toml"));
    for (const char* name : {"neighbour", "spinner", "glutton", "crasher"}) start(name);
    worker_ = pid_of("neighbour");
  }
  void expect_neighbour_serves() {
    EXPECT_EQ(cli({"call", "neighbour", "add(20, 22)"}).out, "42\n");
    EXPECT_EQ(pid_of("neighbour"), worker_) << "the worker was not replaced";
    EXPECT_EQ(cli({"ping"}).status, 0);
  }
  std::int64_t worker_ = 0;
};

TEST_F(Guests, SpinnerIsStoppedAtItsDeadline) {
  const auto before = std::chrono::steady_clock::now();
  const ProgramResult result = cli({"call", "spinner", "spin()"});
  const auto took = std::chrono::steady_clock::now() - before;
  EXPECT_EQ(result.status, 8) << result.err;
  EXPECT_TRUE(is_one_line(result));
  EXPECT_GE(took, std::chrono::milliseconds(500));
  EXPECT_LT(took, std::chrono::seconds(10));
  expect_neighbour_serves();
}

TEST_F(Guests, SpinnerDoesNotHoldUpItsNeighbour) {
  AlmeConnection spinning(socket());
  spinning.send(R"-({"jsonrpc":"2.0","id":1,"method":"call","params":["spinner","spin()"]})-");
  expect_neighbour_serves();
  const auto answer = spinning.read();
  ASSERT_TRUE(answer.has_value());
  EXPECT_THAT(*answer, HasSubstr(R"("code":"deadline-exceeded")"));
}

TEST_F(Guests, GluttonIsStoppedAtItsLimit) {
  EXPECT_EQ(cli({"call", "glutton", "eat(1)"}).status, 0);
  const ProgramResult result = cli({"call", "glutton", "eat(100)"});
  EXPECT_EQ(result.status, 8) << result.out << result.err;
  expect_neighbour_serves();
}

TEST_F(Guests, CrasherIsBroughtBackAndItsNeighbourDoesNotNotice) {
  const ProgramResult result = cli({"call", "crasher", "crash()"});
  EXPECT_EQ(result.status, 8) << result.err;
  EXPECT_TRUE(is_one_line(result));
  expect_neighbour_serves();
  EXPECT_TRUE(eventually([this] {
    const wire::Json entry = deployment("crasher");
    return entry.at("state").as_string() == "running" && entry.at("restarts").as_int64() > 0;
  }));
  EXPECT_EQ(cli({"call", "crasher", "overflow-stack()"}).status, 8);
  expect_neighbour_serves();
}

// A command that never ends: (module (func (export "_start") (loop (br 0))))
const std::string kLooper{'\0', 'a', 's', 'm', 1, 0,  0, 0, 1,    4,    1,   0x60, 0,   0,
                          3,    2,   1,   0,   7, 10, 1, 6, '_',  's',  't', 'a',  'r', 't',
                          0,    0,   10,  9,   1, 7,  0, 3, 0x40, 0x0c, 0,   0x0b, 0x0b};

class Runs : public DaemonTest {
 protected:
  void SetUp() override {
    DaemonTest::SetUp();
    if (HasFatalFailure()) return;
    folder_.write("component.toml", "[component]\nname = \"looper\"\nversion = \"1.0.0\"\n");
    const std::string path = folder_.write("looper.wasm", kLooper);
    const ProgramResult installed = cli({"install", path});
    ASSERT_EQ(installed.status, 0) << installed.err;
  }
  // Whether the daemon has child processes.
  bool has_children() const {
    const std::string pid = std::to_string(daemon_->pid());
    std::ifstream file("/proc/" + pid + "/task/" + pid + "/children");
    std::string child;
    return static_cast<bool>(file >> child);
  }
};

TEST_F(Runs, EndlessCommandIsStoppedAtItsTimeout) {
  const ProgramResult result = cli({"run", "looper", "--timeout-ms", "300"});
  EXPECT_EQ(result.status, 8) << result.err;
  EXPECT_TRUE(is_one_line(result));
}

TEST_F(Runs, InterruptEndsTheGuest) {
  Process run({program_path("arcella-cli"), "--home", home(), "run", "looper"}, {});
  ASSERT_TRUE(eventually([this] { return has_children(); }));
  run.kill(SIGINT);
  EXPECT_EQ(run.wait(), 130);
  EXPECT_TRUE(eventually([this] { return !has_children(); }));
}

TEST_F(Runs, ClientThatIsKilledTakesItsGuestWithIt) {
  Process run({program_path("arcella-cli"), "--home", home(), "run", "looper"}, {});
  ASSERT_TRUE(eventually([this] { return has_children(); }));
  run.kill(SIGKILL);
  EXPECT_NE(run.wait(), -1);
  EXPECT_TRUE(eventually([this] { return !has_children(); }));
  EXPECT_EQ(cli({"ping"}).status, 0);
}

}  // namespace
}  // namespace arcella::integration
