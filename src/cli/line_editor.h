// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// One line from a terminal, edited: libedit behind a class, and the only file that knows it.
// libedit has its own handling of signals, which sends them on to the whole process group; ours are
// descriptors (signals.h), so it reads its characters through us.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/signals.h"
#include "cli/tab.h"

namespace arcella::cli {

enum class Typed { Line, Interrupted, End };

// Owner: the shell.  Thread: one. `signals` outlives it. Between two reads the terminal is as it
// was.
class LineEditor {
 public:
  using OnTab = std::function<TabEffect(std::string_view line_to_cursor)>;
  // Standard input and output must be a terminal.
  static Result<LineEditor> open(ShellSignals& signals, OnTab on_tab);
  ~LineEditor();
  LineEditor(LineEditor&& other) noexcept;
  LineEditor& operator=(LineEditor&&) = delete;
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  // For arrow up; the latest last.
  void remember(const std::string& line);
  // Interrupted: Ctrl-C, the line is gone. End: Ctrl-D on an empty line, the terminal is gone, or
  // signals.ended(). `line` is without its newline.
  Typed read(const std::string& prompt, std::string& line);

 private:
  class Libedit;
  explicit LineEditor(std::unique_ptr<Libedit> libedit);
  std::unique_ptr<Libedit> libedit_;  // libedit holds its address
};

// Columns of the terminal behind a descriptor; 0 if it is none.
[[nodiscard]] std::size_t terminal_width(int fd);

}  // namespace arcella::cli
