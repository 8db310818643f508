// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "support/process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/check.h"

namespace arcella::integration {
namespace {

constexpr int kExecFailed = 127;
constexpr int kExtraFd = 3;

// In the child, between fork and exec.
void become(const std::vector<char*>& argv, const ProcessOptions& options, int null_fd,
            pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(kExecFailed);  // it died before the line above
  const std::array<int, 3> standard{options.stdin_fd, options.stdout_fd, options.stderr_fd};
  for (int i = 0; i < 3; ++i) {
    const int from = standard[static_cast<std::size_t>(i)];
    if (::dup2(from >= 0 ? from : null_fd, i) < 0) ::_exit(kExecFailed);
  }
  if (options.extra_fd >= 0) {
    if (options.extra_fd == kExtraFd) {
      ::fcntl(kExtraFd, F_SETFD, 0);
    } else if (::dup2(options.extra_fd, kExtraFd) < 0) {
      ::_exit(kExecFailed);
    }
  }
  if (!options.folder.empty() && ::chdir(options.folder.c_str()) != 0) ::_exit(kExecFailed);
  if (options.prepare && !options.prepare()) ::_exit(kExecFailed);
  ::execv(argv[0], argv.data());
  ::_exit(kExecFailed);
}

bool wait_readable(int fd, std::chrono::steady_clock::time_point until) {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    pollfd entry{fd, POLLIN, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

std::string content_of(int fd) {
  std::string text;
  std::array<char, 4096> buffer;
  ::lseek(fd, 0, SEEK_SET);
  for (;;) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

UniqueFd memory_file(std::string_view content = {}) {
  UniqueFd fd(::memfd_create("arcella-test", MFD_CLOEXEC));
  ARCELLA_CHECK(fd.valid(), "a memory file");
  ARCELLA_CHECK(
      ::write(fd.get(), content.data(), content.size()) == static_cast<ssize_t>(content.size()),
      "what is given fits into memory");
  ::lseek(fd.get(), 0, SEEK_SET);
  return fd;
}

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "arcella-XXXXXX").string();
  ARCELLA_CHECK(::mkdtemp(pattern.data()) != nullptr, "a temporary folder");
  path_ = pattern;
}
TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}
std::string TemporaryFolder::write(std::string_view name, std::string_view content) const {
  const std::string path = path_ + "/" + std::string(name);
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

std::string source_path(std::string_view relative) {
  return std::string(ARCELLA_SOURCE_DIR) + "/" + std::string(relative);
}
std::string program_path(std::string_view name) {
  return std::string(ARCELLA_PROGRAM_DIR) + "/" + std::string(name);
}

Process::Process(const std::vector<std::string>& argv, const ProcessOptions& options) {
  std::vector<char*> pointers;
  for (const std::string& word : argv) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  const UniqueFd null_fd(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  ARCELLA_CHECK(pid_ >= 0, "a process");
  if (pid_ == 0) become(pointers, options, null_fd.get(), parent);
  pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  ARCELLA_CHECK(pidfd_.valid(), "a descriptor of the process");
}

Process::~Process() {
  if (waited_) return;
  kill(SIGKILL);
  wait();
}

void Process::kill(int signal) const {
  if (!waited_) ::kill(pid_, signal);
}

int Process::wait(std::chrono::milliseconds deadline) {
  if (waited_) return status_;
  if (!wait_readable(pidfd_.get(), std::chrono::steady_clock::now() + deadline)) return -1;
  int raw = 0;
  if (::waitpid(pid_, &raw, 0) != pid_) return -1;
  waited_ = true;
  status_ = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
  return status_;
}

ProgramResult run_to_end(const std::vector<std::string>& argv, std::string_view input,
                         const std::string& folder) {
  const UniqueFd in = memory_file(input);
  const UniqueFd out = memory_file();
  const UniqueFd err = memory_file();
  ProcessOptions options;
  options.stdin_fd = in.get();
  options.stdout_fd = out.get();
  options.stderr_fd = err.get();
  options.folder = folder;
  Process process(argv, options);
  ProgramResult result;
  result.status = process.wait();
  result.out = content_of(out.get());
  result.err = content_of(err.get());
  return result;
}

bool eventually(const std::function<bool()>& holds, std::chrono::milliseconds deadline) {
  const auto until = std::chrono::steady_clock::now() + deadline;
  while (!holds()) {
    if (std::chrono::steady_clock::now() >= until) return false;
    ::poll(nullptr, 0, 10);  // the platform has work to do meanwhile
  }
  return true;
}

UniqueFd occupy_port(int& port) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  auto* name = reinterpret_cast<sockaddr*>(&address);
  ARCELLA_CHECK(::bind(fd.get(), name, size) == 0 && ::listen(fd.get(), 1) == 0, "a port");
  ARCELLA_CHECK(::getsockname(fd.get(), name, &size) == 0, "its number");
  port = ntohs(address.sin_port);
  return fd;
}

int free_port() {
  int port = 0;
  const UniqueFd closed_at_once = occupy_port(port);
  return port;
}

namespace {

std::string http_ask(std::string_view method, int port, std::string_view path) {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(port);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return {};
  const std::string request =
      std::string(method) + " " + std::string(path) +
      " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  if (::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return {};
  std::string answer;
  std::array<char, 4096> buffer;
  const auto until = std::chrono::steady_clock::now() + kDeadline;
  while (wait_readable(fd.get(), until)) {
    const ssize_t count = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
    if (count <= 0) break;
    answer.append(buffer.data(), static_cast<std::size_t>(count));
  }
  const std::size_t body = answer.find("\r\n\r\n");
  if (answer.find(" 200 ") == std::string::npos || body == std::string::npos) return {};
  return answer.substr(body + 4);
}

}  // namespace

std::string http_get(int port, std::string_view path) {
  return http_ask("GET", port, path);
}

std::string http_post(int port, std::string_view path) {
  return http_ask("POST", port, path);
}

}  // namespace arcella::integration
