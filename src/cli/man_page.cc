// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/man_page.h"

#include "base/version.h"
#include "cli/command_table.h"

namespace arcella::cli {
namespace {

constexpr std::string_view kHead =
    ".SH NAME\n"
    "arcella-cli \\- install, deploy, run and watch WebAssembly components\n"
    ".SH SYNOPSIS\n"
    ".B arcella-cli\n"
    "[\\fIOPTIONS\\fR] \\fICOMMAND\\fR ...\n"
    ".br\n"
    ".B arcella-cli shell\n"
    "[\\fB\\-f\\fR \\fIFILE\\fR]\n"
    ".SH DESCRIPTION\n"
    "Asks the daemon\n"
    ".BR arcella (1)\n"
    "through its socket. Results go to standard output, as tables for people or with\n"
    ".B \\-\\-json\n"
    "as one JSON object; a failure is one line on standard error that says what, where and how to\n"
    "mend it.\n";

constexpr std::string_view kTail =
    ".SH ENVIRONMENT\n"
    ".TP\n.B ARCELLA_HOME\nhome of the daemon, where \\-\\-home does not say it\n"
    ".TP\n.B NO_COLOR\nno colours on a terminal either\n"
    ".TP\n.B XDG_STATE_HOME\nwhere the shell keeps its history; else ~/.local/state\n"
    ".SH FILES\n"
    ".TP\n.I ~/.arcella/alme\nthe daemon's socket, where no other home is named\n"
    ".TP\n.I ~/.local/state/arcella/cli_history\nthe last lines of the shell\n"
    ".TP\n.I ~/.editrc\nkeys of the shell's line editor, as\n.BR editrc (5)\nhas it\n"
    ".SH SEE ALSO\n"
    ".BR arcella (1)\n";

// Lines that are shown as they stand.
void append_example(std::string& out, std::string_view text) {
  out += ".RS 4\n.EX\n" + troff_text(text);
  if (out.back() != '\n') out += '\n';
  out += ".EE\n.RE\n";
}

void append_command(std::string& out, const Command& command) {
  out += ".SS " + troff_text(command.name) + " " + troff_text(command.syntax);
  while (out.back() == ' ') out.pop_back();
  out += '\n' + troff_text(command.summary) + ".\n";
  if (!command.help.empty()) out += troff_text(command.help) + '\n';
  append_example(out, command.example);
}

}  // namespace

std::string troff_text(std::string_view text) {
  std::string out;
  bool line_starts = true;
  for (char c : text) {
    // A control line begins so.
    if (line_starts && (c == '.' || c == '\'')) out += "\\&";
    line_starts = c == '\n';
    switch (c) {
      case '\\':
        out += "\\e";
        break;
      case '-':  // a hyphen could not be copied and typed
        out += "\\-";
        break;
      case '\'':
        out += "\\(aq";
        break;
      case '~':
        out += "\\(ti";
        break;
      case '^':
        out += "\\(ha";
        break;
      case '`':
        out += "\\(ga";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string man_page() {
  // No date: the page is the same whenever it is made.
  std::string out = ".\\\" Made by script/manual from the command table; do not edit.\n";
  out += ".TH ARCELLA\\-CLI 1 \"\" \"Arcella " + std::string(version()) + "\" \"User Commands\"\n";
  out += kHead;
  out += ".SH OPTIONS\nBefore or after the command:\n";
  for (const GlobalOption& option : global_options()) {
    out += ".TP\n.B " + troff_text(option.syntax) + "\n" + troff_text(option.summary) + "\n";
  }
  out += ".TP\n.B \\-\\-version\nprint the version\n.SH COMMANDS\n";
  for (const Command& command : commands()) append_command(out, command);
  out += ".SH EXIT STATUS\n";
  append_example(out, exit_codes_text());
  out += kTail;
  return out;
}

}  // namespace arcella::cli
