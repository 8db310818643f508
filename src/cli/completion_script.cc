// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/completion_script.h"

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"
#include "cli/completion.h"
#include "cli/live_sources.h"
#include "cli/words.h"

namespace arcella::cli {
namespace {

// bash cuts words at @ : = too, and replaces only what stands behind the last cut ($2): what stands
// before it is taken off the candidates. Its own idea of the line's words is not asked for.
constexpr std::string_view kBash =
    R"(# bash completion for arcella-cli; `arcella-cli completions bash` prints it.
_arcella_cli() {
  local line=${COMP_LINE:0:COMP_POINT} answer word cut candidate
  word=${line##*[[:space:]]}
  cut=${word%"$2"}
  COMPREPLY=()
  answer=$("${COMP_WORDS[0]}" __complete --line "$line" 2>/dev/null) || return 0
  case $answer in
    :files) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$2"); return 0 ;;
    :folders) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$2"); return 0 ;;
  esac
  while IFS=$'\t' read -r candidate _; do
    [ -n "$candidate" ] && COMPREPLY+=("${candidate#"$cut"}")
  done <<<"$answer"
}
complete -F _arcella_cli arcella-cli
)";

constexpr std::string_view kZsh = R"(#compdef arcella-cli
# zsh completion for arcella-cli; `arcella-cli completions zsh` prints it.
_arcella_cli() {
  local -a lines candidates
  local line
  lines=("${(@f)$("${words[1]}" __complete -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  case ${lines[1]} in
    :files) _files; return ;;
    :folders) _files -/; return ;;
  esac
  for line in $lines; do
    [[ -n $line ]] && candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
  done
  _describe -V 'arcella-cli' candidates
}
if [ "$funcstack[1]" = "_arcella_cli" ]; then
  _arcella_cli "$@"
else
  compdef _arcella_cli arcella-cli
fi
)";

constexpr std::string_view kFish =
    R"(# fish completion for arcella-cli; `arcella-cli completions fish` prints it.
function __arcella_cli_complete
  set -l words (commandline -opc)
  set -l answer ($words[1] __complete -- $words[2..-1] (commandline -ct) 2>/dev/null)
  switch "$answer[1]"
    case :files
      __fish_complete_path (commandline -ct)
    case :folders
      __fish_complete_directories (commandline -ct)
    case '*'
      printf '%s\n' $answer
  end
end
complete -c arcella-cli -f -a '(__arcella_cli_complete)'
)";

struct Shell {
  std::string_view name;
  std::string_view script;
};
constexpr std::array<Shell, 3> kShells{{{"bash", kBash}, {"zsh", kZsh}, {"fish", kFish}}};

std::optional<PartialLine> line_of(std::span<const std::string> words) {
  if (words.size() == 2 && words[0] == "--line") {
    PartialLine line = split_partial(words[1]);
    if (line.comment || line.words.empty()) return std::nullopt;
    line.words.erase(line.words.begin());
    return line;
  }
  if (words.size() < 2 || words[0] != "--") return std::nullopt;
  PartialLine line;
  line.words.assign(words.begin() + 1, words.end() - 1);
  line.partial = words.back();
  return line;
}

}  // namespace

Result<std::string> completion_script(std::string_view shell) {
  std::array<std::string_view, kShells.size()> names;
  for (std::size_t i = 0; i < kShells.size(); ++i) {
    if (kShells[i].name == shell) return std::string(kShells[i].script);
    names[i] = kShells[i].name;
  }
  return fail(ErrorCode::InvalidParams, "there are completions for " + join(names, ", ") +
                                            ", not for '" + inert(shell) + "'");
}

std::string completion_answer(std::span<const std::string> words, const Environment& environment,
                              Connection& connection) {
  const std::optional<PartialLine> line = line_of(words);
  if (!line) return {};
  LiveSources sources(connection, environment);
  const Completion found = complete(line->words, line->partial, sources);
  if (found.place == Place::File) return ":files\n";
  if (found.place == Place::Folder) return ":folders\n";
  std::string answer;
  for (const Candidate& candidate : found.candidates) {
    answer += inert(candidate.text) + "\t" + inert(candidate.note) + "\n";
  }
  return answer;
}

}  // namespace arcella::cli
