// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The daemon under a service manager: what it says when, its watchdog, its end, and the unit file.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "support/daemon_fixture.h"

namespace arcella::integration {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr milliseconds kWatchdog{400};

// The service manager's end of sd_notify(3).
class NotifySocket {
 public:
  explicit NotifySocket(const std::string& path)
      : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
              0);
  }

  // The next message; empty when none comes in time.
  std::string next(milliseconds deadline = kDeadline) {
    pollfd entry{socket_.get(), POLLIN, 0};
    if (::poll(&entry, 1, static_cast<int>(deadline.count())) != 1) return {};
    std::array<char, 4096> buffer;
    const ssize_t count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    return {buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
  }
  // The next that begins with `what`; others are read over.
  std::string next_of(std::string_view what) {
    for (;;) {
      std::string message = next();
      if (message.empty() || message.starts_with(what)) return message;
    }
  }
  // No message for that long.
  bool silent_for(milliseconds time) { return next(time).empty(); }
  void drain() {
    while (!next(milliseconds(0)).empty()) {
    }
  }

 private:
  UniqueFd socket_;
};

class Service : public DaemonTest {
 protected:
  void SetUp() override {
    const std::string path = folder_.path() + "/notify";
    manager_ = std::make_unique<NotifySocket>(path);
    environment_ = {"NOTIFY_SOCKET=" + path};
  }

  std::unique_ptr<NotifySocket> manager_;
};

TEST_F(Service, SaysWhenItIsReadyAndWhenItStops) {
  ASSERT_TRUE(start_daemon());
  EXPECT_THAT(manager_->next(), StartsWith("READY=1\nSTATUS=0 of 0 deployments run"));
  kill_daemon(SIGTERM);
  EXPECT_THAT(manager_->next(), StartsWith("STOPPING=1\nSTATUS="));
  EXPECT_TRUE(manager_->silent_for(milliseconds(0)));
}

TEST_F(Service, HangupReadsTheConfigurationAgainAndTellsTheManager) {
  ASSERT_TRUE(start_daemon());
  manager_->next_of("READY=1");
  std::ofstream(home() + "/cfg/arcella.toml") << "[limits]\nreplicas_max = 7\n";
  daemon_->kill(SIGHUP);
  EXPECT_THAT(manager_->next(), StartsWith("RELOADING=1\nMONOTONIC_USEC="));
  EXPECT_THAT(manager_->next(), StartsWith("READY=1"));
  EXPECT_THAT(cli({"config"}).out, HasSubstr("cfg/arcella.toml:2"));

  std::ofstream(home() + "/cfg/arcella.toml") << "[limits]\nreplicas_max = -7\n";
  daemon_->kill(SIGHUP);
  EXPECT_THAT(manager_->next(), StartsWith("RELOADING=1\n"));
  EXPECT_THAT(manager_->next(), StartsWith("READY=1")) << "it is not left in between";
  EXPECT_TRUE(eventually([this] {
    return daemon_log().find("the configuration stays as it was") != std::string::npos;
  }));
  EXPECT_THAT(daemon_log(), HasSubstr("-7 is not in 0..10000"));
  EXPECT_EQ(cli({"ping"}).status, 0);
}

TEST_F(Service, ReloadByCommandTellsTheManagerToo) {
  ASSERT_TRUE(start_daemon());
  manager_->next_of("READY=1");
  EXPECT_EQ(cli({"reload"}).status, 0);
  EXPECT_THAT(manager_->next(), StartsWith("RELOADING=1\n"));
  EXPECT_THAT(manager_->next(), StartsWith("READY=1"));
}

