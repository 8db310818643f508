// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "ipc/data_channel.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstring>
#include <map>
#include <optional>

#include "aio/await.h"
#include "aio/task_scope.h"
#include "aio/testing/run.h"
#include "aio/unix_socket.h"
#include "base/limits.h"

namespace arcella::ipc {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}
std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A channel that is being run, and the worker's end of its socket.
struct Fixture {
  explicit Fixture(aio::Loop& the_loop) : loop(the_loop), scope(loop.executor()) {
    auto ends = aio::socket_pair();
    channel.emplace(loop.executor(), std::move(ends->first));
    worker = std::move(ends->second);
    scope.spawn(run(*this));
  }
  static aio::Task<> run(Fixture& self) { self.ended = co_await self.channel->run(); }

  // Until `ready()`; what the loop has to do takes a few turns.
  template <class Ready>
  aio::Task<> until(Ready ready) {
    for (int turn = 0; turn < 100'000 && !ready(); ++turn) co_await aio::yield();
    EXPECT_TRUE(ready());
  }
  aio::Task<> stop() {
    channel->close("the test is over");
    co_await scope.join();
  }
  std::uint64_t call(std::string_view payload, std::optional<Result<DataReply>>& reply) {
    DataHeader header;
    header.slot = 3;
    header.function = 4;
    return channel->call(header, bytes_of(payload), [&reply](Result<DataReply> with) {
      EXPECT_FALSE(reply.has_value()) << "done runs once";
      reply = std::move(with);
    });
  }
  // What the worker has received, and not looked at.
  std::string received() {
    char piece[65536];
    std::string text;
    for (;;) {
      ssize_t count = ::recv(worker.get(), piece, sizeof(piece), MSG_DONTWAIT);
      if (count <= 0) return text;
      text.append(piece, static_cast<std::size_t>(count));
    }
  }
  DataHeader received_header() {
    std::string text = received();
    std::array<std::byte, kDataHeaderBytes> head{};
    EXPECT_GE(text.size(), head.size());
    std::memcpy(head.data(), text.data(), head.size());
    auto header = decode(head);
    EXPECT_TRUE(header.has_value());
    return *header;
  }
  static std::string result(std::uint64_t request, std::string_view payload) {
    DataHeader header;
    header.kind = DataKind::Result;
    header.request = request;
    header.length = static_cast<std::uint32_t>(payload.size());
    auto head = encode(header);
    std::string text(reinterpret_cast<const char*>(head.data()), head.size());
    return text.append(payload);
  }
  void write(std::string_view text) const {
    EXPECT_EQ(::send(worker.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }

  aio::Loop& loop;
  std::optional<DataChannel> channel;
  UniqueFd worker;
  std::optional<Error> ended;
  aio::TaskScope scope;
};

using Reply = std::optional<Result<DataReply>>;

aio::Task<> answers_out_of_order(aio::Loop& loop) {
  Fixture fixture(loop);
  Reply first;
  Reply second;
  std::uint64_t one = fixture.call("one", first);
  std::uint64_t two = fixture.call("two", second);
  EXPECT_NE(one, 0U);
  EXPECT_NE(one, two);
  EXPECT_EQ(fixture.channel->in_flight(), 2);
  EXPECT_EQ(fixture.received().size(), 2 * (kDataHeaderBytes + 3));
  fixture.write(Fixture::result(two, "second") + Fixture::result(one, ""));
  co_await fixture.until([&] { return first && second; });
  EXPECT_EQ(text_of((*second)->payload), "second");
  EXPECT_EQ(text_of((*first)->payload), "");
  EXPECT_EQ(fixture.channel->in_flight(), 0);
  co_await fixture.stop();
}
TEST(DataChannel, GivesEachCallItsResult) {
  aio::Loop loop;
  aio::testing::run(loop, answers_out_of_order(loop));
}

aio::Task<> split_everywhere(aio::Loop& loop) {
  Fixture fixture(loop);
  for (std::size_t at = 0; at <= kDataHeaderBytes + 5; ++at) {
    Reply reply;
    std::uint64_t request = fixture.call("x", reply);
    std::string frame = Fixture::result(request, "hello");
    fixture.write(std::string_view(frame).substr(0, at));
    for (int i = 0; i < 3; ++i) co_await aio::yield();
    fixture.write(std::string_view(frame).substr(at));
    co_await fixture.until([&] { return reply.has_value(); });
    EXPECT_EQ(text_of((*reply)->payload), "hello") << "cut at " << at;
  }
  co_await fixture.stop();
}
TEST(DataChannel, ReadsFramesSplitAnywhere) {
  aio::Loop loop;
  aio::testing::run(loop, split_everywhere(loop));
}

aio::Task<> long_payloads(aio::Loop& loop) {
  Fixture fixture(loop);
  Reply reply;
  Reply small;
  std::string arguments(3'000'000, 'a');
  std::uint64_t request = fixture.call(arguments, reply);
  std::uint64_t next = fixture.call("b", small);
  std::string received;
  co_await fixture.until([&] {
    received += fixture.received();
    return received.size() >= arguments.size() + 1 + 2 * kDataHeaderBytes;
  });
  EXPECT_TRUE(received.substr(kDataHeaderBytes, arguments.size()) == arguments);

  std::string result(2'500'000, 'r');
  std::string frames = Fixture::result(request, result) + Fixture::result(next, "s");
  std::string_view rest = frames;
  co_await fixture.until([&] {
    ssize_t count = ::send(fixture.worker.get(), rest.data(), rest.size(), MSG_DONTWAIT);
    if (count > 0) rest.remove_prefix(static_cast<std::size_t>(count));
    return reply && small;
  });
  EXPECT_TRUE(text_of((*reply)->payload) == result);
  EXPECT_EQ(text_of((*small)->payload), "s");
  co_await fixture.stop();
}
TEST(DataChannel, CarriesLongPayloadsBothWays) {
  aio::Loop loop;
  aio::testing::run(loop, long_payloads(loop));
}

aio::Task<> cancels(aio::Loop& loop) {
  Fixture fixture(loop);
  Reply cancelled;
  Reply other;
  std::uint64_t request = fixture.call("x", cancelled);
  (void)fixture.received();
  fixture.channel->cancel(request);
  EXPECT_EQ(cancelled->error().code(), ErrorCode::Cancelled);
  DataHeader header = fixture.received_header();
  EXPECT_EQ(header.kind, DataKind::Cancel);
  EXPECT_EQ(header.request, request);
  fixture.channel->cancel(request);  // has ended
  fixture.channel->cancel(0xffffffffffffffff);

  // Its late Result does not reach the next call, which has the same slot.
  std::uint64_t next = fixture.call("y", other);
  EXPECT_NE(next, request);
  fixture.write(Fixture::result(request, "late") + Fixture::result(next, "mine"));
  co_await fixture.until([&] { return other.has_value(); });
  EXPECT_EQ(text_of((*other)->payload), "mine");
  co_await fixture.stop();
}
TEST(DataChannel, ACancelledCallEndsAtOnceAndItsResultIsDropped) {
  aio::Loop loop;
  aio::testing::run(loop, cancels(loop));
}

aio::Task<> closes(aio::Loop& loop) {
  Fixture fixture(loop);
  Reply first;
  Reply second;
  std::uint64_t one = fixture.call("x", first);
  fixture.call("y", second);
  fixture.write(Fixture::result(one, "done"));
  fixture.worker.reset();
  co_await fixture.scope.join();
  EXPECT_EQ(text_of((*first)->payload), "done") << "what arrived before the end counts";
  EXPECT_EQ(second->error().code(), ErrorCode::Unavailable);
  EXPECT_EQ(fixture.ended->code(), ErrorCode::Unavailable);
  Reply late;
  EXPECT_EQ(fixture.call("z", late), 0U);
  EXPECT_EQ(late->error().code(), ErrorCode::Unavailable);
}
TEST(DataChannel, CloseFailsWhatIsUnderWay) {
  aio::Loop loop;
  aio::testing::run(loop, closes(loop));
}

aio::Task<> calls_from_done(aio::Loop& loop) {
  Fixture fixture(loop);
  Reply nested;
  bool closed = false;
  fixture.channel->call({}, {}, [&](Result<DataReply> reply) {
    closed = !reply.has_value();
    EXPECT_EQ(fixture.call("again", nested), 0U);
  });
  fixture.channel->close("reason");
  EXPECT_TRUE(closed);
  EXPECT_EQ(nested->error().message(), "reason");
  co_await fixture.scope.join();
}
TEST(DataChannel, DoneMayCallAgain) {
  aio::Loop loop;
  aio::testing::run(loop, calls_from_done(loop));
}

aio::Task<> bounds(aio::Loop& loop) {
  Fixture fixture(loop);
  int refused = 0;
  int closed = 0;
  auto done = [&](Result<DataReply> reply) {
    EXPECT_EQ(reply.error().code(), ErrorCode::Unavailable);
    ++closed;
  };
  for (int i = 0; i < limits::kDataInFlightMax; ++i) {
    EXPECT_NE(fixture.channel->call({}, {}, done), 0U);
    (void)fixture.received();
  }
  EXPECT_EQ(fixture.channel->call({}, {},
                                  [&](Result<DataReply> reply) {
                                    EXPECT_EQ(reply.error().code(), ErrorCode::Unavailable);
                                    ++refused;
                                  }),
            0U);
  EXPECT_EQ(refused, 1);
  std::vector<std::byte> huge(limits::kDataPayloadBytesMax + 1);
  fixture.channel->call({}, huge, [&](Result<DataReply> reply) {
    EXPECT_EQ(reply.error().code(), ErrorCode::LimitExceeded);
    ++refused;
  });
  EXPECT_EQ(refused, 2);
  co_await fixture.stop();
  EXPECT_EQ(closed, limits::kDataInFlightMax);
}
TEST(DataChannel, IsBounded) {
  aio::Loop loop;
  aio::testing::run(loop, bounds(loop));
}

aio::Task<> hostile(aio::Loop& loop, std::string bytes, ErrorCode code) {
  Fixture fixture(loop);
  Reply reply;
  fixture.call("x", reply);
  fixture.write(bytes);
  ::shutdown(fixture.worker.get(), SHUT_WR);
  co_await fixture.scope.join();
  EXPECT_EQ(fixture.ended->code(), code);
  EXPECT_EQ(reply->error().code(), ErrorCode::Unavailable);
}
TEST(DataChannel, AWorkerThatBreaksTheProtocolLosesTheChannel) {
  aio::Loop loop;
  DataHeader header;
  auto call = encode(header);
  aio::testing::run(loop,
                    hostile(loop, std::string(reinterpret_cast<char*>(call.data()), call.size()),
                            ErrorCode::InvalidRequest));
  aio::testing::run(loop, hostile(loop, std::string(64, '\xff'), ErrorCode::InvalidRequest));
  header.kind = DataKind::Result;
  header.length = limits::kDataPayloadBytesMax;  // claimed, never sent
  auto claim = encode(header);
  aio::testing::run(loop,
                    hostile(loop, std::string(reinterpret_cast<char*>(claim.data()), claim.size()),
                            ErrorCode::Io));
}

TEST(FailureText, IsMessageAndBacktrace) {
  using namespace std::string_view_literals;
  auto text = failure_text(bytes_of("wasm trap: unreachable\0   0: f\n   1: g"sv));
  EXPECT_EQ(text.message, "wasm trap: unreachable");
  EXPECT_EQ(text.backtrace, "   0: f\n   1: g");
  EXPECT_EQ(failure_text(bytes_of("only"sv)).message, "only");
  EXPECT_EQ(failure_text({}).message, "");
  auto hostile = failure_text(bytes_of("\xff\x1b[2J\n\0\x07\n\0x"sv));
  EXPECT_EQ(hostile.message, "\xef\xbf\xbd\\x1b[2J\\n");
  EXPECT_EQ(hostile.backtrace, "\\x07\n\\x00x");
  std::string long_text(1U << 20, 'x');
  EXPECT_EQ(failure_text(bytes_of(long_text)).message.size(), limits::kFailureMessageBytesMax);
}

}  // namespace
}  // namespace arcella::ipc
