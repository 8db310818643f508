// SPDX-License-Identifier: Apache-2.0 OR MIT
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <system_error>
#include <vector>

#include "cli/commands.h"
#include "cli/line_editor.h"

namespace {

std::string variable(const char* name) {
  // Before there is a second thread.
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  return value == nullptr ? std::string() : std::string(value);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  std::error_code no_folder;  // then relative paths are refused where they are used
  const std::string folder = std::filesystem::current_path(no_folder).string();
  const arcella::cli::Environment environment{variable("ARCELLA_HOME"), variable("HOME"), folder,
                                              "", variable("XDG_STATE_HOME")};
  const bool out_is_terminal = ::isatty(STDOUT_FILENO) == 1;
  arcella::cli::Surroundings surroundings{std::cout, std::cerr, folder};
  // NO_COLOR: https://no-color.org
  if (out_is_terminal && variable("NO_COLOR").empty()) {
    surroundings.colour = arcella::cli::Colour::On;
  }
  surroundings.err_is_terminal = ::isatty(STDERR_FILENO) == 1;
  surroundings.width = out_is_terminal ? arcella::cli::terminal_width(STDOUT_FILENO) : 0;
  surroundings.interactive = out_is_terminal && ::isatty(STDIN_FILENO) == 1;
  return arcella::cli::run_program(words, environment, surroundings);
}
