// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What could stand at the cursor: the one engine behind TAB in `arcella-cli shell` and behind the
// completion scripts of bash, zsh and fish. Pure: it goes by the command table, and asks its
// sources for what only the daemon or the file system knows.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/syntax.h"

namespace arcella::cli {

struct Candidate {
  std::string text;   // the whole word, unquoted
  std::string note;   // one line beside it, for shells that show one; may be empty
  bool whole = true;  // a space may follow; false for a folder
  friend bool operator==(const Candidate&, const Candidate&) = default;
};

// Where names come from. Each answers at once or after a short time with nothing: a prompt never
// hangs. `home` and `socket` are what the line itself names, else empty.
class CompletionSources {
 public:
  struct Daemon {
    std::string home;
    std::string socket;
  };
  virtual ~CompletionSources() = default;
  // Component, Deployment, Instance ("calc/0") or Group.
  virtual std::vector<Candidate> names(Place place, const Daemon& daemon) = 0;
  // The exported functions of a deployment.
  virtual std::vector<Candidate> functions(const std::string& deployment, const Daemon& daemon) = 0;
  // Files and folders whose path begins so.
  virtual std::vector<Candidate> files(const std::string& partial, Place place) = 0;
};

// Words that are commands only where the line is read: `exit` in the shell.
struct ExtraCommand {
  std::string_view name;
  std::string_view summary;
};

struct Completion {
  std::vector<Candidate> candidates;  // sorted; each begins with `partial`
  Place place = Place::Text;          // File or Folder: a shell may prefer its own
};
// `words` stand before the word at the cursor, whose part before it is `partial`.
[[nodiscard]] Completion complete(std::span<const std::string> words, std::string_view partial,
                                  CompletionSources& sources,
                                  std::span<const ExtraCommand> extra = {});

// What all candidates begin with.
[[nodiscard]] std::string common_prefix(std::span<const Candidate> candidates);

}  // namespace arcella::cli
