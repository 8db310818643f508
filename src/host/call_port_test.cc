// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "host/call_port.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <future>
#include <latch>
#include <set>
#include <string>
#include <thread>

#include "base/limits.h"
#include "host/remote_callee.h"
#include "ipc/little_endian.h"
#include "ipc/shared_memory.h"

namespace arcella::host {
namespace {

using engine::CallOutcome;
using engine::CallOutcomeView;
using engine::Outcome;
using std::chrono::milliseconds;

constexpr milliseconds kPatience{60'000};

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

// What cancels a call of FakeCallee's that waits.
struct Waiting final : engine::CallHandle::State {
  explicit Waiting(engine::CallDone with) : done(std::move(with)) {}
  void cancel() override {
    CallOutcome outcome;
    outcome.outcome = Outcome::Cancelled;
    done(outcome);
  }
  engine::CallDone done;
};

constexpr std::size_t kLargeBytes = 1U << 20;

// Its functions are of this test.
class FakeCallee final : public Callee {
 public:
  enum Function : std::uint32_t { Echo, Fail, Block, Large, Never, LookTwice };

  Result<std::uint32_t> resolve(std::string_view) override { return 0U; }
  engine::CallHandle call(std::optional<int> index, std::uint32_t function, engine::Encoding,
                          std::span<const std::byte> arguments, milliseconds timeout,
                          CallChainPtr caller, engine::CallDone done) override {
    CallOutcome outcome;
    if (function == Echo) {
      outcome.payload.assign(arguments.begin(), arguments.end());
    } else if (function == Fail) {
      outcome.outcome = Outcome::Trapped;
      outcome.message = "index " + std::to_string(index.value_or(-1)) + " timeout " +
                        std::to_string(timeout.count()) + " chain " + to_string(caller.get());
      outcome.backtrace = "at f\nat g";
    } else if (function == Block) {
      begun.count_down();
      release.wait();
    } else if (function == Large) {
      outcome.payload.resize(kLargeBytes);
    } else if (function == LookTwice) {
      const std::vector<std::byte> seen(arguments.begin(), arguments.end());
      if (!std::ranges::equal(seen, arguments)) outcome.outcome = Outcome::Trapped;
    } else {
      auto state = std::make_shared<Waiting>(std::move(done));
      begun.count_down();
      return engine::CallHandle(std::move(state));
    }
    done(outcome);
    return {};
  }

  std::latch begun{1};
  std::latch release{1};
};

std::pair<UniqueFd, UniqueFd> socket_pair() {
  std::array<int, 2> ends{};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

ipc::DataHeader header_to(std::uint32_t function) {
  ipc::DataHeader header;
  header.slot = 7;
  header.function = function;
  header.encoding_or_outcome = static_cast<std::uint8_t>(engine::Encoding::Values);
  return header;
}

// A port that serves, and its peer: a bare socket.
class ServingPort : public ::testing::Test {
 protected:
  explicit ServingPort(CallPort::Side side = CallPort::Side::Worker, UniqueFd memory = {}) {
    auto ends = socket_pair();
    peer = std::move(ends.first);
    port = CallPort::open(ipc::DataEnd(std::move(ends.second), std::move(memory), false), pool,
                          side, [this](const Error& why) { lost.set_value(why); })
               .value();
    port->serve(7, callee);
  }
  ~ServingPort() override { port->close("the test is over"); }

  static ipc::DataHeader call_header(std::uint64_t request, std::uint32_t function) {
    ipc::DataHeader header = header_to(function);
    header.request = request;
    return header;
  }
  void send(ipc::DataHeader header, std::string_view payload) const {
    header.length = static_cast<std::uint32_t>(payload.size());
    send_raw(text_of(ipc::encode(header)).append(payload));
  }
  void send_raw(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t count = ::send(peer.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      ASSERT_GT(count, 0);
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  void receive_exactly(std::byte* to, std::size_t size) const {
    ASSERT_EQ(::recv(peer.get(), to, size, MSG_WAITALL), static_cast<ssize_t>(size));
  }
  [[nodiscard]] ipc::DataFrame receive() const {
    std::array<std::byte, ipc::kDataHeaderBytes> head{};
    receive_exactly(head.data(), head.size());
    auto header = ipc::decode(head);
    EXPECT_TRUE(header);
    const std::size_t size = header->shared ? ipc::kDataPlaceBytes : header->length;
    ipc::DataFrame frame{*header, std::vector<std::byte>(size)};
    if (size > 0) receive_exactly(frame.payload.data(), frame.payload.size());
    return frame;
  }
  static Outcome outcome_of(const ipc::DataFrame& frame) {
    EXPECT_EQ(frame.header.kind, ipc::DataKind::Result);
    return static_cast<Outcome>(frame.header.encoding_or_outcome);
  }

  EnginePool pool{2};
  std::shared_ptr<FakeCallee> callee = std::make_shared<FakeCallee>();
  std::promise<Error> lost;
  UniqueFd peer;
  std::shared_ptr<CallPort> port;
};

TEST_F(ServingPort, AnswersACallWithItsResult) {
  send(call_header(41, FakeCallee::Echo), "hello");
  const auto frame = receive();
  EXPECT_EQ(frame.header.request, 41U);
  EXPECT_EQ(outcome_of(frame), Outcome::Returned);
  EXPECT_EQ(text_of(frame.payload), "hello");
}

TEST_F(ServingPort, TellsWhyACallFailed) {
  ipc::DataHeader header = call_header(1, FakeCallee::Fail);
  header.index = 3;
  header.timeout_ms = 250;
  header.chain_bytes = 7;
  send(header,
       "arguments"
       "a/0 b/1");
  const auto frame = receive();
  EXPECT_EQ(outcome_of(frame), Outcome::Trapped);
  EXPECT_EQ(text_of(frame.payload),
            std::string("index 3 timeout 250 chain a/0 -> b/1") + '\0' + "at f\nat g");
}

TEST_F(ServingPort, RefusesAChainThatIsNone) {
  ipc::DataHeader header = call_header(1, FakeCallee::Echo);
  header.chain_bytes = 3;
  send(header, "../");
  EXPECT_EQ(outcome_of(receive()), Outcome::BadArguments);
}

TEST_F(ServingPort, AnswersManyCallsThatCameTogether) {
  constexpr std::uint64_t kCalls = 2000;
  std::string all;
  for (std::uint64_t request = 0; request < kCalls; ++request) {
    ipc::DataHeader header = call_header(request, FakeCallee::Echo);
    const std::string payload = std::to_string(request);
    header.length = static_cast<std::uint32_t>(payload.size());
    all += text_of(ipc::encode(header)) + payload;
  }
  std::thread sender([&] { send_raw(all); });
  std::set<std::uint64_t> seen;
  for (std::uint64_t i = 0; i < kCalls; ++i) {
    const auto frame = receive();
    ASSERT_EQ(text_of(frame.payload), std::to_string(frame.header.request));
    ASSERT_TRUE(seen.insert(frame.header.request).second);
  }
  sender.join();
}

TEST_F(ServingPort, ServesOthersWhileAGuestIsBusy) {
  send(call_header(1, FakeCallee::Block), "");
  callee->begun.wait();
  send(call_header(2, FakeCallee::Echo), "quick");
  EXPECT_EQ(receive().header.request, 2U);
  callee->release.count_down();
  EXPECT_EQ(receive().header.request, 1U);
}

TEST_F(ServingPort, AnswersThoughTheCallBehindItGoesOn) {
  // In one piece, so that one thread may run both.
  send_raw(text_of(ipc::encode(call_header(1, FakeCallee::Echo)))
               .append(text_of(ipc::encode(call_header(2, FakeCallee::Block)))));
  EXPECT_EQ(receive().header.request, 1U);
  callee->release.count_down();
  EXPECT_EQ(receive().header.request, 2U);
}

TEST_F(ServingPort, CancelsACallThatIsUnderWay) {
  send(call_header(1, FakeCallee::Never), "");
  callee->begun.wait();
  ipc::DataHeader cancel;
  cancel.kind = ipc::DataKind::Cancel;
  cancel.request = 1;
  send(cancel, "");
  EXPECT_EQ(outcome_of(receive()), Outcome::Cancelled);
  cancel.request = 99;  // unknown: nothing happens
  send(cancel, "");
  send(call_header(2, FakeCallee::Echo), "after");
  EXPECT_EQ(receive().header.request, 2U);
}

TEST_F(ServingPort, RefusesADeploymentThatIsNotThere) {
  ipc::DataHeader unknown_slot = call_header(1, FakeCallee::Echo);
  unknown_slot.slot = 8;
  send(unknown_slot, "");
  EXPECT_EQ(outcome_of(receive()), Outcome::NotReady);
  port->serve(7, nullptr);
  send(call_header(2, FakeCallee::Echo), "");
  EXPECT_EQ(outcome_of(receive()), Outcome::NotReady);
}

TEST_F(ServingPort, KeepsResultsForAPeerThatReadsLate) {
  // Past kDataOutboxBytesMax no more calls are read; they wait in the socket, none is lost.
  constexpr std::uint64_t kCalls = 200;
  static_assert((kCalls << 20) > limits::kDataOutboxBytesMax);
  for (std::uint64_t request = 0; request < kCalls; ++request)
    send(call_header(request, FakeCallee::Large), "");
  for (std::uint64_t i = 0; i < kCalls; ++i) ASSERT_EQ(receive().payload.size(), 1U << 20);
  send(call_header(999, FakeCallee::Echo), "after");
  EXPECT_EQ(text_of(receive().payload), "after");
}

TEST_F(ServingPort, ClosesTheChannelAtNonsense) {
  send_raw(std::string(ipc::kDataHeaderBytes, '\xff'));
  char byte = 0;
  EXPECT_EQ(::recv(peer.get(), &byte, 1, 0), 0);
  EXPECT_EQ(lost.get_future().get().code(), ErrorCode::InvalidRequest);
}

TEST_F(ServingPort, ClosesTheChannelAtASecondCallOfOneNumber) {
  send(call_header(1, FakeCallee::Never), "");
  callee->begun.wait();
  send(call_header(1, FakeCallee::Echo), "");
  EXPECT_EQ(lost.get_future().get().code(), ErrorCode::InvalidRequest);
}

TEST_F(ServingPort, WhenItIsClosedWhatCameInIsCancelled) {
  send(call_header(1, FakeCallee::Never), "");
  callee->begun.wait();
  std::weak_ptr<FakeCallee> gone = std::exchange(callee, nullptr);
  port->close("over");
  char byte = 0;
  while (::recv(peer.get(), &byte, 1, 0) > 0) continue;
  while (!gone.expired()) std::this_thread::yield();  // what leads to it is let go
}

class DaemonPort : public ServingPort {
 protected:
  DaemonPort() : ServingPort(CallPort::Side::Daemon) {}
};

TEST_F(DaemonPort, GivesUpAWorkerThatDoesNotRead) {
  constexpr std::uint64_t kCalls = (limits::kDataAbandonBytes >> 20) + 2;
  for (std::uint64_t request = 0; request < kCalls; ++request) {
    ipc::DataHeader header = call_header(request, FakeCallee::Large);
    const std::string frame = text_of(ipc::encode(header));
    if (::send(peer.get(), frame.data(), frame.size(), MSG_NOSIGNAL) < 0) break;
  }
  EXPECT_EQ(lost.get_future().get().code(), ErrorCode::InvalidRequest);
}

// Another worker's end.
class LinkPort : public ServingPort {
 protected:
  LinkPort() : ServingPort(CallPort::Side::Link) {}
};

TEST_F(LinkPort, NeitherWaitsForAPeerThatDoesNotReadNorKeepsAllForIt) {
  constexpr std::uint64_t kCalls = (limits::kDataAbandonBytes >> 20) + 2;
  for (std::uint64_t request = 0; request < kCalls; ++request) {
    const std::string frame = text_of(ipc::encode(call_header(request, FakeCallee::Large)));
    if (::send(peer.get(), frame.data(), frame.size(), MSG_NOSIGNAL) < 0) break;
  }
  EXPECT_EQ(lost.get_future().get().code(), ErrorCode::InvalidRequest);
}

// A port that calls; its peer is a bare socket here too.
class CallingPort : public ServingPort {
 protected:
  CallingPort() : ServingPort(CallPort::Side::Daemon) {}

  std::future<CallOutcome> call(std::string_view payload, engine::CallHandle* handle = nullptr,
                                milliseconds patience = kPatience) {
    auto ended = std::make_shared<std::promise<CallOutcome>>();
    auto begun = port->call(header_to(3), nullptr, bytes_of(payload), patience,
                            [ended](const CallOutcomeView& view) { ended->set_value(view); });
    if (handle != nullptr) *handle = begun;
    return ended->get_future();
  }
  void answer(std::uint64_t request, std::string_view payload,
              Outcome outcome = Outcome::Returned) {
    ipc::DataHeader header;
    header.kind = ipc::DataKind::Result;
    header.request = request;
    header.encoding_or_outcome = static_cast<std::uint8_t>(outcome);
    send(header, payload);
  }
};

TEST_F(CallingPort, GivesEachCallItsResult) {
  auto first = call("one");
  auto second = call("two");
  const auto one = receive();
  const auto two = receive();
  EXPECT_EQ(text_of(one.payload), "one");
  EXPECT_EQ(two.header.slot, 7U);
  EXPECT_EQ(two.header.function, 3U);
  answer(two.header.request, "second");
  answer(one.header.request, "why\0where", Outcome::Trapped);
  EXPECT_EQ(text_of(second.get().payload), "second");
  const CallOutcome failed = first.get();
  EXPECT_EQ(failed.outcome, Outcome::Trapped);
  EXPECT_EQ(failed.message, "why");
}

TEST_F(CallingPort, ACancelledCallEndsAtOnceAndItsResultIsDropped) {
  engine::CallHandle handle;
  auto cancelled = call("x", &handle);
  const std::uint64_t request = receive().header.request;
  handle.cancel();
  EXPECT_EQ(cancelled.get().outcome, Outcome::Cancelled);
  const auto frame = receive();
  EXPECT_EQ(frame.header.kind, ipc::DataKind::Cancel);
  EXPECT_EQ(frame.header.request, request);
  handle.cancel();  // has ended

  auto next = call("y");
  const std::uint64_t following = receive().header.request;
  answer(request, "late");
  answer(following, "mine");
  EXPECT_EQ(text_of(next.get().payload), "mine");
}

TEST_F(CallingPort, ACallWithoutAnAnswerIsGivenUp) {
  auto late = call("x", nullptr, milliseconds(1));
  EXPECT_EQ(late.get().outcome, Outcome::TimedOut);
  EXPECT_EQ(receive().header.kind, ipc::DataKind::Call);
  EXPECT_EQ(receive().header.kind, ipc::DataKind::Cancel);
  EXPECT_EQ(port->in_flight(), 0);
}

TEST_F(CallingPort, WhatArrivedBeforeTheEndCounts) {
  auto answered = call("x");
  auto open = call("y");
  answer(receive().header.request, "done");
  peer.reset();
  EXPECT_EQ(lost.get_future().get().code(), ErrorCode::Unavailable);
  EXPECT_EQ(text_of(answered.get().payload), "done");
  port->close("killed by signal 9");
  const CallOutcome unavailable = open.get();
  EXPECT_EQ(unavailable.outcome, Outcome::Unavailable);
  EXPECT_EQ(unavailable.message, "killed by signal 9");
  EXPECT_EQ(call("z").get().outcome, Outcome::NotReady) << "never sent";
}

TEST_F(CallingPort, CloseSendsWhatWasPutOff) {
  auto sent = std::make_shared<std::promise<void>>();
  pool.post([&, sent] {
    static_cast<void>(port->call(header_to(3), nullptr, bytes_of("x"), kPatience,
                                 [sent](const CallOutcomeView&) { sent->set_value(); }));
    port->close("over");
  });
  EXPECT_EQ(text_of(receive().payload), "x");
  sent->get_future().wait();
}

TEST_F(CallingPort, CloseEndsWhatIsUnderWay) {
  auto open = call("x");
  port->close("over");
  EXPECT_EQ(open.get().message, "over");
}

TEST_F(CallingPort, IsBounded) {
  std::vector<std::future<CallOutcome>> open;
  for (int i = 0; i < limits::kDataInFlightMax; ++i) open.push_back(call(""));
  EXPECT_EQ(call("").get().outcome, Outcome::Unavailable);
  const std::string huge(limits::kDataPayloadBytesMax + 1, 'x');
  EXPECT_EQ(call(huge).get().outcome, Outcome::BadArguments);
  port->close("over");
  for (auto& one : open) EXPECT_EQ(one.get().message, "over");
}

// The peer's end of the shared memory is a bare one, too.
class SharedPort : public ServingPort {
 protected:
  SharedPort() : SharedPort(ipc::SharedMemory::make().value()) {}
  explicit SharedPort(const UniqueFd& file)
      : ServingPort(CallPort::Side::Worker, file.duplicate().value()),
        memory(ipc::SharedMemory::map(file, true).value()),
        whole(mapped(file)) {}
  ~SharedPort() override { ::munmap(whole.data(), whole.size()); }

  static std::span<char> mapped(const UniqueFd& file) {
    const auto size = static_cast<std::size_t>(::lseek(file.get(), 0, SEEK_END));
    void* const address = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
    EXPECT_NE(address, MAP_FAILED);
    return {static_cast<char*>(address), size};
  }

  void send_at(ipc::DataHeader header, std::uint64_t place, std::size_t length) const {
    header.shared = true;
    header.length = static_cast<std::uint32_t>(length);
    std::array<std::byte, ipc::kDataPlaceBytes> bytes{};
    ipc::put_little_endian(bytes, place);
    send_raw(text_of(ipc::encode(header)) + text_of(bytes));
  }

  std::unique_ptr<ipc::SharedMemory> memory;
  std::span<char> whole;  // the same, for one who keeps no rules
};

TEST_F(SharedPort, LargePayloadsLieInTheMemory) {
  const std::string large(kLargeBytes, 'x');
  send_at(call_header(1, FakeCallee::Echo), memory->put(std::array{bytes_of(large)}).value(),
          large.size());
  const auto frame = receive();
  ASSERT_TRUE(frame.header.shared);
  const auto place = ipc::get_little_endian<std::uint64_t>(frame.payload);
  EXPECT_TRUE(text_of(memory->at(place, frame.header.length).value()) == large);
}

TEST_F(SharedPort, APeerThatTakesNothingGetsTheRestThroughTheSocket) {
  constexpr std::size_t kFit = limits::kDataSharedBytes / kLargeBytes;
  for (std::uint64_t request = 0; request < kFit + 2; ++request) {
    send(call_header(request, FakeCallee::Large), "");
    EXPECT_EQ(receive().header.shared, request < kFit) << request;
  }
}

TEST_F(SharedPort, WhatIsWrittenWhileItIsReadIsReadOnce) {
  const std::string large(kLargeBytes, 'x');
  const std::uint64_t place = memory->put(std::array{bytes_of(large)}).value();
  std::atomic<bool> enough = false;
  std::thread writer([&] {
    const auto begin = std::ranges::find(whole, 'x');
    for (char c = 'a'; !enough; c = c == 'z' ? 'a' : static_cast<char>(c + 1))
      std::fill_n(begin, kLargeBytes, c);
  });
  for (std::uint64_t request = 0; request < 200; ++request) {
    send_at(call_header(request, FakeCallee::LookTwice), place, large.size());
    EXPECT_EQ(outcome_of(receive()), Outcome::Returned);
  }
  enough = true;
  writer.join();
}

TEST_F(SharedPort, ClosesTheChannelAtAPlaceThatIsNone) {
  send_at(call_header(1, FakeCallee::Echo), ~std::uint64_t{0}, 5);
  EXPECT_EQ(lost.get_future().get().code(), ErrorCode::InvalidRequest);
}

// Both ends are ports, as in a daemon and a worker.
TEST(CallPorts, CallEachOther) {
  EnginePool pool(2);
  auto ends = ipc::make_data_channel().value();
  auto one = CallPort::open(std::move(ends.first), pool, CallPort::Side::Daemon, {}).value();
  auto other = CallPort::open(std::move(ends.second), pool, CallPort::Side::Worker, {}).value();
  one->serve(7, std::make_shared<FakeCallee>());
  other->serve(
      7, std::make_shared<Route>(7, std::make_shared<FakeCallee>(),
                                 std::vector<std::uint32_t>{FakeCallee::Fail, FakeCallee::Echo},
                                 std::make_shared<Handles>()));
  RemoteCallee to_other(one, 7, {{"x#echo", 1}, {"x#fail", 0}}, milliseconds(5000));
  EXPECT_EQ(to_other.resolve("x#echo").value(), 1U);
  EXPECT_EQ(to_other.resolve("x#large").error().code(), ErrorCode::NotFound);
  const auto call = [&](Callee& callee, std::uint32_t function, std::string_view text) {
    std::promise<CallOutcome> ended;
    callee.call(std::nullopt, function, engine::Encoding::Values, bytes_of(text), milliseconds(70),
                decode_chain("a/0").value(),
                [&ended](const CallOutcomeView& view) { ended.set_value(view); });
    return ended.get_future().get();
  };
  EXPECT_EQ(text_of(call(to_other, 1, "there").payload), "there");
  EXPECT_EQ(call(to_other, 0, "").message, "index -1 timeout 70 chain a/0");
  EXPECT_EQ(call(to_other, 2, "").outcome, Outcome::BadArguments) << "no function of the route";
  RemoteCallee back(other, 7, {}, milliseconds(50));
  const std::string large(3U << 20, 'x');
  EXPECT_TRUE(text_of(call(back, FakeCallee::Echo, large).payload) == large);
  EXPECT_EQ(call(back, FakeCallee::Fail, "").message, "index -1 timeout 50 chain a/0");
  one->close("over");
  other->close("over");
}

}  // namespace
}  // namespace arcella::host
