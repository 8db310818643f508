// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "support/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>

#include "base/check.h"

namespace arcella::integration {
namespace {

constexpr unsigned short kRows = 24;
constexpr unsigned short kColumns = 80;
// How long the program must have been quiet before it is asked whether it has ended.
constexpr int kSlice_ms = 100;

bool ends_sequence(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

}  // namespace

Terminal::Terminal(std::vector<std::string> argv, const std::vector<std::string>& variables,
                   const std::string& folder)
    : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
  ARCELLA_CHECK(master_.valid() && ::grantpt(master_.get()) == 0 && ::unlockpt(master_.get()) == 0,
                "a terminal");
  std::array<char, 64> name{};
  ARCELLA_CHECK(::ptsname_r(master_.get(), name.data(), name.size()) == 0, "its name");
  slave_.reset(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  ARCELLA_CHECK(slave_.valid(), "the program's side of it");
  resize(kRows, kColumns);
  std::vector<std::string> command{"/usr/bin/env", "TERM=xterm"};
  command.insert(command.end(), variables.begin(), variables.end());
  command.insert(command.end(), argv.begin(), argv.end());
  ProcessOptions options;
  options.stdin_fd = options.stdout_fd = options.stderr_fd = slave_.get();
  options.folder = folder;
  // Its own session, whose controlling terminal this is: Ctrl-C becomes SIGINT.
  options.prepare = [] { return ::setsid() >= 0 && ::ioctl(STDIN_FILENO, TIOCSCTTY, 0) == 0; };
  process_ = std::make_unique<Process>(command, options);
}

void Terminal::type(std::string_view keys) {
  ARCELLA_CHECK(
      ::write(master_.get(), keys.data(), keys.size()) == static_cast<ssize_t>(keys.size()),
      "a terminal takes some keys");
}

bool Terminal::shows(std::string_view text) {
  const auto until = std::chrono::steady_clock::now() + kDeadline;
  for (;;) {
    const std::size_t found = shown_.find(text, waited_for_);
    if (found != std::string::npos) {
      waited_for_ = found + text.size();
      return true;
    }
    if (!read_more() && std::chrono::steady_clock::now() >= until) return false;
  }
}

int Terminal::wait() {
  const auto until = std::chrono::steady_clock::now() + kDeadline;
  while (std::chrono::steady_clock::now() < until) {
    while (read_more()) {
    }
    const int status = process_->wait(std::chrono::milliseconds(0));
    if (status != -1) return status;
  }
  return -1;
}

void Terminal::resize(unsigned short rows, unsigned short columns) {
  const winsize size{rows, columns, 0, 0};
  ARCELLA_CHECK(::ioctl(master_.get(), TIOCSWINSZ, &size) == 0, "a terminal has a size");
}

bool Terminal::is_cooked() const {
  termios modes{};
  ARCELLA_CHECK(::tcgetattr(slave_.get(), &modes) == 0, "a terminal has modes");
  return (modes.c_lflag & ICANON) != 0 && (modes.c_lflag & ECHO) != 0;
}

bool Terminal::read_more() {
  pollfd entry{master_.get(), POLLIN, 0};
  if (::poll(&entry, 1, kSlice_ms) <= 0 || (entry.revents & POLLIN) == 0) return false;
  std::array<char, 4096> buffer;
  const ssize_t count = ::read(master_.get(), buffer.data(), buffer.size());
  if (count <= 0) return false;
  raw_.append(buffer.data(), static_cast<std::size_t>(count));
  for (char c : std::string_view(buffer.data(), static_cast<std::size_t>(count))) {
    if (c == '\x1b') {
      sequence_ = c;
    } else if (!sequence_.empty()) {
      sequence_ += c;
      if (ends_sequence(c)) sequence_.clear();
    } else if (c != '\r' && c != '\a') {
      shown_ += c;
    }
  }
  return true;
}

}  // namespace arcella::integration
