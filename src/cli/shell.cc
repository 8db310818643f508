// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/shell.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <ostream>
#include <utility>

#include "base/limits.h"
#include "base/text.h"
#include "base/unique_fd.h"
#include "base/version.h"
#include "cli/history_file.h"
#include "cli/line_editor.h"
#include "cli/live_sources.h"
#include "cli/prompt.h"
#include "cli/shell_line.h"
#include "cli/signals.h"

namespace arcella::cli {
namespace {

constexpr int kSignalStatus = 128;  // and its number, as shells have it

// What the terminal's user sees and types. One command after the other; Ctrl-C ends the command,
// the next line has a fresh connection.
class InteractiveShell {
 public:
  InteractiveShell(const Environment& environment, Surroundings& surroundings,
                   const Execute& execute, ShellSignals& signals)
      : environment_(environment),
        here_(surroundings),
        execute_(execute),
        signals_(signals),
        connection_(signals.interrupt_fd()),
        sources_(connection_, environment_) {}

  Result<int> run() {
    ARCELLA_TRY(auto editor, LineEditor::open(signals_, [this](std::string_view line) {
                  return tab(line, sources_, kShellCommands);
                }));
    editor_.emplace(std::move(editor));
    open_history();
    here_.out << "arcella-cli " << version()
              << ": help lists the commands, TAB completes, Ctrl-D leaves\n"
              << std::flush;
    while (!signals_.ended()) {
      std::string line;
      const Typed typed = editor_->read(prompt(), line);
      if (typed == Typed::End) break;
      if (typed == Typed::Interrupted) continue;
      remember(line);
      if (carry_out(line) == Next::Leave) break;
    }
    return signals_.ended() ? kSignalStatus + *signals_.ended() : 0;
  }

 private:
  enum class Next { Line, Leave };

  void report(const Error& error) { here_.err << render_error(error) << std::flush; }

  void open_history() {
    auto opened = HistoryFile::open(history_path(environment_.state_home, environment_.user_home));
    if (!opened.has_value()) {
      report(std::move(opened).error().with_context("no history"));
      opened = HistoryFile::open("");
    }
    history_.emplace(std::move(*opened));
    for (const std::string& line : history_->lines()) editor_->remember(line);
  }
  void remember(const std::string& line) {
    auto kept = history_->append(line);
    if (!kept.has_value()) {
      report(std::move(kept).error().with_context("the history is not kept"));
      history_.emplace(*HistoryFile::open(""));
    } else if (*kept) {
      editor_->remember(line);
    }
  }

  std::string prompt() {
    forget_interrupts();
    return prompt_text(ask_state(connection_, environment_));
  }
  // A Ctrl-C that came since the line was entered is for this command.
  Next carry_out(const std::string& line) {
    here_.width = terminal_width(STDOUT_FILENO);  // it may have been resized
    auto done = carry_out_line(line, environment_, here_, connection_, execute_);
    here_.out.flush();
    if (!done.has_value()) {
      // Ctrl-C stands on the terminal already.
      if (done.error().code() == ErrorCode::Cancelled && forget_interrupts()) {
        here_.out << '\n' << std::flush;
        connection_.close();  // what it asked for, and still runs, ends with that
      } else {
        report(done.error());
      }
      return Next::Line;
    }
    if (done->status != 0) here_.err << "exit status " << done->status << '\n' << std::flush;
    return done->leave ? Next::Leave : Next::Line;
  }
  // True if there were any: they were for what is over.
  bool forget_interrupts() {
    bool any = false;
    while (signals_.take_interrupt()) any = true;
    return any;
  }

  const Environment& environment_;
  Surroundings& here_;
  const Execute& execute_;
  ShellSignals& signals_;
  Connection connection_;
  LiveSources sources_;
  std::optional<LineEditor> editor_;
  std::optional<HistoryFile> history_;
};

Result<int> run_file(const std::string& file, bool keep_going, const Environment& environment,
                     Surroundings& surroundings, const Execute& execute) {
  const std::string path = absolute_path(file, environment.folder);
  const UniqueFd script(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!script.valid()) return fail(Error::from_errno(errno, inert(file)));
  return run_script(script.get(), file, keep_going, environment, surroundings, execute);
}

// A guest of `run` must not read the script that is still to come: it gets an empty standard input.
Result<int> run_standard_input(bool keep_going, const Environment& environment,
                               Surroundings& surroundings, const Execute& execute) {
  const UniqueFd script(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!script.valid()) return fail(Error::from_errno(errno, "standard input"));
  const UniqueFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!nothing.valid() || ::dup2(nothing.get(), STDIN_FILENO) < 0) {
    return fail(Error::from_errno(errno, "/dev/null"));
  }
  return run_script(script.get(), "standard input", keep_going, environment, surroundings, execute);
}

}  // namespace

Result<int> run_shell(const ShellOptions& options, const Environment& environment,
                      Surroundings& surroundings, const Execute& execute) {
  if (options.file) {
    return run_file(*options.file, options.keep_going, environment, surroundings, execute);
  }
  if (!surroundings.interactive) {
    return run_standard_input(options.keep_going, environment, surroundings, execute);
  }
  ARCELLA_TRY(auto signals, ShellSignals::open());
  return InteractiveShell(environment, surroundings, execute, signals).run();
}

}  // namespace arcella::cli
