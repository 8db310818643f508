// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/command_table.h"

#include <array>
#include <map>
#include <vector>

#include "base/text.h"

namespace arcella::cli {
namespace {

constexpr auto kCommands = std::to_array<Command>({
    {Verb::Install, "install", "PATH [--id NAME@X.Y.Z]", "add a component to the platform",
     "PATH is a .wasm file, or a folder or archive (.tar.gz, .tgz, .tar) that holds one, with\n"
     "component.toml beside it where there is one. An archive holds it at its root or in one "
     "folder.\n"
     "The component is checked, compiled and registered; nothing runs.",
     "arcella-cli install examples/calc/calc.wasm"},
    {Verb::Remove, "remove", "COMPONENT", "delete a component that no deployment uses",
     "COMPONENT is an id as `list components` shows it. A deployment that has left it behind can "
     "no\n"
     "longer be rolled back to it.",
     "arcella-cli remove calc@1.0.0"},
    {Verb::Deploy, "deploy", "FILE... [--dry-run]", "store or change deployments, all or none",
     "Each FILE is <id>.deployment.toml. What breaks a rule is shown with file and line, all of it "
     "at\n"
     "once, and nothing is stored. A new deployment is stored as stopped. One that runs and "
     "differs "
     "is\n"
     "replaced at once, and reverted if it does not come up; a file that says the same restarts "
     "nothing.\n"
     "--dry-run checks everything, shows what would be done, and does nothing.",
     "arcella-cli deploy examples/calc/calc.deployment.toml\n"
     "arcella-cli deploy --dry-run *.deployment.toml"},
    {Verb::Undeploy, "undeploy", "DEPLOYMENT... [--force]", "stop and delete deployments",
     "One that others are bound to is refused, and they are named; --force deletes it "
     "nevertheless.",
     "arcella-cli undeploy calc"},
    {Verb::Start, "start", "DEPLOYMENT... | --group GROUP", "run all replicas of deployments",
     "Returns when they are ready, or says why they are not. An import that nobody serves is\n"
     "such a reason: `diag` tells more. Several are started one after the other, in the order in\n"
     "which they need each other; one that fails does not keep the next from its turn, and the\n"
     "exit status is that of the first failure.",
     "arcella-cli start calc\narcella-cli start --group math"},
    {Verb::Stop, "stop", "DEPLOYMENT... | --group GROUP",
     "stop all replicas of deployments gracefully",
     "Calls in progress are waited for, up to the deployment's limit. Several are stopped in the "
     "reverse\n"
     "order of their start.",
     "arcella-cli stop calc\narcella-cli stop --group math"},
    {Verb::Scale, "scale", "DEPLOYMENT REPLICAS", "change the number of replicas in place", "",
     "arcella-cli scale calc-math 4"},
    {Verb::Update, "update", "COMPONENT PATH | DEPLOYMENT --to COMPONENT [--force]",
     "move deployments to another version of their component",
     "With PATH, a .wasm file or a folder: it is installed, and every deployment of COMPONENT, an "
     "id or\n"
     "a name, is moved to it. With --to: one deployment, to a component that is installed. What "
     "runs is\n"
     "stopped, replaced and started, one after the other; if one does not come up, all go back to "
     "what\n"
     "ran before, and nothing has changed. A version that lacks exports of the old one is refused "
     "without\n"
     "--force.",
     "arcella-cli update calc ./calc-1.1.0\n"
     "arcella-cli update calc-math --to calc@1.1.0"},
    {Verb::Rollback, "rollback", "DEPLOYMENT", "take a deployment back to its previous generation",
     "Component and deployment file as they were before the last change of either. That is a "
     "change too:\n"
     "a second rollback undoes the first. `describe` shows the previous generation.",
     "arcella-cli rollback calc"},
    {Verb::Call, "call", "DEPLOYMENT 'FUNCTION(ARGS)' [--instance I] [--timeout-ms N]",
     "call an exported function",
     "Arguments and result are WAVE, the text form of WIT values. A function of one of several\n"
     "interfaces is written 'interface#function(args)'. Plain arguments may follow as words.",
     "arcella-cli call calc 'add(20, 22)'\n"
     "arcella-cli call calc add 20 22\n"
     "arcella-cli call calc 'translate({x: 1, y: 2}, {x: 0.5, y: 0.5})'"},
    {Verb::Run, "run",
     "COMPONENT|DEPLOYMENT [--mount H:G[:rw]] [--env K=V] [--timeout-ms N] [-- ARGS]",
     "run a command once, to its end",
     "The guest gets this command's standard input, output and error, and its exit status becomes\n"
     "this command's. --mount gives it the host folder H as G, read-only without :rw. Ctrl-C ends "
     "it.\n"
     "With --json the output is captured and printed with the result.",
     "arcella-cli run word-count --mount ./docs:/data\n"
     "arcella-cli run hello-core@1.0.0 --env NAME=you -- --exit 3"},
    {Verb::List, "list", "[components] [deployments] [instances] [workers] [bindings]",
     "show what is installed, deployed and running",
     "Without a word: all five. Bindings are the imports of what runs that other deployments "
     "serve.",
     "arcella-cli list\narcella-cli list deployments --json"},
    {Verb::Status, "status", "", "show the daemon and its workers", "", "arcella-cli status"},
    {Verb::Describe, "describe", "ID", "show everything about a component or a deployment", "",
     "arcella-cli describe calc@1.0.0\narcella-cli describe calc"},
    {Verb::Wit, "wit", "ID", "print the WIT of a component",
     "ID is a component, or a deployment of it.", "arcella-cli wit calc@1.0.0"},
    {Verb::Diag, "diag", "DEPLOYMENT", "say who serves each import of a deployment, and why",
     "An import is served by the host, or by another deployment that exports the interface: the "
     "one "
     "that\n"
     "[deployment.wiring] names; else of those that run, by the highest compatible version, then "
     "in "
     "the\n"
     "same process, then in main, then by the smallest id. Below an import stand those that export "
     "it and\n"
     "cannot serve it: another version, a function that is missing or another, not running.",
     "arcella-cli diag web"},
    {Verb::Graph, "graph", "[--dot]", "show which deployment uses which",
     "Each deployment with its imports below it, and who serves them; what the host offers is left "
     "out.\n"
     "Of a deployment that does not run: who would serve it. --dot prints it for Graphviz.",
     "arcella-cli graph\narcella-cli graph --dot | dot -Tsvg > wiring.svg"},
    {Verb::Logs, "logs", "[DEPLOYMENT] [--instance I] [-n N] [--since T] [-f]",
     "show what guests wrote to stdout and stderr",
     "The last N lines (100), of all deployments when none is named, also from before the daemon "
     "was\n"
     "started. --since leaves out what is older: 90s, 10m, 2h, 3d, or a time such as\n"
     "2026-01-31T12:00:00Z. -f goes on with new ones until Ctrl-C, or until the daemon ends (exit\n"
     "status 3).",
     "arcella-cli logs greeter -f\narcella-cli logs greeter --since 10m -n 1000"},
    {Verb::Check, "check", "FILE... [--component FILE]", "check manifests without a daemon",
     "Each FILE is component.toml, X.component.toml, deployment-template.toml,\n"
     "X.deployment.template.toml, ID.deployment.toml, or a folder: then all of these in it. A\n"
     "deployment is held to the rules with the component's file beside it, or with --component;\n"
     "rules that need what is not there are named. Exit status 5 when there are mistakes. --json\n"
     "prints an array of {file, line, column, message, hint, severity}.",
     "arcella-cli check examples/calc\n"
     "arcella-cli check web.deployment.toml --component ../greeter/component.toml"},
    {Verb::Init, "init", "NAME [--kind service|command|http] [--core] [--folder DIR]",
     "write manifests to begin with",
     "Writes component.toml, deployment-template.toml and NAME.deployment.toml with comments into\n"
     "./NAME, or into DIR. Files that are there are not overwritten. --core is for a core module.",
     "arcella-cli init greeter --kind http"},
    {Verb::Events, "events", "[DEPLOYMENT] [-n N] [--since T] [-f]",
     "what happened on the platform, and why",
     "The last N events (100), of one deployment or of all: installed, started, failed, "
     "restarted,\n"
     "given up, and what was asked for in vain. They outlive the daemon. T is how long ago (90s, "
     "10m,\n"
     "2h, 3d) or a time (2026-01-31T12:00:00Z). -f goes on with new ones until Ctrl-C, or until "
     "the\n"
     "daemon ends (exit status 3).\n"
     "--json prints one array; with -f one object per line.",
     "arcella-cli events\n"
     "arcella-cli events web --since 10m -f"},
    {Verb::Config, "config", "", "show what the daemon is set to",
     "Each value with where it comes from: a line of <home>/cfg/*.toml, a variable of the "
     "environment,\n"
     "a flag of arcella, or the default.",
     "arcella-cli config"},
    {Verb::Reload, "reload", "", "read the configuration again",
     "What a running daemon can change takes effect at once; the rest is listed. A mistake in a "
     "file\n"
     "is shown with its line, and changes nothing.",
     "arcella-cli reload"},
    {Verb::Ping, "ping", "", "ask whether the daemon answers", "", "arcella-cli ping"},
    {Verb::Shutdown, "shutdown", "", "stop guests, workers and the daemon",
     "Returns when the daemon is gone. What was running runs again when it is started.",
     "arcella-cli shutdown"},
    {Verb::Shell, "shell", "[-f FILE] [--keep-going]", "an interactive console, or a script",
     "Every command without `arcella-cli`, on one connection: lines are edited, kept for the next\n"
     "time and completed with TAB. Words are quoted as in a POSIX shell; # begins a comment.\n"
     "Ctrl-C clears the line or interrupts what runs, Ctrl-D leaves. With -f, or when standard "
     "input\n"
     "is no terminal, the commands of a file are carried out up to the first that fails, whose "
     "exit\n"
     "status it is; with --keep-going all of them. A line that begins with a blank is not kept.",
     "arcella-cli shell\narcella-cli shell -f setup.arcella"},
    {Verb::Completions, "completions", "bash|zsh|fish", "print a completion script for a shell",
     "It completes commands, options, files, and the ids that the running daemon knows.",
     "source <(arcella-cli completions bash)\n"
     "arcella-cli completions zsh > ~/.zfunc/_arcella-cli\n"
     "arcella-cli completions fish > ~/.config/fish/completions/arcella-cli.fish"},
    {Verb::Help, "help", "[COMMAND | exit-codes]", "explain a command, or the exit status", "",
     "arcella-cli help run\narcella-cli help exit-codes"},
});

constexpr std::array<GlobalOption, 4> kGlobalOptions{{
    {"--home DIR", "home of the daemon (ARCELLA_HOME, else ~/.arcella)"},
    {"--socket PATH", "its ALME socket, instead of <home>/alme"},
    {"--json", "print the result as one JSON object"},
    {"-h, --help", "explain the command"},
}};

void append_padded(std::string& out, std::string_view text, std::size_t width) {
  out += text;
  out.append(text.size() < width ? width - text.size() : 1, ' ');
}

std::string indented(std::string_view text) {
  std::string out = "  ";
  for (char c : text) {
    out += c;
    if (c == '\n') out += "  ";
  }
  return out;
}

void append_global_options(std::string& out) {
  out += "Options of every command, before or after it:\n";
  for (const GlobalOption& option : kGlobalOptions) {
    out += "  ";
    append_padded(out, option.syntax, 15);
    out += option.summary;
    out += '\n';
  }
}

// What an exit status means to somebody who reads a script.
std::string_view meaning_of(int status) {
  switch (status) {
    case 1:
      return "a bug in Arcella: please report it";
    case 2:
      return "the command or an argument is wrong";
    case 3:
      return "no daemon answers, or a worker is not there";
    case 4:
      return "no such file, component, deployment, instance or function";
    case 5:
      return "a file that was given is not valid";
    case 6:
      return "it does not fit the present state, or something else has the name or address";
    case 7:
      return "an import that nobody offers";
    case 8:
      return "the guest failed: trap, deadline or limit";
    case 9:
      return "the operating system refused: rights, space, input or output";
    default:
      return "";
  }
}

}  // namespace

std::span<const Command> commands() noexcept {
  return kCommands;
}

Result<const Command*> find_command(std::string_view name) {
  std::array<std::string_view, kCommands.size()> names;
  for (std::size_t i = 0; i < kCommands.size(); ++i) {
    if (kCommands[i].name == name) return &kCommands[i];
    names[i] = kCommands[i].name;
  }
  return fail(ErrorCode::MethodNotFound,
              "there is no command '" + inert(name) + "'" +
                  did_you_mean(name, names, "`arcella-cli --help` lists them"));
}

std::span<const GlobalOption> global_options() noexcept {
  return kGlobalOptions;
}

std::string overview_text() {
  std::string out =
      "arcella-cli: asks the Arcella daemon to install, deploy, run and show WebAssembly "
      "components\n\n"
      "Usage: arcella-cli [OPTIONS] COMMAND ...\n\nCommands:\n";
  for (const Command& command : kCommands) {
    out += "  ";
    append_padded(out, command.name, 12);
    out += command.summary;
    out += '\n';
  }
  out += '\n';
  append_global_options(out);
  out +=
      "  --version      print the version\n\n"
      "`arcella-cli help COMMAND` explains one; `arcella-cli help exit-codes` the exit status.\n";
  return out;
}

std::string help_text(const Command& command) {
  std::string out = "arcella-cli " + std::string(command.name) + ": ";
  out += command.summary;
  out += "\n\nUsage: arcella-cli ";
  out += command.name;
  if (!command.syntax.empty()) out += ' ';
  out += command.syntax;
  out += "\n\n";
  if (!command.help.empty()) {
    out += command.help;
    out += "\n\n";
  }
  append_global_options(out);
  out += "\nExamples:\n";
  out += indented(command.example);
  out += '\n';
  return out;
}

std::string exit_codes_text() {
  std::map<int, std::vector<std::string_view>> by_status;
  for (int i = 0; i < kErrorCodeCount; ++i) {
    const ErrorTraits& traits = traits_of(static_cast<ErrorCode>(i));
    by_status[traits.exit_status].push_back(traits.name);
  }
  std::string out =
      "Exit status of arcella-cli; in brackets the codes of ALME (docs/alme-protocol.md)\n\n"
      "    0  done\n";
  for (const auto& [status, names] : by_status) {
    out += "    " + std::to_string(status) + "  ";
    out += meaning_of(status);
    out += "\n       [" + join(names, ", ") + "]\n";
  }
  out +=
      "  130  interrupted by Ctrl-C; a guest that `run` started is ended\n\n"
      "`run` exits with the guest's own status when the guest ended by itself.\n";
  return out;
}

}  // namespace arcella::cli
