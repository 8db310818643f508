// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What a request costs at a client of the control socket, against the least a Unix socket can do.
//   alme_bench SOCKET [CPU ECHO_CPU]   then rounds (rounds.h)
// With the numbers this process stays on CPU and the other end of `floor` on ECHO_CPU.
// NAME: floor      a line there and a line back between two processes that do nothing else
//       ping       the same with the daemon
//       pipelined  `call` of calc's add, kWindow of them unanswered at any time
//       list       `list` of all instances
#include <sched.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "rounds.h"

namespace {

constexpr int kWindow = 128;  // half of what a client may have unanswered
constexpr std::size_t kReadBytes = 1U << 20;

constexpr std::string_view kPing = R"({"jsonrpc":"2.0","id":1,"method":"ping"})"
                                   "\n";
constexpr std::string_view kCall =
    R"({"jsonrpc":"2.0","id":1,"method":"call","params":{"deployment":"calc","function":"add","args":"20, 22"}})"
    "\n";
constexpr std::string_view kList =
    R"({"jsonrpc":"2.0","id":1,"method":"list","params":{"what":["instances"]}})"
    "\n";

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

// Where two processes run decides what a wake-up costs (4 or 20 us here), so it must not be chance.
void stay_on(const char* cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(std::atoi(cpu)), &set);
  if (::sched_setaffinity(0, sizeof set, &set) != 0) die("alme_bench: sched_setaffinity");
}

// A connection over which lines go both ways, with blocking calls: the shortest way there is.
class Lines {
 public:
  explicit Lines(int fd) : fd_(fd), buffer_(kReadBytes) {}

  void write(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t written = ::write(fd_, text.data(), text.size());
      if (written <= 0) die("alme_bench: write");
      text.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  // Waits for what is there and returns how many lines ended in it; 0 when the peer is gone.
  int read() {
    const ssize_t length = ::read(fd_, buffer_.data(), buffer_.size());
    if (length < 0) die("alme_bench: read");
    int lines = 0;
    for (ssize_t i = 0; i < length; ++i) lines += buffer_[static_cast<std::size_t>(i)] == '\n';
    if (std::string_view(buffer_.data(), static_cast<std::size_t>(length)).find("\"error\"") !=
        std::string_view::npos) {
      std::fprintf(stderr, "alme_bench: %.*s", static_cast<int>(length), buffer_.data());
      std::exit(1);
    }
    return lines;
  }

  void exchange(std::string_view request) {
    write(request);
    while (read() == 0) continue;
  }

 private:
  int fd_;
  std::vector<char> buffer_;
};

int connect_to(const char* path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (std::strlen(path) >= sizeof(address.sun_path)) die("alme_bench: the socket's path is long");
  std::strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    die("alme_bench: connect");
  }
  return fd;
}

// The other end of `floor`: answers each line with one as long as the daemon's pong.
int start_echo(const char* cpu) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0) die("alme_bench: socketpair");
  const pid_t child = ::fork();
  if (child < 0) die("alme_bench: fork");
  if (child > 0) {
    ::close(ends[1]);
    return ends[0];
  }
  ::close(ends[0]);
  if (cpu != nullptr) stay_on(cpu);
  Lines lines(ends[1]);
  constexpr std::string_view kPong =
      R"({"jsonrpc":"2.0","id":1,"result":{"pong":true,"version":"0.1.0"}})"
      "\n";
  while (lines.read() > 0) lines.write(kPong);
  std::_Exit(0);
}

void pipeline(Lines& daemon, int count) {
  std::string burst;
  int sent = 0;
  int answered = 0;
  while (answered < count) {
    burst.clear();
    while (sent < count && sent - answered < kWindow) {
      burst += kCall;
      ++sent;
    }
    daemon.write(burst);
    answered += daemon.read();
  }
}

double round(const std::string& name, int count, Lines& floor, Lines& daemon) {
  const auto started = std::chrono::steady_clock::now();
  if (name == "pipelined") {
    pipeline(daemon, count);
  } else {
    Lines& peer = name == "floor" ? floor : daemon;
    const std::string_view request = name == "list" ? kList : kPing;
    for (int i = 0; i < count; ++i) peer.exchange(request);
  }
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - started;
  return took.count() / count;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 4) {
    std::fputs("usage: alme_bench SOCKET [CPU ECHO_CPU]\n", stderr);
    return 2;
  }
  Lines floor(start_echo(argc == 4 ? argv[3] : nullptr));
  if (argc == 4) stay_on(argv[2]);
  Lines daemon(connect_to(argv[1]));
  const auto served = arcella::bench::serve_rounds(
      [&](const std::string& name, std::uint32_t count) -> arcella::Result<double> {
        return round(name, static_cast<int>(count), floor, daemon);
      });
  if (served.has_value()) return 0;
  std::fprintf(stderr, "alme_bench: %s\n", served.error().message().c_str());
  return 1;
}
