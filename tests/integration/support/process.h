// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Real processes for the integration tests: started with known descriptors, waited for under a
// deadline, killed with the test if it dies.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"

namespace arcella::integration {

// Generous: a sanitized build on a busy machine compiles a component within it.
inline constexpr std::chrono::seconds kDeadline{60};

// A folder of its own below the system's temporary one, removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  // Writes `<folder>/<name>` and gives its path.
  std::string write(std::string_view name, std::string_view content) const;

 private:
  std::string path_;
};

// The path of a file of the source tree, of one of our programs.
[[nodiscard]] std::string source_path(std::string_view relative);
[[nodiscard]] std::string program_path(std::string_view name);

struct ProcessOptions {
  int stdin_fd = -1;  // -1: /dev/null
  int stdout_fd = -1;
  int stderr_fd = -1;
  int extra_fd = -1;   // becomes descriptor 3 of the child
  std::string folder;  // where it starts; empty: here
  // In the child, before exec; false ends it. Only async-signal-safe calls.
  std::function<bool()> prepare;
};

// One child process. Killed by the destructor if it still runs, and by the kernel if the test dies.
class Process {
 public:
  Process(const std::vector<std::string>& argv, const ProcessOptions& options);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  void kill(int signal) const;
  // The exit status, 128 + signal, or -1 when the deadline has passed.
  int wait(std::chrono::milliseconds deadline = kDeadline);

 private:
  pid_t pid_ = -1;
  UniqueFd pidfd_;
  int status_ = -1;
  bool waited_ = false;
};

struct ProgramResult {
  int status = -1;
  std::string out;
  std::string err;
};
// Runs to the end; what it writes is taken in whole.
[[nodiscard]] ProgramResult run_to_end(const std::vector<std::string>& argv,
                                       std::string_view input = {}, const std::string& folder = {});

// Asks again and again until `holds` or the deadline: for what the platform reports but does not
// announce.
[[nodiscard]] bool eventually(const std::function<bool()>& holds,
                              std::chrono::milliseconds deadline = kDeadline);

// A TCP port of 127.0.0.1 that was free just now.
[[nodiscard]] int free_port();
// A socket that listens on a port of its own, and the port.
[[nodiscard]] UniqueFd occupy_port(int& port);
// The body of GET http://127.0.0.1:port/path; empty when nobody answers with 200.
[[nodiscard]] std::string http_get(int port, std::string_view path);
// The same of a POST without a body.
[[nodiscard]] std::string http_post(int port, std::string_view path);

}  // namespace arcella::integration
