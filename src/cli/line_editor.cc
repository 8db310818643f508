// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/line_editor.h"

#include <histedit.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cwchar>
#include <utility>

#include "base/limits.h"

namespace arcella::cli {
namespace {

struct EndEditor {
  void operator()(EditLine* editor) const { ::el_end(editor); }
};
struct EndHistory {
  void operator()(History* history) const { ::history_end(history); }
};

// libedit works on wide characters: it needs a locale that knows UTF-8, whatever LANG says.
// NOLINTBEGIN(concurrency-mt-unsafe): the shell has one thread
void use_utf8() {
  std::setlocale(LC_CTYPE, "");
  if (MB_CUR_MAX == 1) std::setlocale(LC_CTYPE, "C.UTF-8");
}
// NOLINTEND(concurrency-mt-unsafe)

int characters_in(std::string_view utf8) {
  return static_cast<int>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) != 0x80;
  }));
}

}  // namespace

class LineEditor::Libedit {
 public:
  Libedit(ShellSignals& signals, OnTab on_tab) : signals_(signals), on_tab_(std::move(on_tab)) {}

  Result<void> start() {
    use_utf8();
    history_.reset(::history_init());
    editor_.reset(::el_init("arcella-cli", stdin, stdout, stderr));
    if (!history_ || !editor_) return fail(ErrorCode::Io, "the terminal cannot be used");
    EditLine* editor = editor_.get();
    HistEvent event;
    ::history(history_.get(), &event, H_SETSIZE, static_cast<int>(limits::kShellHistoryLinesMax));
    ::el_set(editor, EL_CLIENTDATA, this);
    ::el_set(editor, EL_PROMPT, &Libedit::show_prompt);
    ::el_set(editor, EL_HIST, &::history, history_.get());
    ::el_set(editor, EL_GETCFN, &Libedit::get_character);
    ::el_set(editor, EL_EDITOR, "emacs");
    ::el_set(editor, EL_ADDFN, "arcella-complete", "complete the word", &Libedit::on_tab);
    ::el_set(editor, EL_BIND, "^I", "arcella-complete", nullptr);
    ::el_set(editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
    // At Ctrl-C the terminal sends the signal first and then drops what it has not passed on: also
    // the prompt, when we were quick to answer. read() drops the input itself.
    ::el_set(editor, EL_SETTY, "-d", "+noflsh", nullptr);
    ::el_source(editor, nullptr);  // ~/.editrc: the user's own keys
    return {};
  }

  void remember(const std::string& line) {
    HistEvent event;
    ::history(history_.get(), &event, H_ENTER, line.c_str());
  }

  Typed read(const std::string& prompt, std::string& line) {
    prompt_ = prompt;
    interrupted_ = false;
    int count = 0;
    // el_gets shows the prompt first: a Ctrl-D that answers it at once would be the terminal's own.
    ::el_set(editor_.get(), EL_PREP_TERM, 1);
    const char* text = ::el_gets(editor_.get(), &count);
    if (interrupted_ || signals_.ended()) {
      ::tcflush(STDIN_FILENO, TCIFLUSH);
      std::fputs(interrupted_ ? "^C\n" : "\n", stdout);
      std::fflush(stdout);
      ::el_reset(editor_.get());
      return signals_.ended() ? Typed::End : Typed::Interrupted;
    }
    if (text == nullptr || count <= 0) {
      std::fputc('\n', stdout);
      std::fflush(stdout);
      return Typed::End;
    }
    line.assign(text, static_cast<std::size_t>(count));
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
    return Typed::Line;
  }

 private:
  static Libedit& self(EditLine* editor) {
    void* data = nullptr;
    ::el_get(editor, EL_CLIENTDATA, &data);
    return *static_cast<Libedit*>(data);
  }
  static char* show_prompt(EditLine* editor) { return self(editor).prompt_.data(); }
  static int get_character(EditLine* editor, wchar_t* character) {
    return self(editor).next_character(character);
  }
  static unsigned char on_tab(EditLine* editor, int) { return self(editor).complete(); }

  // As libedit wants it: 1 and the character, 0 at the end, -1 when the line is given up.
  int next_character(wchar_t* character) {
    std::mbstate_t state{};
    for (;;) {
      char byte = 0;
      const int got = next_byte(byte);
      if (got <= 0) return got;
      // NOLINTNEXTLINE(concurrency-mt-unsafe): the state is ours
      const std::size_t used = std::mbrtowc(character, &byte, 1, &state);
      if (used == static_cast<std::size_t>(-2)) continue;  // more bytes of it come
      if (used != static_cast<std::size_t>(-1)) return 1;
      state = {};  // not UTF-8: as if it had not been typed
    }
  }
  int next_byte(char& byte) {
    for (;;) {
      std::array<pollfd, 3> entries{{{STDIN_FILENO, POLLIN, 0},
                                     {signals_.interrupt_fd(), POLLIN, 0},
                                     {signals_.terminal_fd(), POLLIN, 0}}};
      if (::poll(entries.data(), entries.size(), -1) < 0 && errno != EINTR) return -1;
      if (entries[1].revents != 0 && signals_.take_interrupt()) {
        interrupted_ = !signals_.ended();
        errno = EINTR;
        return -1;
      }
      if (entries[2].revents != 0) take_terminal_change();
      if (entries[0].revents != 0) {
        const ssize_t count = ::read(STDIN_FILENO, &byte, 1);
        if (count >= 0) return static_cast<int>(count);
        if (errno == EIO) return 0;  // the terminal hung up
        if (errno != EINTR && errno != EAGAIN) return -1;
      }
    }
  }
  void take_terminal_change() {
    while (const std::optional<int> signal = signals_.take_terminal_change()) {
      if (*signal == SIGCONT) ::el_set(editor_.get(), EL_PREP_TERM, 1);
      ::el_resize(editor_.get());
      ::el_set(editor_.get(), EL_REFRESH);
    }
  }

  unsigned char complete() {
    const LineInfo* info = ::el_line(editor_.get());
    const std::string_view line(info->buffer,
                                static_cast<std::size_t>(info->cursor - info->buffer));
    const std::string kept(line);  // libedit's own is good until its next call
    const TabEffect effect = on_tab_(kept);
    if (!effect.replacement.empty()) {
      ::el_deletestr(editor_.get(), characters_in(std::string_view(kept).substr(effect.start)));
      if (::el_insertstr(editor_.get(), effect.replacement.c_str()) != 0) return CC_ERROR;
      return CC_REFRESH;
    }
    if (effect.shown.empty()) return CC_ERROR;  // beeps
    const std::string text = candidates_text(effect.shown, terminal_width(STDOUT_FILENO));
    std::fputc('\n', stdout);
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
    return CC_REDISPLAY;
  }

  ShellSignals& signals_;
  OnTab on_tab_;
  std::unique_ptr<History, EndHistory> history_;
  std::unique_ptr<EditLine, EndEditor> editor_;
  std::string prompt_;
  bool interrupted_ = false;
};

LineEditor::LineEditor(std::unique_ptr<Libedit> libedit) : libedit_(std::move(libedit)) {}
LineEditor::LineEditor(LineEditor&& other) noexcept = default;
LineEditor::~LineEditor() = default;

Result<LineEditor> LineEditor::open(ShellSignals& signals, OnTab on_tab) {
  auto libedit = std::make_unique<Libedit>(signals, std::move(on_tab));
  ARCELLA_TRY_VOID(libedit->start());
  return LineEditor(std::move(libedit));
}

void LineEditor::remember(const std::string& line) {
  libedit_->remember(line);
}

Typed LineEditor::read(const std::string& prompt, std::string& line) {
  return libedit_->read(prompt, line);
}

std::size_t terminal_width(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

}  // namespace arcella::cli
