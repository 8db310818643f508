// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "aio/framed_socket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <optional>

#include "aio/await.h"
#include "aio/task_scope.h"
#include "aio/testing/run.h"
#include "aio/unix_socket.h"
#include "wire/frame_codec.h"

namespace arcella::aio {
namespace {

FramedSocketOptions options(Framing framing, std::size_t frame_max = 1U << 20,
                            std::size_t outbox_max = 4U << 20) {
  return {framing, frame_max, outbox_max};
}

struct Pair {
  Pair(Loop& loop, FramedSocketOptions with) {
    auto ends = socket_pair();
    socket.emplace(loop.executor(), std::move(ends->first), with);
    peer = std::move(ends->second);
  }
  void write(std::string_view bytes) const {
    EXPECT_EQ(::send(peer.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  // All that is there now.
  [[nodiscard]] std::string read() const {
    std::string text;
    char piece[65536];
    for (;;) {
      ssize_t count = ::recv(peer.get(), piece, sizeof(piece), MSG_DONTWAIT);
      if (count <= 0) return text;
      text.append(piece, static_cast<std::size_t>(count));
    }
  }
  std::optional<FramedSocket> socket;
  UniqueFd peer;
};

ErrorCode code_of(const Result<Frame>& frame) {
  return frame.has_value() ? ErrorCode::Internal : frame.error().code();
}

// Two frames, cut in two at every byte.
Task<> split(Loop& loop, Framing framing) {
  std::string stream = framing == Framing::Line
                           ? "first\n\nthird line\n"
                           : wire::LengthCodec::encode("first") + wire::LengthCodec::encode("") +
                                 wire::LengthCodec::encode("third line");
  for (std::size_t at = 1; at < stream.size(); ++at) {
    Pair pair(loop, options(framing));
    pair.write(std::string_view(stream).substr(0, at));
    std::vector<std::string> frames;
    bool written = false;
    while (frames.size() < 3) {
      if (!written) {
        // Reads what is there, then waits for the rest.
        TaskScope scope(loop.executor());
        pair.write(std::string_view(stream).substr(at));
        written = true;
      }
      auto frame = co_await pair.socket->read();
      EXPECT_TRUE(frame.has_value());
      if (!frame.has_value()) break;
      frames.push_back(frame->bytes);
    }
    EXPECT_EQ(frames, (std::vector<std::string>{"first", "", "third line"})) << "cut at " << at;
  }
}
TEST(FramedSocket, CutsLinesSplitAnywhere) {
  Loop loop;
  testing::run(loop, split(loop, Framing::Line));
}
TEST(FramedSocket, CutsLengthFramesSplitAnywhere) {
  Loop loop;
  testing::run(loop, split(loop, Framing::Length));
}

Task<> read_into(FramedSocket& socket, std::vector<std::string>& frames, ErrorCode& code) {
  for (;;) {
    auto frame = co_await socket.read();
    if (!frame.has_value()) {
      code = frame.error().code();
      co_return;
    }
    frames.push_back(frame->bytes);
  }
}
Task<> byte_by_byte(Loop& loop, Framing framing) {
  Pair pair(loop, options(framing));
  TaskScope scope(loop.executor());
  std::vector<std::string> frames;
  ErrorCode code = ErrorCode::Internal;
  scope.spawn(read_into(*pair.socket, frames, code));
  std::string stream = framing == Framing::Line
                           ? "ab\ncd\n"
                           : wire::LengthCodec::encode("ab") + wire::LengthCodec::encode("cd");
  for (char byte : stream) {
    pair.write(std::string_view(&byte, 1));
    for (int i = 0; i < 3; ++i) co_await yield();
  }
  pair.peer.reset();
  co_await scope.join();
  EXPECT_EQ(frames, (std::vector<std::string>{"ab", "cd"}));
  EXPECT_EQ(code, ErrorCode::Unavailable);
}
TEST(FramedSocket, WaitsForTheRestOfAFrame) {
  Loop loop;
  testing::run(loop, byte_by_byte(loop, Framing::Line));
  testing::run(loop, byte_by_byte(loop, Framing::Length));
}

Task<> ends(Loop& loop) {
  Pair within(loop, options(Framing::Line));
  within.write("whole\nhal");
  within.peer.reset();
  auto whole = co_await within.socket->read();
  EXPECT_TRUE(whole.has_value());
  auto half = co_await within.socket->read();
  EXPECT_EQ(code_of(half), ErrorCode::Io);

  Pair closed(loop, options(Framing::Line));
  closed.socket->close();
  auto none = co_await closed.socket->read();
  EXPECT_EQ(code_of(none), ErrorCode::Unavailable);
  EXPECT_EQ(closed.socket->send("x").error().code(), ErrorCode::Unavailable);
  EXPECT_EQ(closed.socket->native_handle(), -1);

  Pair dead(loop, options(Framing::Line));
  dead.write("last words\n");
  dead.socket->shutdown();
  auto last = co_await dead.socket->read();
  EXPECT_TRUE(last.has_value());
  auto after = co_await dead.socket->read();
  EXPECT_EQ(code_of(after), ErrorCode::Unavailable);
}
TEST(FramedSocket, TellsAnEndBetweenFramesFromOneWithin) {
  Loop loop;
  testing::run(loop, ends(loop));
}

Task<> too_long(Loop& loop, Framing framing) {
  Pair pair(loop, options(framing, 10));
  pair.write(framing == Framing::Line ? std::string("0123456789\n01234567890")
                                      : wire::LengthCodec::encode("0123456789") +
                                            wire::LengthCodec::encode("01234567890"));
  auto fits = co_await pair.socket->read();
  EXPECT_TRUE(fits.has_value());
  auto exceeds = co_await pair.socket->read();
  EXPECT_EQ(code_of(exceeds), ErrorCode::LimitExceeded);
}
TEST(FramedSocket, RefusesAFrameOverItsBound) {
  Loop loop;
  testing::run(loop, too_long(loop, Framing::Line));
  testing::run(loop, too_long(loop, Framing::Length));
}

// --- descriptors ---

UniqueFd new_file(char content) {
  UniqueFd fd(::memfd_create("test", MFD_CLOEXEC));
  EXPECT_EQ(::pwrite(fd.get(), &content, 1, 0), 1);
  return fd;
}
char content_of(const UniqueFd& fd) {
  char content = 0;
  EXPECT_EQ(::pread(fd.get(), &content, 1, 0), 1);
  EXPECT_NE(::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, 0);
  return content;
}
std::vector<UniqueFd> files(std::string_view contents) {
  std::vector<UniqueFd> fds;
  for (char content : contents) fds.push_back(new_file(content));
  return fds;
}
std::string contents_of(const std::vector<UniqueFd>& fds) {
  std::string text;
  for (const auto& fd : fds) text += content_of(fd);
  return text;
}

Task<> descriptors(Loop& loop, Framing framing) {
  auto ends = socket_pair();
  FramedSocket left(loop.executor(), std::move(ends->first), options(framing));
  FramedSocket right(loop.executor(), std::move(ends->second), options(framing));
  EXPECT_TRUE(left.send("none").has_value());
  EXPECT_TRUE(left.send("two", files("ab")).has_value());
  EXPECT_TRUE(left.send("none again").has_value());
  EXPECT_TRUE(left.send("sixteen", files("0123456789abcdef")).has_value());
  EXPECT_TRUE(left.send("three", files("xyz")).has_value());
  std::vector<std::string> received;
  for (int i = 0; i < 5; ++i) {
    auto frame = co_await right.read();
    EXPECT_TRUE(frame.has_value());
    if (frame.has_value()) received.push_back(frame->bytes + ":" + contents_of(frame->fds));
  }
  EXPECT_EQ(received, (std::vector<std::string>{"none:", "two:ab", "none again:",
                                                "sixteen:0123456789abcdef", "three:xyz"}));
}
TEST(FramedSocket, GivesEachFrameItsDescriptors) {
  Loop loop;
  testing::run(loop, descriptors(loop, Framing::Line));
  testing::run(loop, descriptors(loop, Framing::Length));
}

Task<> long_frame_with_descriptors(Loop& loop) {
  auto ends = socket_pair();
  FramedSocket left(loop.executor(), std::move(ends->first), options(Framing::Length));
  FramedSocket right(loop.executor(), std::move(ends->second), options(Framing::Length));
  std::string text(900'000, 'x');  // more than the socket takes at once
  EXPECT_TRUE(left.send(text, files("a")).has_value());
  EXPECT_TRUE(left.send("after", files("b")).has_value());
  EXPECT_GT(left.queued_bytes(), 0U);
  auto first = co_await right.read();
  auto second = co_await right.read();
  EXPECT_TRUE(first.has_value() && second.has_value());
  EXPECT_EQ(first->bytes, text);
  EXPECT_EQ(contents_of(first->fds), "a");
  EXPECT_EQ(second->bytes, "after");
  EXPECT_EQ(contents_of(second->fds), "b");
  auto drained = co_await left.drain();
  EXPECT_TRUE(drained.has_value());
  EXPECT_EQ(left.queued_bytes(), 0U);
}
TEST(FramedSocket, GivesALongFrameItsDescriptors) {
  Loop loop;
  testing::run(loop, long_frame_with_descriptors(loop));
}

int open_descriptors() {
  int count = 0;
  for (int fd = 0; fd < 1024; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) ++count;
  }
  return count;
}
// As a peer that does not keep to the bound.
void send_with_descriptors(int socket, std::string_view bytes, const std::vector<UniqueFd>& fds) {
  std::vector<char> control(CMSG_SPACE(sizeof(int) * fds.size()));
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
  for (std::size_t i = 0; i < fds.size(); ++i) {
    int fd = fds[i].get();
    std::memcpy(CMSG_DATA(header) + i * sizeof(int), &fd, sizeof(int));
  }
  EXPECT_EQ(::sendmsg(socket, &message, 0), static_cast<ssize_t>(bytes.size()));
}
Task<> surplus(Loop& loop) {
  Pair pair(loop, options(Framing::Line));
  std::vector<UniqueFd> many = files(std::string(40, 'm'));
  std::vector<UniqueFd> ten = files("0123456789");
  int before = open_descriptors();
  send_with_descriptors(pair.peer.get(), "one\n", many);
  auto one = co_await pair.socket->read();
  EXPECT_EQ(one->fds.size(), static_cast<std::size_t>(limits::kControlFdsMax));
  // In pieces of one frame.
  send_with_descriptors(pair.peer.get(), "t", ten);
  send_with_descriptors(pair.peer.get(), "wo\n", ten);
  auto two = co_await pair.socket->read();
  EXPECT_EQ(two->bytes, "two");
  EXPECT_EQ(two->fds.size(), static_cast<std::size_t>(limits::kControlFdsMax));
  one->fds.clear();
  two->fds.clear();
  EXPECT_EQ(open_descriptors(), before) << "the surplus is closed";
}
TEST(FramedSocket, ClosesSurplusDescriptors) {
  Loop loop;
  testing::run(loop, surplus(loop));
}

// --- a slow reader ---

Task<> slow_reader(Loop& loop) {
  Pair pair(loop, options(Framing::Line, 1U << 20, 1U << 20));
  std::string piece(100'000, 'p');
  int accepted = 0;
  Result<void> sent;
  while ((sent = pair.socket->send(piece)).has_value()) ++accepted;
  EXPECT_EQ(sent.error().code(), ErrorCode::LimitExceeded);
  EXPECT_LE(pair.socket->queued_bytes(), 1U << 20);
  EXPECT_GE(accepted, 10);
  TaskScope scope(loop.executor());
  std::string all;
  while (all.size() < static_cast<std::size_t>(accepted) * (piece.size() + 1)) {
    all += pair.read();
    co_await yield();
  }
  auto drained = co_await pair.socket->drain();
  EXPECT_TRUE(drained.has_value());
  std::string whole;
  for (int i = 0; i < accepted; ++i) whole += piece + "\n";
  EXPECT_TRUE(all == whole);
  EXPECT_TRUE(pair.socket->send("again").has_value());
  EXPECT_EQ(pair.read(), "again\n");
}
TEST(FramedSocket, QueuesWhatAPeerDoesNotReadUpToABound) {
  Loop loop;
  testing::run(loop, slow_reader(loop));
}

Task<> peer_gone(Loop& loop) {
  Pair pair(loop, options(Framing::Line));
  while (pair.socket->queued_bytes() == 0) {
    EXPECT_TRUE(pair.socket->send(std::string(100'000, 'p')).has_value());
  }
  pair.peer.reset();
  auto drained = co_await pair.socket->drain();
  EXPECT_EQ(drained.error().code(), ErrorCode::Unavailable);
  EXPECT_EQ(pair.socket->send("x").error().code(), ErrorCode::Unavailable);
}
TEST(FramedSocket, DrainEndsWhenThePeerIsGone) {
  Loop loop;
  testing::run(loop, peer_gone(loop));
}

Task<> drop_while_writing(Loop& loop) {
  {
    Pair pair(loop, options(Framing::Line));
    while (pair.socket->queued_bytes() == 0) (void)pair.socket->send(std::string(100'000, 'p'));
    (void)pair.read();
  }
  for (int i = 0; i < 5; ++i) co_await yield();
}
TEST(FramedSocket, CanBeDestroyedWhileAWriteWaits) {
  Loop loop;
  testing::run(loop, drop_while_writing(loop));
}

Task<> count_turns(const bool& over, int& turns) {
  while (!over) {
    ++turns;
    co_await yield();
  }
}
Task<> flood(Loop& loop) {
  Pair pair(loop, options(Framing::Line));
  pair.write(std::string(10'000, '\n'));
  bool over = false;
  int turns = 0;
  TaskScope scope(loop.executor());
  scope.spawn(count_turns(over, turns));
  for (int i = 0; i < 10'000; ++i) (void)co_await pair.socket->read();
  over = true;
  co_await scope.join();
  EXPECT_GT(turns, 100);
}
TEST(FramedSocket, AFloodingPeerLeavesTheThreadToOthers) {
  Loop loop;
  testing::run(loop, flood(loop));
}

Task<> cancel_read(Loop& loop) {
  Pair pair(loop, options(Framing::Line));
  pair.write("be");
  {
    TaskScope scope(loop.executor());
    std::vector<std::string> frames;
    ErrorCode code = ErrorCode::Internal;
    scope.spawn(read_into(*pair.socket, frames, code));
    for (int i = 0; i < 3; ++i) co_await yield();
    scope.cancel();
    co_await scope.join();
    EXPECT_EQ(code, ErrorCode::Cancelled);
  }
  pair.write("gun\n");
  auto frame = co_await pair.socket->read();
  EXPECT_EQ(frame->bytes, "begun");
}
TEST(FramedSocket, ACancelledReadLosesNothing) {
  Loop loop;
  testing::run(loop, cancel_read(loop));
}

}  // namespace
}  // namespace arcella::aio
