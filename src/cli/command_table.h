// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Every command of arcella-cli: what it is called, what it takes, what its help says. The parser
// (arguments.h) and the carrying out (commands.h) both go by this table, and so will the shell. To
// add a command: its line here, its options in arguments.cc, its function in commands.cc.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace arcella::cli {

enum class Verb {
  Ping,
  Install,
  Remove,
  Deploy,
  Undeploy,
  Start,
  Stop,
  Scale,
  Update,
  Rollback,
  Call,
  Run,
  List,
  Status,
  Describe,
  Wit,
  Logs,
  Shutdown,
  Help,
};

struct Command {
  Verb verb;
  std::string_view name;
  std::string_view syntax;   // what follows the name
  std::string_view summary;  // one line
  std::string_view help;     // paragraphs
  std::string_view example;  // lines
};

[[nodiscard]] std::span<const Command> commands() noexcept;
// MethodNotFound with the nearest name.
[[nodiscard]] Result<const Command*> find_command(std::string_view name);

// Texts of `--help`, `help COMMAND` and `help exit-codes`.
[[nodiscard]] std::string overview_text();
[[nodiscard]] std::string help_text(const Command& command);
[[nodiscard]] std::string exit_codes_text();

}  // namespace arcella::cli
