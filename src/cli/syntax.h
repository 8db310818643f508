// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What a command takes, read from the line in the command table that its help shows: so a new
// command is completed, and stands in the manual, without a second table. The line's grammar is the
// one that usage lines have everywhere:
//
//   NAME  a word of the user's; what is offered for it goes by its name (placeholders(), below)
//   word  stands for itself          [x] may be left out      x... may come again
//   a|b   one or the other           --option, --option VALUE, -o     'QUOTED' as one word
//   --    what follows goes through untouched
//
// An option takes a value if a word follows it inside the same brackets.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace arcella::cli {

// What may stand at a place.
enum class Place {
  Text,  // free: nothing is offered
  Component,
  Deployment,
  Instance,  // the number of one, within the deployment that the line names
  Group,
  File,
  Folder,
  Command,
  Function,  // of the deployment before it
};

struct Positional {
  std::vector<Place> places;
  std::vector<std::string> words;  // that stand for themselves
  bool optional = false;
  bool repeated = false;
};
struct OptionSyntax {
  std::string name;  // "--instance", "-n"
  bool takes_value = false;
  Place value = Place::Text;
  std::vector<std::string> words = {};  // values that stand for themselves
};
struct Syntax {
  std::vector<Positional> positionals;
  std::vector<OptionSyntax> options;
  bool passes_rest = false;  // has `--`
};

[[nodiscard]] Syntax parse_syntax(std::string_view text);

// Every placeholder that a syntax may use. One that is not here is taken as Text, and a test
// refuses it: whoever adds a command says what completes its words.
struct Placeholder {
  std::string_view name;
  std::vector<Place> places;
};
[[nodiscard]] std::span<const Placeholder> placeholders();
[[nodiscard]] std::vector<std::string> placeholders_in(std::string_view syntax);

}  // namespace arcella::cli
