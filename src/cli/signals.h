// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The signals of an interactive shell as descriptors that poll() waits for, so that nothing happens
// between two instructions: while a command runs they interrupt that, at the prompt the line.
#pragma once

#include <csignal>
#include <optional>

#include "base/result.h"
#include "base/unique_fd.h"

namespace arcella::cli {

// Blocks them for the thread while it lives. Owner: the shell.  Thread: the only one of the
// process.
class ShellSignals {
 public:
  static Result<ShellSignals> open();
  ~ShellSignals();
  ShellSignals(ShellSignals&& other) noexcept;
  ShellSignals(const ShellSignals&) = delete;
  ShellSignals& operator=(const ShellSignals&) = delete;
  ShellSignals& operator=(ShellSignals&&) = delete;

  // SIGINT, SIGTERM, SIGHUP.
  [[nodiscard]] int interrupt_fd() const noexcept { return interrupts_.get(); }
  // The next that has come, of those that are waiting; SIGTERM and SIGHUP stay known (ended()).
  std::optional<int> take_interrupt();
  // The signal after which the shell leaves.
  [[nodiscard]] std::optional<int> ended() const noexcept { return ended_; }

  // SIGWINCH and SIGCONT: the terminal has another size, or is ours again.
  [[nodiscard]] int terminal_fd() const noexcept { return terminal_.get(); }
  std::optional<int> take_terminal_change();

 private:
  ShellSignals() = default;

  UniqueFd interrupts_;
  UniqueFd terminal_;
  std::optional<int> ended_;
  sigset_t before_{};
  bool blocked_ = false;
};

}  // namespace arcella::cli
