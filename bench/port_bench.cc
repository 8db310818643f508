// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What a call costs whose provider is in another process: host::RemoteCallee and host::CallPort on
// both sides of a socket pair, a real guest behind the far one.
//   port_bench ECHO    artifact of guests/echo; then rounds (rounds.h)
// NAME: u32-p50, u32-p99      calls of `add`, each begun by the end of the one before
//       u32-64                64 at once: time per call
//       direct-p50            as u32-p50, between two workers with a link: the far side has a route
//       via-p50               the same through a third process, as through the daemon
//       bytes-N[-p50]         `echo-bytes` of N bytes, one at a time: time per call
//       floor-p50, floor-p99  frames of a call's and of a result's size to and fro, by blocking
//                             calls of two processes that do nothing else
//       floor-64              64 such frames under way, all that is there answered at once;
//                             time per frame
//       asio-64               64 such frames under way, between two processes that read and write
//                             each frame by itself with Boost.Asio; time per frame
//       memcpy-N              a copy of N bytes
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <functional>
#include <future>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "engine/engine.h"
#include "host/call_port.h"
#include "host/engine_pool.h"
#include "host/remote_callee.h"
#include "hosted.h"
#include "rounds.h"

namespace arcella::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Samples = std::vector<double>;  // nanoseconds

constexpr std::uint32_t kSlot = 1;
constexpr std::uint32_t kAdd = 0;  // in the order in which the provider resolves them
constexpr std::uint32_t kEchoBytes = 1;
constexpr std::size_t kCallBytes = ipc::kDataHeaderBytes + 8;
constexpr std::size_t kResultBytes = ipc::kDataHeaderBytes + 4;
constexpr std::uint32_t kAtOnce = 64;

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "port_bench: %s\n", what.c_str());
  std::_Exit(1);
}

std::pair<UniqueFd, UniqueFd> socket_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) die("socketpair");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

