// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// A platform that may be killed: one home, a daemon that runs on it or not, and what a test asks
// after a crash: is it whole, is anything left over, what is its state. For tests that need many
// homes and many lives of a daemon; DaemonTest is for those that need one.
//
// The test process makes itself the reaper of its descendants, so what a killed daemon leaves
// behind becomes its child: an orphan is seen, whatever it calls itself, and no other process is.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/process.h"
#include "wire/json.h"

namespace arcella::integration {

// Thread: one at a time; cli() from any, as long as the platform stands still.
class Platform {
 public:
  // `home` need not exist; its parent must. The daemon's log is `<home>.log`.
  explicit Platform(std::string home);
  ~Platform();
  Platform(const Platform&) = delete;
  Platform& operator=(const Platform&) = delete;

  // Starts a daemon with these variables ("NAME=value") and waits until it is ready. False when it
  // ended instead.
  bool start(const std::vector<std::string>& environment = {});
  [[nodiscard]] bool has_daemon() const noexcept { return daemon_ != nullptr; }
  [[nodiscard]] const Process& daemon() const noexcept { return *daemon_; }
  // True when the daemon has ended within this time, by itself.
  bool ends_within(std::chrono::milliseconds time);
  // kill -9, unless it has ended; then waits until what it had started is gone too. False when
  // something stays.
  bool kill();
  // SIGTERM, and its exit status.
  int end();

  [[nodiscard]] ProgramResult cli(const std::vector<std::string>& words) const;
  // A method through the command line with --json; null when it fails.
  [[nodiscard]] wire::Json ask(std::vector<std::string> words) const;

  // Waits until nothing starts or stops any more. False after the deadline.
  [[nodiscard]] bool settle() const;
  // Everything that has to survive, one fact a line: what `list` shows, the rows of the state
  // database, the files of the home; without what differs from one run to the next (pids, times).
  [[nodiscard]] std::string snapshot() const;
  // "deployment: what is wrong", for deployments of calc that run and do not add.
  [[nodiscard]] std::string unanswered() const;

  [[nodiscard]] const std::string& home() const noexcept { return home_; }
  [[nodiscard]] std::string socket() const { return home_ + "/alme"; }
  [[nodiscard]] std::string log() const;
  [[nodiscard]] std::string last_line() const;  // of the log

 private:
  const std::string home_;
  std::unique_ptr<Process> daemon_;
};

// A snapshot without the files: what must be right at once. A file too many may stay until the next
// start.
[[nodiscard]] std::string records_of(const std::string& snapshot);

// A copy of a home whose daemon is gone. Sockets stay behind.
void copy_home(const std::string& from, const std::string& to);

// Children of this process that are daemons or workers: what a daemon has left. Those that have
// ended are reaped and not counted. Only while no daemon of this process runs.
[[nodiscard]] std::vector<pid_t> orphans();

// kill -9 of a worker or helper of this daemon, the `choice`-th modulo how many there are. False
// when there is none.
bool kill_a_worker(pid_t daemon, std::size_t choice);

}  // namespace arcella::integration
