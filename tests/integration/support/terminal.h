// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// A program at a terminal of its own, as somebody sits there: keys go in, what is shown comes out.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "support/process.h"

namespace arcella::integration {

namespace keys {
inline constexpr const char* kEnter = "\r";
inline constexpr const char* kTab = "\t";
inline constexpr const char* kUp = "\x1b[A";
inline constexpr const char* kCtrlA = "\x01";
inline constexpr const char* kCtrlC = "\x03";
inline constexpr const char* kCtrlD = "\x04";
}  // namespace keys

// Owner: the test.  Thread: one. Every wait is under kDeadline.
class Terminal {
 public:
  // `variables` are set for the program beside TERM=xterm; it starts in `folder`.
  Terminal(std::vector<std::string> argv, const std::vector<std::string>& variables,
           const std::string& folder);

  void type(std::string_view keys);
  // Reads until `text` is shown behind what was waited for before; false at the end of the program
  // or after the deadline. Escape sequences are left out.
  [[nodiscard]] bool shows(std::string_view text);
  // The same for the program that has ended: its exit status.
  int wait();
  void resize(unsigned short rows, unsigned short columns);
  // All that was shown so far, for messages.
  [[nodiscard]] const std::string& shown() const noexcept { return shown_; }
  // The same with its escape sequences.
  [[nodiscard]] const std::string& raw() const noexcept { return raw_; }
  // True when the program's terminal echoes and takes whole lines again.
  [[nodiscard]] bool is_cooked() const;
  [[nodiscard]] Process& process() noexcept { return *process_; }

 private:
  bool read_more();

  UniqueFd master_;
  UniqueFd slave_;  // keeps what the program set, and wrote, when it is gone
  std::unique_ptr<Process> process_;
  std::string shown_;
  std::string raw_;
  std::string sequence_;        // an escape sequence that is not complete
  std::size_t waited_for_ = 0;  // where the next shows() looks from
};

}  // namespace arcella::integration
