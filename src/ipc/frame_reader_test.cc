// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "ipc/frame_reader.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <span>
#include <string>
#include <thread>

#include "base/limits.h"
#include "base/unique_fd.h"

namespace arcella::ipc {
namespace {

using Progress = FrameReader::Progress;

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string frame(std::uint64_t request, std::string_view payload) {
  DataHeader header;
  header.request = request;
  header.length = static_cast<std::uint32_t>(payload.size());
  return text_of(encode(header)).append(payload);
}

class FrameReaderTest : public ::testing::Test {
 protected:
  FrameReaderTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    peer = UniqueFd(ends[0]);
    socket = UniqueFd(ends[1]);
  }
  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t count = ::send(peer.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      ASSERT_GT(count, 0);
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  Result<Progress> read(std::size_t frames_max = 100) {
    return reader.read(socket.get(), frames, frames_max);
  }

  UniqueFd peer;
  UniqueFd socket;
  FrameReader reader;
  std::vector<DataFrame> frames;
};

TEST_F(FrameReaderTest, ReadsFramesHoweverTheyAreCut) {
  for (const char byte : frame(5, "abc") + frame(6, "") + frame(7, "def")) {
    send({&byte, 1});
    EXPECT_EQ(read().value(), Progress::Drained);
  }
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_EQ(text_of(frames[0].payload), "abc");
  EXPECT_EQ(frames[1].header.request, 6U);
  EXPECT_EQ(text_of(frames[2].payload), "def");
}

TEST_F(FrameReaderTest, CarriesPayloadsLargerThanAnyBuffer) {
  std::string large(5U << 20, 'x');
  large[large.size() / 2] = 'y';
  std::thread sender([&] { send(frame(1, large) + frame(2, "next")); });
  while (frames.size() < 2) ASSERT_TRUE(read());
  sender.join();
  EXPECT_TRUE(text_of(frames[0].payload) == large);
  EXPECT_EQ(text_of(frames[1].payload), "next");
}

TEST_F(FrameReaderTest, StopsAtTheNumberThatItIsAsked) {
  std::string all;
  for (std::uint64_t i = 0; i < 10; ++i) all += frame(i, std::string(40'000, 'x'));
  std::thread sender([&] { send(all); });
  while (frames.size() < 4) ASSERT_TRUE(read(4));
  EXPECT_LT(frames.size(), 7U) << "what one read of the socket gave";
  while (frames.size() < 10) ASSERT_TRUE(read());
  sender.join();
}

TEST_F(FrameReaderTest, SaysWhenThePeerIsGone) {
  send(frame(1, "last"));
  peer.reset();
  EXPECT_EQ(reader.read(socket.get(), frames, 100, true).value(), Progress::Closed);
  ASSERT_EQ(frames.size(), 1U) << "what was sent before counts";
}

TEST_F(FrameReaderTest, ReadsWhatAPeerHasSentThatLeavesThingsUnread) {
  ASSERT_EQ(::send(socket.get(), "x", 1, 0), 1);
  send(frame(1, "last"));
  peer.reset();
  Result<Progress> progress = Progress::Drained;
  while (progress.value() != Progress::Closed) progress = read();
  ASSERT_EQ(frames.size(), 1U);
}

TEST_F(FrameReaderTest, RefusesNonsense) {
  send(std::string(64, '\xff'));
  EXPECT_EQ(read().error().code(), ErrorCode::InvalidRequest);
}

TEST_F(FrameReaderTest, AClaimedLengthTakesNoMemory) {
  DataHeader header;
  header.length = limits::kDataPayloadBytesMax;
  send(text_of(encode(header)) + "only this");
  EXPECT_EQ(read().value(), Progress::Drained);
  EXPECT_TRUE(frames.empty());
}

}  // namespace
}  // namespace arcella::ipc
