// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/arguments.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iterator>
#include <limits>
#include <utility>

#include <CLI/CLI.hpp>

#include "base/limits.h"
#include "base/text.h"
#include "base/version.h"
#include "cli/man_page.h"

namespace arcella::cli {
namespace {

// CLI11 2.1 takes a word like `[1, 2]` for a list of words wherever more than one may stand. WAVE
// has such words, so they pass through it behind this byte, which no argument can begin with by
// accident.
constexpr char kMask = '\x01';

std::string masked(const std::string& word) {
  return !word.empty() && word.front() == '[' ? kMask + word : word;
}
void unmask(std::string& word) {
  if (!word.empty() && word.front() == kMask) word.erase(0, 1);
}

struct Raw {
  Arguments arguments;
  std::string home;
  std::string socket;
  bool help = false;
  bool version = false;
};

// A check that says what is meant: CLI11's own says "Value many not in range 0 to 10000".
std::function<std::string(const std::string&)> whole_number(std::string what, std::int64_t most,
                                                            std::string example) {
  return [what = std::move(what), most, example = std::move(example)](const std::string& word) {
    std::int64_t number = 0;
    const char* const end = word.data() + word.size();
    const auto parsed = std::from_chars(word.data(), end, number);
    const bool whole = parsed.ec == std::errc() && parsed.ptr == end;
    if (whole && number >= 0 && number <= most) return std::string();
    return "'" + word + "' is not " + what + ": from 0 to " + std::to_string(most) + ", as in `" +
           example + "`";
  };
}

void add_instance(CLI::App& app, Arguments& into) {
  app.add_option("--instance", into.instance)
      ->check(whole_number("the number of a replica", limits::kReplicasMax - 1, "--instance 0"));
}

void add_timeout(CLI::App& app, Arguments& into) {
  app.add_option("--timeout-ms", into.timeout_ms)
      ->check(whole_number("a number of milliseconds", std::numeric_limits<std::int64_t>::max(),
                           "--timeout-ms 5000"));
}

void add_lines(CLI::App& app, Arguments& into, std::int64_t most) {
  app.add_option("-n,--lines", into.lines)->check(whole_number("a number of lines", most, "-n 20"));
}

// Of the commands that change what is deployed, one or several at once.
void add_change_options(CLI::App& app, Verb verb, Arguments& into) {
  if (verb == Verb::Update) {
    app.add_option("TARGET", into.target)->required();
    app.add_option("PATH", into.path);
    app.add_option("--to", into.to);
  } else if (verb == Verb::Undeploy) {
    app.add_option("DEPLOYMENT", into.words)->required();
  } else {
    app.add_option("DEPLOYMENT", into.words);
    app.add_option("--group", into.group);
    return;
  }
  app.add_flag("--force", into.force);
}

void add_options_of_looking(CLI::App& app, Verb verb, Arguments& into);

void add_options(CLI::App& app, Verb verb, Arguments& into) {
  switch (verb) {
    case Verb::Install:
      app.add_option("PATH", into.target)->required();
      app.add_option("--id", into.id);
      break;
    case Verb::Deploy:
      app.add_option("FILE", into.words)->required();
      app.add_flag("--dry-run", into.dry_run);
      break;
    case Verb::Remove:
    case Verb::Rollback:
    case Verb::Diag:
    case Verb::Describe:
    case Verb::Wit:
      app.add_option(verb == Verb::Remove                          ? "COMPONENT"
                     : verb == Verb::Describe || verb == Verb::Wit ? "ID"
                                                                   : "DEPLOYMENT",
                     into.target)
          ->required();
      break;
    case Verb::Scale:
      app.add_option("DEPLOYMENT", into.target)->required();
      app.add_option("REPLICAS", into.replicas)
          ->required()
          ->check(whole_number("a number of replicas", limits::kReplicasMax, "scale calc-math 4"));
      break;
    case Verb::Undeploy:
    case Verb::Start:
    case Verb::Stop:
    case Verb::Update:
      add_change_options(app, verb, into);
      break;
    case Verb::Call:
      app.add_option("DEPLOYMENT", into.target)->required();
      app.add_option("FUNCTION", into.words)->required();
      add_instance(app, into);
      add_timeout(app, into);
      break;
    case Verb::Run:
      app.add_option("TARGET", into.target)->required();
      app.add_option("ARGS", into.words);
      app.add_option("--mount", into.mounts)->allow_extra_args(false);
      app.add_option("--env", into.env)->allow_extra_args(false);
      add_timeout(app, into);
      break;
    default:
      add_options_of_looking(app, verb, into);
  }
}

// Of the commands that change nothing, and of those that ask no daemon.
void add_options_of_looking(CLI::App& app, Verb verb, Arguments& into) {
  switch (verb) {
    case Verb::List:
      app.add_option("WHAT", into.words);
      break;
    case Verb::Graph:
      app.add_flag("--dot", into.dot);
      break;
    case Verb::Logs:
      app.add_option("DEPLOYMENT", into.target);
      add_instance(app, into);
      add_lines(app, into, limits::kLogLinesPerQueryMax);
      app.add_flag("-f,--follow", into.follow);
      app.add_option("--since", into.since);
      break;
    case Verb::Check:
      app.add_option("FILE", into.words)->required();
      app.add_option("--component", into.component);
      break;
    case Verb::Init:
      app.add_option("NAME", into.target)->required();
      app.add_option("--kind", into.kind)->check(CLI::IsMember({"service", "command", "http"}));
      app.add_flag("--core", into.core);
      app.add_option("--folder", into.into);
      break;
    case Verb::Events:
      app.add_option("DEPLOYMENT", into.target);
      add_lines(app, into, limits::kEventsKept);
      app.add_option("--since", into.since);
      app.add_flag("-f,--follow", into.follow);
      break;
    case Verb::Shell:
      app.add_option("-f,--file", into.file);
      app.add_flag("--keep-going", into.keep_going);
      break;
    case Verb::Completions:
      app.add_option("SHELL", into.target)->required();
      break;
    case Verb::Help:
      app.add_option("COMMAND", into.target);
      break;
    default:  // ping, status, config, reload, shutdown take nothing
      break;
  }
}

void add_global_options(CLI::App& app, Raw& raw) {
  app.set_help_flag();  // ours is the command table's
  app.add_option("--home", raw.home);
  app.add_option("--socket", raw.socket);
  app.add_flag("--json", raw.arguments.json);
  app.add_flag("-h,--help", raw.help);
  app.add_flag("--version", raw.version);
}

// Where the command stands: the first word that is no option and no option's value.
std::optional<std::size_t> command_position(std::span<const std::string> words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--home" || words[i] == "--socket") {
      ++i;
    } else if (words[i].empty() || words[i].front() != '-') {
      return i;
    }
  }
  return std::nullopt;
}

