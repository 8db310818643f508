// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/program.h"

#include <unistd.h>

#include <csignal>
#include <ostream>
#include <utility>

#include "cli/check_command.h"
#include "cli/completion_script.h"
#include "cli/init_command.h"
#include "cli/shell.h"

namespace arcella::cli {
namespace {

// Only what is safe in a signal handler. Leaving closes the connection, which ends a guest that
// `run` started.
void leave(int) {
  ::_exit(kExitInterrupted);
}

Result<int> shell(const Arguments& arguments, const Environment& environment,
                  Surroundings& surroundings) {
  Environment inside = environment;  // its lines ask the daemon that the shell was started for
  inside.arcella_home = arguments.home;
  inside.socket = arguments.socket;
  return run_shell({arguments.file, arguments.keep_going}, inside, surroundings, execute);
}

Result<int> print(const std::string& text, Surroundings& surroundings) {
  surroundings.out << text;
  return 0;
}

}  // namespace

Result<int> execute(std::span<const std::string> words, const Environment& environment,
                    Surroundings& surroundings, Connection& connection) {
  ARCELLA_TRY(auto parsed, parse_arguments(words, environment));
  if (const auto* printed = std::get_if<Printed>(&parsed)) {
    return print(printed->text, surroundings);
  }
  const Arguments& arguments = std::get<Arguments>(parsed);
  switch (arguments.command->verb) {
    case Verb::Check:
      return check(arguments, surroundings);
    case Verb::Init:
      return init(arguments, surroundings);
    case Verb::Shell:
      return shell(arguments, environment, surroundings);
    case Verb::Completions: {
      ARCELLA_TRY(auto text, completion_script(arguments.target));
      return print(text, surroundings);
    }
    default:
      return carry_out(arguments, surroundings, connection);
  }
}

int run_program(std::span<const std::string> words, const Environment& environment,
                Surroundings& surroundings) {
  std::signal(SIGINT, leave);
  Connection connection;
  Result<int> status = 0;
  if (!words.empty() && words.front() == kCompleteWord) {
    status = print(completion_answer(words.subspan(1), environment, connection), surroundings);
  } else {
    status = execute(words, environment, surroundings, connection);
  }
  surroundings.out.flush();
  if (status.has_value() && !surroundings.out.good()) {
    status = fail(ErrorCode::Io, "standard output cannot be written");
  }
  if (status.has_value()) return *status;
  surroundings.err << render_error(status.error()) << std::flush;
  return traits_of(status.error().code()).exit_status;
}

}  // namespace arcella::cli
