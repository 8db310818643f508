// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Completion for bash, zsh and fish. The scripts are small and know no command: they ask the
// program (`arcella-cli __complete`, which no help shows) what could stand at the cursor. So they
// never fall behind the program that is installed, and there is one engine (completion.h).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/arguments.h"
#include "cli/connection.h"

namespace arcella::cli {

// InvalidParams for a shell that is none of the three.
[[nodiscard]] Result<std::string> completion_script(std::string_view shell);

inline constexpr std::string_view kCompleteWord = "__complete";
// What stands behind that word:
//   --line TEXT        a command line up to the cursor, whose first word is the program
//   -- WORD... WORD    its words without the program; the last is the one at the cursor, perhaps ''
// The answer is one candidate a line, `text<TAB>note`, or the one line `:files` or `:folders` where
// the shell knows better itself. Never an error: a shell has nowhere to show one.
[[nodiscard]] std::string completion_answer(std::span<const std::string> words,
                                            const Environment& environment, Connection& connection);

}  // namespace arcella::cli
