// SPDX-License-Identifier: Apache-2.0 OR MIT
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ostream>
#include <utility>

#include "base/limits.h"
#include "base/text.h"
#include "cli/shell.h"
#include "cli/shell_line.h"
#include "wire/frame_codec.h"

namespace arcella::cli {
namespace {

// Lines as they come: from a pipe the first is carried out before the second is written.
class LineReader {
 public:
  explicit LineReader(int fd) : fd_(fd) {}

  // nullopt at the end.
  Result<std::optional<std::string>> next() {
    for (;;) {
      ARCELLA_TRY(auto line, codec_.next());
      if (line) return std::string(*line);
      if (ended_) return std::nullopt;
      std::array<char, 4096> buffer;
      const ssize_t count = ::read(fd_, buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return fail(Error::from_errno(errno, "reading on"));
      ended_ = count == 0;
      // The last line needs no newline.
      if (ended_ && codec_.mid_frame()) codec_.feed("\n");
      codec_.feed(std::string_view(buffer.data(), static_cast<std::size_t>(count)));
    }
  }

 private:
  int fd_;
  wire::LineCodec codec_{limits::kShellLineBytesMax};
  bool ended_ = false;
};

}  // namespace

Result<int> run_script(int fd, const std::string& name, bool keep_going,
                       const Environment& environment, Surroundings& surroundings,
                       const Execute& execute) {
  Connection connection;
  LineReader lines(fd);
  int status = 0;
  for (int number = 1;; ++number) {
    const std::string where = inert(name) + ":" + std::to_string(number);
    auto line = lines.next();
    if (!line.has_value()) return fail(std::move(line).error().with_context(where));
    if (!*line) return status;
    auto done = carry_out_line(**line, environment, surroundings, connection, execute);
    surroundings.out.flush();
    if (!surroundings.out.good()) return status;  // run_program reports it
    if (done.has_value() && done->leave) return status;
    if (done.has_value() && done->status == 0) continue;
    int failed = 0;
    if (done.has_value()) {
      failed = done->status;
      surroundings.err << "arcella-cli: " << where << ": the command ended with exit status "
                       << failed << '\n';
    } else {
      failed = traits_of(done.error().code()).exit_status;
      surroundings.err << render_error(std::move(done).error().with_context(where));
    }
    surroundings.err.flush();
    if (!keep_going) return failed;
    if (status == 0) status = failed;
  }
}

}  // namespace arcella::cli
