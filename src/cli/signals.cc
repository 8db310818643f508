// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/signals.h"

#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <span>
#include <utility>

namespace arcella::cli {
namespace {

constexpr std::array kInterrupts{SIGINT, SIGTERM, SIGHUP};
constexpr std::array kTerminalChanges{SIGWINCH, SIGCONT};
constexpr std::array kAll{SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGCONT};

sigset_t set_of(std::span<const int> signals) {
  sigset_t set;
  ::sigemptyset(&set);
  for (int signal : signals) ::sigaddset(&set, signal);
  return set;
}

Result<UniqueFd> open_fd(std::span<const int> signals) {
  const sigset_t set = set_of(signals);
  UniqueFd fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.valid()) return fail(Error::from_errno(errno, "waiting for signals"));
  return fd;
}

std::optional<int> take(const UniqueFd& fd) {
  signalfd_siginfo info{};
  if (::read(fd.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) {
    return std::nullopt;
  }
  return static_cast<int>(info.ssi_signo);
}

}  // namespace

Result<ShellSignals> ShellSignals::open() {
  ShellSignals made;
  ARCELLA_TRY(made.interrupts_, open_fd(kInterrupts));
  ARCELLA_TRY(made.terminal_, open_fd(kTerminalChanges));
  const sigset_t all = set_of(kAll);
  const int error = ::pthread_sigmask(SIG_BLOCK, &all, &made.before_);
  if (error != 0) return fail(Error::from_errno(error, "waiting for signals"));
  made.blocked_ = true;
  return made;
}

ShellSignals::ShellSignals(ShellSignals&& other) noexcept
    : interrupts_(std::move(other.interrupts_)),
      terminal_(std::move(other.terminal_)),
      ended_(other.ended_),
      before_(other.before_),
      blocked_(std::exchange(other.blocked_, false)) {}

ShellSignals::~ShellSignals() {
  if (blocked_) ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

std::optional<int> ShellSignals::take_interrupt() {
  const std::optional<int> signal = take(interrupts_);
  if (signal && *signal != SIGINT) ended_ = signal;
  return signal;
}

std::optional<int> ShellSignals::take_terminal_change() {
  return take(terminal_);
}

}  // namespace arcella::cli
