// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// A real daemon in a fresh home, the real command line, and raw ALME, for tests of the whole
// platform.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/process.h"
#include "wire/frame_codec.h"
#include "wire/json.h"

namespace arcella::integration {

// One connection that speaks lines. Blocking, under kDeadline.
class AlmeConnection {
 public:
  explicit AlmeConnection(const std::string& socket);
  [[nodiscard]] bool connected() const noexcept { return socket_.valid(); }
  void send(std::string_view line);
  // The next line; nullopt at the end or after the deadline.
  std::optional<std::string> read();
  // Sends a request and gives the whole answer; nullopt when there is none, as of a daemon that was
  // killed.
  std::optional<wire::Json> try_ask(std::string_view method, const wire::Json& params);
  // Sends a request and gives its answer, result or error.
  wire::Json ask(std::string_view method, const wire::Json& params);
  void close() { socket_.reset(); }

 private:
  UniqueFd socket_;
  wire::LineCodec codec_{64U << 20};
  std::int64_t last_id_ = 0;
};

// In a deployment's file: it runs in the daemon itself.
inline constexpr std::string_view kInMain =
    "[deployment.overrides]\nisolation = \"main\"\ntrusted = true\nasync = true\n";

class DaemonTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(start_daemon()); }
  void TearDown() override;

  // Waits for the readiness descriptor: no polling, no sleep.
  bool start_daemon(const ProcessOptions& how = {});
  // What start_daemon() runs, without the readiness descriptor.
  [[nodiscard]] std::vector<std::string> daemon_words() const;
  // A second daemon on the same home, to its end.
  ProgramResult start_second_daemon();
  void kill_daemon(int signal);

  // arcella-cli with --home of this test.
  [[nodiscard]] ProgramResult cli(const std::vector<std::string>& words,
                                  std::string_view input = {});
  // The same with --json: its parsed output. Fails the test if the status is not 0.
  wire::Json cli_json(std::vector<std::string> words);
  // Installs and deploys an example, which is named by its folder; the deployment's file is one of
  // the example's own.
  void install(std::string_view example);
  void deploy(const std::string& file);
  // Deploys an example with a file of the test's own: what follows its module_id.
  void put(const std::string& name, const std::string& example, std::string_view rest);
  void start(const std::string& deployment);

  // Everything that `list` shows, without what changes by itself (pids, memory).
  std::string state();
  // A deployment's or instance's entry of `list`.
  wire::Json deployment(std::string_view id);
  std::vector<wire::Json> instances_of(std::string_view deployment);
  // Of the process that its first replica is in; 0 when there is none.
  std::int64_t pid_of(std::string_view deployment);
  // Sends the signal to that process; false when there is none.
  bool signal(std::string_view deployment, int number);

  [[nodiscard]] std::string home() const { return folder_.path() + "/home"; }
  [[nodiscard]] std::string socket() const { return home() + "/alme"; }
  // What the daemon and its workers wrote to standard error.
  std::string daemon_log() const;

  TemporaryFolder folder_;
  std::unique_ptr<Process> daemon_;
  // Of the next daemon: flags besides --home and --ready-fd, and variables, each NAME=VALUE.
  std::vector<std::string> flags_{"--log-level", "debug"};
  std::vector<std::string> environment_;
};

// "one line that says what, where and how to mend it": exactly one that is not indented, which
// begins with the name.
[[nodiscard]] ::testing::AssertionResult is_one_line(const ProgramResult& result);

}  // namespace arcella::integration