double ns_since(Clock::time_point start) {
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

void read_exactly(int fd, std::byte* to, std::size_t size) {
  for (std::size_t have = 0; have < size;) {
    const ssize_t got = ::read(fd, to + have, size - have);
    if (got <= 0) std::_Exit(0);
    have += static_cast<std::size_t>(got);
  }
}
void write_all(int fd, const std::byte* from, std::size_t size) {
  for (std::size_t sent = 0; sent < size;) {
    const ssize_t count = ::write(fd, from + sent, size - sent);
    if (count <= 0) std::_Exit(0);
    sent += static_cast<std::size_t>(count);
  }
}

// --- the far side ---

std::shared_ptr<host::Route> route_to(std::shared_ptr<host::Callee> callee,
                                      std::vector<std::uint32_t> functions) {
  return std::make_shared<host::Route>(kSlot, std::move(callee), std::move(functions),
                                       std::make_shared<host::Handles>());
}

// Serves until the other side is gone; `link` as one of another worker, `daemon` as the daemon's.
[[noreturn]] void provide(ipc::DataEnd end, ipc::DataEnd link, ipc::DataEnd daemon,
                          const char* artifact) {
  const auto engine = engine::Engine::create(engine::EngineConfig{});
  if (!engine) die(engine.error().message());
  HostedGuests guests(**engine);
  const auto deployed = guests.deploy("echo", artifact);
  if (!deployed) die(deployed.error().message());
  const std::shared_ptr<host::HostedDeployment>& provider = *deployed;
  for (const char* function : {"add", "echo-bytes"}) {
    if (!provider->resolve(std::string("bench:calls/ops@1.0.0#") + function)) die(function);
  }
  std::promise<void> gone;
  const int channel = end.socket.get();
  const auto port =
      host::CallPort::open(std::move(end), guests.pool(), host::CallPort::Side::Worker,
                           [&gone](const Error&) { gone.set_value(); });
  if (!port) die(port.error().message());
  (*port)->serve(kSlot, provider);
  const auto linked =
      host::CallPort::open(std::move(link), guests.pool(), host::CallPort::Side::Link, {});
  if (!linked) die(linked.error().message());
  (*linked)->serve(kSlot, route_to(provider, {kAdd}));
  const auto served =
      host::CallPort::open(std::move(daemon), guests.pool(), host::CallPort::Side::Worker, {});
  if (!served) die(served.error().message());
  (*served)->serve(kSlot, provider);
  const std::byte ready{1};  // before any frame: calls may come now
  write_all(channel, &ready, 1);
  gone.get_future().wait();
  std::_Exit(0);
}

// What the daemon does for two workers: calls from the one by a route to the other.
[[noreturn]] void pass_on(ipc::DataEnd from, ipc::DataEnd to) {
  host::EnginePool pool(1);
  std::promise<void> gone;
  const auto provider = host::CallPort::open(std::move(to), pool, host::CallPort::Side::Daemon, {});
  const auto consumer = host::CallPort::open(std::move(from), pool, host::CallPort::Side::Daemon,
                                             [&gone](const Error&) { gone.set_value(); });
  if (!provider || !consumer) die("the process in between");
  auto callee = std::make_shared<host::RemoteCallee>(*provider, kSlot,
                                                     host::RemoteCallee::Functions{}, kRoundMax);
  (*consumer)->serve(kSlot, route_to(std::move(callee), {kAdd}));
  gone.get_future().wait();
  std::_Exit(0);
}

// Answers each frame of a call's size with one of a result's; those that came together together.
[[noreturn]] void echo(const UniqueFd& socket) {
  std::vector<std::byte> buffer(kCallBytes * 1024);
  std::size_t have = 0;
  while (true) {
    const ssize_t got = ::read(socket.get(), buffer.data() + have, buffer.size() - have);
    if (got <= 0) std::_Exit(0);
    have += static_cast<std::size_t>(got);
    const std::size_t frames = have / kCallBytes;
    write_all(socket.get(), buffer.data(), frames * kResultBytes);
    have -= frames * kCallBytes;
  }
}

// One end of the floor that is made as Asio's examples are: a header is read, then its payload;
// each frame is answered by one of its own, one write at a time.
class AsioEnd {
 public:
  AsioEnd(UniqueFd socket, std::size_t bytes_in, std::size_t bytes_out)
      : socket_(io_, boost::asio::local::stream_protocol(), socket.release()),
        in_(bytes_in),
        out_(bytes_out) {}

  // Sends `at_once` frames and one for each that comes, `count` in all; until as many have come.
  void exchange(std::uint32_t count, std::uint32_t at_once) {
    to_come_ = count;
    to_send_ = count - at_once;
    owed_ = at_once;
    io_.restart();
    write();
    read();
    io_.run();
  }
  [[noreturn]] void echo() {
    to_come_ = to_send_ = std::numeric_limits<std::uint64_t>::max();
    read();
    io_.run();
    std::_Exit(0);  // the other side has ended
  }

 private:
  void read() {
    const auto header = boost::asio::buffer(in_.data(), ipc::kDataHeaderBytes);
    boost::asio::async_read(socket_, header, [this](boost::system::error_code failed, std::size_t) {
      if (!failed) read_payload();
    });
  }
  void read_payload() {
    const auto payload = boost::asio::buffer(in_.data(), in_.size()) + ipc::kDataHeaderBytes;
    boost::asio::async_read(socket_, payload,
                            [this](boost::system::error_code failed, std::size_t) {
                              if (!failed) came();
                            });
  }
  void came() {
    if (to_send_ > 0) {
      --to_send_;
      if (owed_++ == 0) write();
    }
    if (--to_come_ > 0) read();
  }
  void write() {
    boost::asio::async_write(socket_, boost::asio::buffer(out_),
                             [this](boost::system::error_code failed, std::size_t) {
                               if (!failed && --owed_ > 0) write();
                             });
  }

  boost::asio::io_context io_{1};
  boost::asio::local::stream_protocol::socket socket_;
  std::vector<std::byte> in_;
  std::vector<std::byte> out_;
  std::uint64_t to_come_ = 0;
  std::uint64_t to_send_ = 0;
  std::uint64_t owed_ = 0;  // frames that are written or wait for it
};

// It ends with this process: each child has the ends of all sockets that were made before it, and
// would wait for its own to be closed.
template <class Body>
void in_another_process(Body body) {
  const pid_t child = ::fork();
  if (child < 0) die("fork");
  if (child != 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  body();
}

// --- this side ---

class Caller {
 public:
  Caller(ipc::DataEnd end, host::CallPort::Side side) {
    auto opened = host::CallPort::open(std::move(end), pool_, side,
                                       [](const Error& why) { die(why.message()); });
    if (!opened) die(opened.error().message());
    callee_ = std::make_unique<host::RemoteCallee>(*opened, kSlot, host::RemoteCallee::Functions{},
                                                   kRoundMax);
  }

  // `count` calls, `at_once` of them under way; the nanoseconds of each.
  Samples run(std::uint32_t function, std::span<const std::byte> arguments, std::uint32_t count,
              std::uint32_t at_once) {
    State state{Samples(count), function, arguments, {}, {}, {}};
    state.left = count;
    pool_.post([&] {
      for (std::uint32_t i = 0; i < std::min(at_once, count); ++i) next(state);
    });
    state.over.get_future().wait();
    return std::move(state.samples);
  }

 private:
  struct State {
    Samples samples;
    std::uint32_t function;
    std::span<const std::byte> arguments;
    std::atomic<std::uint32_t> begun;
    std::atomic<std::uint32_t> left;
    std::promise<void> over;
  };

  void next(State& state) {
    const std::uint32_t number = state.begun++;
    if (number >= state.samples.size()) return;
    const Clock::time_point start = Clock::now();
    callee_->call(std::nullopt, state.function, engine::Encoding::Arena, state.arguments, {},
                  nullptr, [this, &state, number, start](const engine::CallOutcomeView& outcome) {
                    if (outcome.outcome != engine::Outcome::Returned)
                      die(std::string(outcome.message));
                    state.samples[number] = ns_since(start);
                    next(state);
                    if (--state.left == 0) state.over.set_value();
                  });
  }

  host::EnginePool pool_{1};
  std::unique_ptr<host::RemoteCallee> callee_;
};

Samples floor_samples(int socket, std::uint32_t count) {
  std::array<std::byte, kCallBytes> frame{};
  Samples samples;
  for (std::uint32_t i = 0; i < count; ++i) {
    const Clock::time_point start = Clock::now();
    write_all(socket, frame.data(), kCallBytes);
    read_exactly(socket, frame.data(), kResultBytes);
    samples.push_back(ns_since(start));
  }
  return samples;
}

// Per frame, kAtOnce of them under way: as many are sent as were answered.
double floor_at_once(int socket, std::uint32_t count) {
  std::vector<std::byte> buffer(kCallBytes * kAtOnce);
  const Clock::time_point start = Clock::now();
  write_all(socket, buffer.data(), buffer.size());
  std::size_t bytes = 0;
  for (std::uint32_t answered = 0; answered < count;) {
    const ssize_t got = ::read(socket, buffer.data(), buffer.size());
    if (got <= 0) die("the floor's other side has ended");
    bytes += static_cast<std::size_t>(got);
    const auto frames = static_cast<std::uint32_t>(bytes / kResultBytes);
    bytes -= frames * kResultBytes;
    answered += frames;
    write_all(socket, buffer.data(), frames * kCallBytes);
  }
  const double elapsed = ns_since(start);
  read_exactly(socket, buffer.data(), kAtOnce * kResultBytes - bytes);
  return elapsed / count;
}

double copy(std::size_t size, std::uint32_t count) {
  std::vector<std::byte> from(size, std::byte{1});
  std::vector<std::byte> to(size);
  const Clock::time_point start = Clock::now();
  for (std::uint32_t i = 0; i < count; ++i) {
    std::memcpy(to.data(), from.data(), size);
    from[i % size] = to[(i + 1) % size];  // so that no copy can be left out
  }
  return ns_since(start) / count;
}

double percentile(Samples samples, double part) {
  const auto at =
      samples.begin() + static_cast<std::ptrdiff_t>(part * static_cast<double>(samples.size() - 1));
  std::ranges::nth_element(samples, at);
  return *at;
}

double mean(const Samples& samples) {
  double sum = 0;
  for (const double sample : samples) sum += sample;
  return sum / static_cast<double>(samples.size());
}

// `(20, 22)` and a byte list of so many zeros, as arenas (docs/decisions/0013).
std::vector<std::byte> numbers(std::initializer_list<std::uint32_t> values, std::size_t more = 0) {
  std::vector<std::byte> bytes(values.size() * 4 + more);
  std::memcpy(bytes.data(), values.begin(), values.size() * 4);
  return bytes;
}

// One for each way to the provider.
struct Callers {
  Caller& daemon;
  Caller& link;
  Caller& via;
};

double round(const Callers& callers, int floor, AsioEnd& asio, const std::string& name,
             std::uint32_t count) {
  Caller& caller = callers.daemon;
  const std::vector<std::byte> sum = numbers({20, 22});
  const std::size_t dash = name.find('-');
  const std::string what = name.substr(0, dash);
  const std::string how = dash == std::string::npos ? "" : name.substr(dash + 1);
  const double part = how == "p99" ? 0.99 : 0.5;
  if (name == "floor-64") return floor_at_once(floor, count);
  if (name == "asio-64") {
    const Clock::time_point start = Clock::now();
    asio.exchange(count, kAtOnce);
    return ns_since(start) / count;
  }
  if (what == "floor") return percentile(floor_samples(floor, count), part);
  if (name == "u32-64") {
    const Clock::time_point start = Clock::now();
    caller.run(kAdd, sum, count, kAtOnce);
    return ns_since(start) / count;
  }
  if (name == "direct-p50") return percentile(callers.link.run(kAdd, sum, count, 1), part);
  if (name == "via-p50") return percentile(callers.via.run(kAdd, sum, count, 1), part);
  if (what == "u32") return percentile(caller.run(kAdd, sum, count, 1), part);
  const auto size = static_cast<std::uint32_t>(std::stoul(how));
  if (what == "memcpy") return copy(size, count);
  if (what == "bytes") {
    const Samples samples = caller.run(kEchoBytes, numbers({8, size}, size), count, 1);
    return name.ends_with("-p50") ? percentile(samples, 0.5) : mean(samples);
  }
  die("no round named " + name);
}

void run(const char* artifact) {
  auto calls = socket_pair();
  auto memory = ipc::SharedMemory::make();
  if (!memory) die(memory.error().message());
  auto link = socket_pair();
  auto way = socket_pair();     // to the process in between
  auto behind = socket_pair();  // and on to the provider
  auto frames = socket_pair();
  auto asio = socket_pair();
  in_another_process([&] {
    calls.first.reset();
    provide(ipc::DataEnd(std::move(calls.second), std::move(*memory), false),
            ipc::DataEnd(std::move(link.second)), ipc::DataEnd(std::move(behind.second)), artifact);
  });
  in_another_process(
      [&] { pass_on(ipc::DataEnd(std::move(way.second)), ipc::DataEnd(std::move(behind.first))); });
  in_another_process([&] {
    frames.first.reset();
    echo(frames.second);
  });
  in_another_process([&] {
    asio.first.reset();
    AsioEnd(std::move(asio.second), kCallBytes, kResultBytes).echo();
  });
  for (UniqueFd* end : {&calls.second, &link.second, &way.second, &behind.first, &behind.second})
    end->reset();
  frames.second.reset();
  asio.second.reset();
  std::byte ready{};
  read_exactly(calls.first.get(), &ready, 1);
  using Side = host::CallPort::Side;
  Caller caller(ipc::DataEnd(std::move(calls.first), std::move(*memory), true), Side::Daemon);
  Caller linked(ipc::DataEnd(std::move(link.first)), Side::Link);
  Caller via(ipc::DataEnd(std::move(way.first)), Side::Worker);
  AsioEnd asio_caller(std::move(asio.first), kResultBytes, kCallBytes);
  const auto served = serve_rounds([&](const std::string& name, std::uint32_t count) {
    return Result<double>(
        round({caller, linked, via}, frames.first.get(), asio_caller, name, count));
  });
  if (!served) die(served.error().message());
  std::_Exit(0);
}

}  // namespace
}  // namespace arcella::bench

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: port_bench ECHO\n", stderr);
    return 2;
  }
  arcella::bench::run(argv[1]);
}
