// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Carries out one command: asks the daemon, prints what it answered, gives the exit status.
#pragma once

#include <iosfwd>
#include <string>

#include "base/result.h"
#include "cli/arguments.h"
#include "cli/connection.h"
#include "cli/render.h"

namespace arcella::cli {

inline constexpr int kExitInterrupted = 130;  // 128 + SIGINT, as shells have it

struct Surroundings {
  std::ostream& out;
  std::ostream& err;
  std::string folder;  // relative paths start here
  Colour colour = Colour::Off;
  bool err_is_terminal = false;  // shows that a long operation is on its way
  std::size_t width = 0;         // columns of the terminal that `out` is; 0: it is none
  bool interactive = false;      // somebody types: standard input and output are a terminal
};

// The exit status; an Error has its own (ErrorTraits::exit_status). Asks over `connection`, and
// leaves it for the next command.
[[nodiscard]] Result<int> carry_out(const Arguments& arguments, Surroundings& surroundings,
                                    Connection& connection);

// Parses, carries out, reports on `surroundings.err`: all of main() but where the words and the
// terminal come from (program.cc). Ctrl-C ends the process.
int run_program(std::span<const std::string> words, const Environment& environment,
                Surroundings& surroundings);

// HOST:GUEST or HOST:GUEST:rw; HOST is made absolute.
[[nodiscard]] Result<model::Mount> parse_mount(const std::string& text, const std::string& folder);

}  // namespace arcella::cli