Error misused(const Command& command, const std::string& what) {
  const std::string name(command.name);
  return {ErrorCode::InvalidParams,
          name + ": " + what + "; usage: arcella-cli " + name + " " + std::string(command.syntax)};
}

// What CLI11 is not told: of two ways to say what is meant, one is to be taken.
Result<void> check_choice(const Command& command, const Arguments& arguments) {
  if (command.verb == Verb::Start || command.verb == Verb::Stop) {
    if (arguments.words.empty() != arguments.group.has_value())
      return fail(misused(command, "either deployments or a --group"));
  }
  if (command.verb == Verb::Update && arguments.path.has_value() == arguments.to.has_value())
    return fail(misused(command, "either PATH or --to"));
  return {};
}

// The first word that looks like an option and is none, with the nearest that is.
std::optional<std::string> unknown_option(const std::vector<std::string>& words,
                                          const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  for (const std::string& word : words) {
    if (word == "--") break;
    const std::string name = word.substr(0, word.find('='));
    if (!name.starts_with("--") || std::find(names.begin(), names.end(), name) != names.end()) {
      continue;
    }
    const std::vector<std::string_view> views(names.begin(), names.end());
    return "there is no option '" + inert(name) + "'" + did_you_mean(name, views);
  }
  return std::nullopt;
}

// What stands before a word that is no command may be the mistake: `--hmoe DIR list`.
Error misread(std::span<const std::string> before, Error no_such_command) {
  CLI::App app;
  Raw unused;
  add_global_options(app, unused);
  auto unknown = unknown_option(std::vector(before.begin(), before.end()), app);
  return unknown ? Error(ErrorCode::InvalidParams, std::move(*unknown))
                 : std::move(no_such_command);
}