TEST_F(Service, BeatsOnlyWhileItsLoopIsAlive) {
  environment_.push_back("WATCHDOG_USEC=" +
                         std::to_string(std::chrono::microseconds(kWatchdog).count()));
  // Its log goes into a pipe, which the test fills: the next line that it logs blocks the loop.
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  const UniqueFd read_end(pipe[0]);
  UniqueFd write_end(pipe[1]);
  ProcessOptions options;
  options.stderr_fd = write_end.get();
  ASSERT_TRUE(start_daemon(options));
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(manager_->next_of("WATCHDOG=1"), HasSubstr("STATUS=0 of 0 deployments"));
  }

  // An opening of its own: the daemon's may not become non-blocking.
  const std::string again = "/proc/self/fd/" + std::to_string(write_end.get());
  const UniqueFd filler(::open(again.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
  const std::string page(4096, '\n');
  while (::write(filler.get(), page.data(), page.size()) > 0) {
  }
  while (::write(filler.get(), "\n", 1) > 0) {
  }
  daemon_->kill(SIGHUP);
  manager_->next_of("RELOADING=1");
  // It may have beaten until it had read the files.
  while (!manager_->silent_for(2 * kWatchdog)) {
  }
  EXPECT_TRUE(manager_->silent_for(2 * kWatchdog)) << "nobody beats for a loop that is stuck";

  ::fcntl(read_end.get(), F_SETFL, O_NONBLOCK);
  std::array<char, 1U << 16> buffer;
  while (::read(read_end.get(), buffer.data(), buffer.size()) > 0) {
  }
  EXPECT_THAT(manager_->next_of("READY=1"), StartsWith("READY=1"));
  EXPECT_THAT(manager_->next_of("WATCHDOG=1"), StartsWith("WATCHDOG=1"));
}

TEST_F(Service, WithoutAWatchdogItKeepsQuiet) {
  ASSERT_TRUE(start_daemon());
  manager_->next_of("READY=1");
  EXPECT_TRUE(manager_->silent_for(kWatchdog));
}

TEST_F(Service, StopsTheLastStartedFirst) {
  ASSERT_TRUE(start_daemon());
  install("calc");
  for (const char* name : {"a", "b", "c"}) {
    deploy(folder_.write(std::string(name) + ".deployment.toml",
                         "[deployment]\nmodule_id = \"calc@1.0.0\"\ngroup = \"g\"\n"));
  }
  for (const char* name : {"b", "c", "a"}) start(name);
  kill_daemon(SIGTERM);
  const std::string log = daemon_log();
  const std::size_t a = log.find("stopped deployment=a");
  const std::size_t c = log.find("stopped deployment=c");
  const std::size_t b = log.find("stopped deployment=b");
  ASSERT_NE(b, std::string::npos) << log;
  EXPECT_LT(a, c);
  EXPECT_LT(c, b);
}

TEST_F(Service, EndsInTimeWhateverItsWorkersDo) {
  flags_ = {"--set", "limits.shutdown_timeout_seconds=1"};
  ASSERT_TRUE(start_daemon());
  install("calc");
  for (const char* name : {"a", "b"}) {
    deploy(folder_.write(
        std::string(name) + ".deployment.toml",
        "[deployment]\nmodule_id = \"calc@1.0.0\"\ngroup = \"" + std::string(name) + "\"\n"));
    start(name);
    const auto worker = static_cast<pid_t>(instances_of(name).at(0).at("pid").as_int64());
    ASSERT_EQ(::kill(worker, SIGSTOP), 0) << "it hears nothing any more";
  }
  const auto before = std::chrono::steady_clock::now();
  kill_daemon(SIGTERM);
  const auto took = std::chrono::steady_clock::now() - before;
  EXPECT_GE(took, std::chrono::seconds(1)) << "they were given their time";
  EXPECT_LT(took, std::chrono::seconds(8)) << "and no more";
  EXPECT_THAT(daemon_log(), HasSubstr("guests are slow to stop"));
}

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
    text.replace(at, from.size(), to);
    at += to.size();
  }
}

std::string value_in_unit(const std::string& unit, const std::string& key) {
  const std::size_t at = unit.find("\n" + key + "=");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + key.size() + 2;
  return unit.substr(begin, unit.find('\n', begin) - begin);
}

TEST(ServiceUnit, StartsAndReloadsWithWordsThatTheProgramsKnow) {
  const std::string unit = content_of(source_path("packaging/arcella.service"));
  EXPECT_EQ(value_in_unit(unit, "ExecStart"), "/usr/local/bin/arcella --home /var/lib/arcella");
  EXPECT_EQ(value_in_unit(unit, "ExecReload"),
            "/usr/local/bin/arcella-cli --home /var/lib/arcella reload");
  EXPECT_THAT(run_to_end({program_path("arcella"), "--help"}).out, HasSubstr("--home DIR"));
  EXPECT_EQ(run_to_end({program_path("arcella-cli"), "help", "reload"}).status, 0);
  // The daemon gives up on its guests before the manager gives up on the daemon.
  EXPECT_GT(std::stoi(value_in_unit(unit, "TimeoutStopSec")), 30);
  EXPECT_EQ(value_in_unit(unit, "MemoryDenyWriteExecute"), "") << "guests could not be mapped";
}

TEST(ServiceUnit, IsWhatSystemdTakes) {
  const std::string analyze = "/usr/bin/systemd-analyze";
  if (!std::filesystem::exists(analyze)) GTEST_SKIP() << "there is no systemd-analyze here";
  std::string unit = content_of(source_path("packaging/arcella.service"));
  replace_all(unit, "/usr/local/bin/arcella-cli", program_path("arcella-cli"));
  replace_all(unit, "/usr/local/bin/arcella ", program_path("arcella") + " ");
  const TemporaryFolder folder;
  const std::string path = folder.write("arcella.service", unit);
  const ProgramResult verified = run_to_end({analyze, "--man=no", "verify", path});
  EXPECT_EQ(verified.status, 0);
  EXPECT_EQ(verified.err, "");
}

}  // namespace
}  // namespace arcella::integration
