// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// A child process: started with exactly the descriptors, environment and limits that its spec
// names, watched through a pidfd (no SIGCHLD handler, no pid that could have been reused), reaped
// once. clone(CLONE_VM | CLONE_VFORK) is used rather than fork: the daemon may have reserved
// terabytes for guests, whose page tables fork would walk.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "aio/task.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace arcella::aio {

struct ExitStatus {
  enum class How { Exited, Signalled };
  How how = How::Exited;
  int number = 0;  // the exit status, or the signal

  [[nodiscard]] bool success() const noexcept { return how == How::Exited && number == 0; }
  // "exited with status 1", "killed by signal 9 (SIGKILL)"
  [[nodiscard]] std::string to_string() const;
  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};

struct ChildFd {
  int target;  // its number in the child
  int source;  // here; stays ours
};
struct ChildLimit {
  int resource;        // RLIMIT_*
  std::uint64_t soft;  // both are lowered to the hard limit that there is
  std::uint64_t hard;
};

struct ChildSpec {
  std::string program;                   // a path; PATH is not searched
  std::vector<std::string> args;         // argv[1]...
  std::vector<std::string> environment;  // the whole of it, "NAME=value"
  std::string working_folder;            // empty: ours
  std::vector<ChildFd> fds;  // all that the child gets; 0, 1 and 2 are /dev/null unless named
  std::vector<ChildLimit> limits;
  bool die_with_parent = true;  // SIGKILL when the thread that spawned it ends
  bool new_session = true;      // the terminal's ^C is not for it
};

// Owner: whoever started it.  Thread: the executor's.
// Stop: co_await wait(); the destructor kills and reaps a process that is still there.
class ChildProcess {
 public:
  // Blocks until the program runs (about 1 ms) or could not be started: NotFound, PermissionDenied,
  // Io; the message names the program. no_new_privs is always set.
  static Result<std::unique_ptr<ChildProcess>> spawn(const boost::asio::any_io_executor& executor,
                                                     const ChildSpec& spec);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  // Nothing happens once it has ended.
  void kill(int signal) noexcept;
  // Until it has ended, also when the caller is cancelled (kill it, then wait); any number of
  // times, one at a time.
  Task<ExitStatus> wait();
  // The same, but Cancelled leaves the process running.
  Task<Result<ExitStatus>> wait_or_cancel();
  // SIGTERM, and SIGKILL when it is still there after `grace`.
  Task<ExitStatus> terminate(std::chrono::milliseconds grace);

 private:
  ChildProcess(const boost::asio::any_io_executor& executor, pid_t pid, UniqueFd pidfd);
  bool try_reap();

  pid_t pid_;
  boost::asio::posix::stream_descriptor pidfd_;
  std::optional<ExitStatus> status_;
};

}  // namespace arcella::aio