Result<void> parse_into(const std::vector<std::string>& words, const Command* command, Raw& raw) {
  // Built anew for the one command: what the others take does not get in the way, and neither does
  // a deployment that is called like a command.
  CLI::App app;
  add_global_options(app, raw);
  if (command != nullptr) add_options(app, command->verb, raw.arguments);
  std::vector<std::string> reversed;  // what CLI11 wants
  std::transform(words.rbegin(), words.rend(), std::back_inserter(reversed), masked);
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    if (raw.help || raw.version) return {};  // whoever asks for help need not have the rest right
    const std::string message = unknown_option(words, app).value_or(inert(error.what()));
    if (command != nullptr) return fail(misused(*command, message));
    return fail(ErrorCode::InvalidParams, message);
  }
  unmask(raw.arguments.target);
  for (std::string& word : raw.arguments.words) unmask(word);
  return {};
}

}  // namespace

std::string absolute_path(const std::string& path, const std::string& folder) {
  std::filesystem::path made = std::filesystem::path(folder) / path;
  made = made.lexically_normal();
  std::string text = made.string();
  if (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

Result<DaemonPlace> place_of_daemon(const std::string& home, const std::string& socket,
                                    const Environment& environment) {
  DaemonPlace place;
  std::string from = home.empty() ? environment.arcella_home : home;
  if (from.empty()) {
    if (environment.user_home.empty() && socket.empty()) {
      return fail(ErrorCode::InvalidParams,
                  "which home? neither --home nor ARCELLA_HOME nor HOME is set");
    }
    from = environment.user_home + "/.arcella";
  }
  place.home = absolute_path(from, environment.folder);
  if (!socket.empty()) {
    place.socket = absolute_path(socket, environment.folder);
  } else if (home.empty() && !environment.socket.empty()) {
    place.socket = environment.socket;
  } else {
    place.socket = place.home + "/alme";
  }
  return place;
}

std::vector<ParsedOption> options_of(const Command& command) {
  CLI::App app;
  app.set_help_flag();
  Arguments unused;
  add_options(app, command.verb, unused);
  std::vector<ParsedOption> options;
  for (const CLI::Option* option : app.get_options()) {
    ParsedOption parsed;
    for (const std::string& name : option->get_snames()) parsed.names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) parsed.names.push_back("--" + name);
    parsed.takes_value = option->get_expected_max() > 0;
    if (!parsed.names.empty()) options.push_back(std::move(parsed));
  }
  return options;
}

Result<std::variant<Arguments, Printed>> parse_arguments(std::span<const std::string> words,
                                                         const Environment& environment) {
  using Outcome = std::variant<Arguments, Printed>;
  const Command* command = nullptr;
  std::vector<std::string> rest(words.begin(), words.end());
  if (const std::optional<std::size_t> at = command_position(words)) {
    auto found = find_command(words[*at]);
    if (!found.has_value()) return fail(misread(words.first(*at), std::move(found).error()));
    command = *found;
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(*at));
  }
  Raw raw;
  ARCELLA_TRY_VOID(parse_into(rest, command, raw));
  if (raw.version) return Outcome(Printed{"arcella-cli " + std::string(version()) + "\n"});
  if (raw.help) return Outcome(Printed{command == nullptr ? overview_text() : help_text(*command)});
  if (command == nullptr) {
    return fail(ErrorCode::InvalidParams, "which command? `arcella-cli --help` lists them");
  }
  if (command->verb == Verb::Help) {
    if (raw.arguments.target.empty()) return Outcome(Printed{overview_text()});
    if (raw.arguments.target == "exit-codes") return Outcome(Printed{exit_codes_text()});
    if (raw.arguments.target == "man") return Outcome(Printed{man_page()});  // script/manual
    ARCELLA_TRY(const Command* about, find_command(raw.arguments.target));
    return Outcome(Printed{help_text(*about)});
  }
  ARCELLA_TRY_VOID(check_choice(*command, raw.arguments));
  ARCELLA_TRY(auto place, place_of_daemon(raw.home, raw.socket, environment));
  raw.arguments.home = std::move(place.home);
  raw.arguments.socket = std::move(place.socket);
  raw.arguments.command = command;
  return Outcome(std::move(raw.arguments));
}

}  // namespace arcella::cli
