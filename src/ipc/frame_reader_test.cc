// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "ipc/frame_reader.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>

#include "base/limits.h"
#include "base/unique_fd.h"
#include "ipc/little_endian.h"
#include "ipc/shared_memory.h"

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
    return reader->read(socket.get(), frames, frames_max);
  }

  UniqueFd peer;
  UniqueFd socket;
  std::optional<FrameReader> reader{std::in_place};
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
  EXPECT_EQ(reader->read(socket.get(), frames, 100, true).value(), Progress::Closed);
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

// The channel has shared memory; `writer` is the peer's end of it.
class SharedFrames : public FrameReaderTest {
 protected:
  SharedFrames() { reader.emplace(memory.get()); }
  static std::string frame_at(std::uint64_t place, std::size_t length) {
    DataHeader header;
    header.length = static_cast<std::uint32_t>(length);
    header.shared = true;
    std::array<std::byte, kDataPlaceBytes> bytes{};
    put_little_endian(bytes, place);
    return text_of(encode(header)) + text_of(bytes);
  }
  std::string put(std::string_view payload) {
    return frame_at(writer->put(std::array{std::as_bytes(std::span(payload))}).value(),
                    payload.size());
  }

  const UniqueFd file = SharedMemory::make().value();
  const std::unique_ptr<SharedMemory> memory = SharedMemory::map(file, true).value();
  const std::unique_ptr<SharedMemory> writer = SharedMemory::map(file, false).value();
};

TEST_F(SharedFrames, AreReadHoweverTheyAreCut) {
  const std::string large(1U << 20, 'x');
  const std::string all = frame(1, "first") + put("abc") + put(large) + frame(2, "last");
  for (const char byte : all) {
    send({&byte, 1});
    EXPECT_TRUE(read());
  }
  ASSERT_EQ(frames.size(), 4U);
  EXPECT_EQ(text_of(frames[1].payload), "abc");
  EXPECT_TRUE(text_of(frames[2].payload) == large);
  EXPECT_EQ(text_of(frames[3].payload), "last");
  EXPECT_EQ(put("again"), frame_at(0, 5)) << "all was taken";
}

TEST_F(SharedFrames, SeveralThatClaimOnePlaceAreRefused) {
  const std::string whole = put(std::string(limits::kDataSharedBytes, 'x'));
  send(whole);
  EXPECT_TRUE(read());
  send(whole + frame_at(0, 1));
  EXPECT_EQ(read().error().code(), ErrorCode::InvalidRequest);
}

TEST_F(SharedFrames, StayAsTheyWereRead) {
  send(put("as it was sent"));
  ASSERT_TRUE(read());
  ASSERT_EQ(put("something else"), frame_at(0, 14));
  EXPECT_EQ(text_of(frames.at(0).payload), "as it was sent");
}

TEST_F(SharedFrames, OutsideOfTheMemoryAreRefused) {
  send(frame_at(limits::kDataSharedBytes - 2, 3));
  EXPECT_EQ(read().error().code(), ErrorCode::InvalidRequest);
}

TEST_F(FrameReaderTest, ThereIsNoSharedMemoryToLookInto) {
  DataHeader header;
  header.length = 3;
  header.shared = true;
  send(text_of(encode(header)) + std::string(kDataPlaceBytes, '\0'));
  EXPECT_EQ(read().error().code(), ErrorCode::InvalidRequest);
}

}  // namespace
}  // namespace arcella::ipc
