// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Every command of arcella-cli: what it is called, what it takes, what its help says. The parser
// (arguments.h), the carrying out (commands.h), the shell, completion (syntax.h reads `syntax`) and
// the manual all go by this table. To add a command: its line here, its options in arguments.cc,
// its function in commands.cc; then `script/manual` for the manual.
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
  Diag,
  Graph,
  Logs,
  Check,
  Init,
  Events,
  Config,
  Reload,
  Shutdown,
  Shell,
  Completions,
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

// What every command takes, before or after it.
struct GlobalOption {
  std::string_view syntax;  // "--home DIR"
  std::string_view summary;
};
[[nodiscard]] std::span<const GlobalOption> global_options() noexcept;

// Texts of `--help`, `help COMMAND` and `help exit-codes`.
[[nodiscard]] std::string overview_text();
[[nodiscard]] std::string help_text(const Command& command);
[[nodiscard]] std::string exit_codes_text();

}  // namespace arcella::cli
