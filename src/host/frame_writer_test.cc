// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "host/frame_writer.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <functional>
#include <future>
#include <memory>
#include <vector>

#include "base/limits.h"
#include "base/unique_fd.h"

namespace arcella::host {
namespace {

// A peer that keeps apart what was sent by different system calls.
class FrameWriterTest : public ::testing::Test {
 protected:
  FrameWriterTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), 0);
    near = UniqueFd(ends[0]);
    far = UniqueFd(ends[1]);
    writer = std::make_shared<FrameWriter>(near.get(), pool);
  }

  // With its number.
  FrameWriter::Written write(std::uint64_t number, std::size_t payload = 8) {
    ipc::DataHeader header;
    header.request = number;
    const std::vector<std::byte> bytes(payload);
    return writer->write(header, bytes);
  }
  void on_the_pool(const std::function<void()>& work) {
    std::promise<void> over;
    pool.post([&] {
      work();
      over.set_value();
    });
    over.get_future().wait();
  }
  // The numbers of the frames that went out by one system call.
  [[nodiscard]] std::vector<std::uint64_t> receive() const {
    std::vector<std::byte> buffer(1U << 20);
    const ssize_t got = ::recv(far.get(), buffer.data(), buffer.size(), 0);
    std::vector<std::uint64_t> numbers;
    for (std::size_t at = 0; got > 0 && at < static_cast<std::size_t>(got);) {
      std::array<std::byte, ipc::kDataHeaderBytes> head{};
      std::copy_n(buffer.begin() + static_cast<std::ptrdiff_t>(at), head.size(), head.begin());
      const auto header = ipc::decode(head);
      EXPECT_TRUE(header);
      numbers.push_back(header->request);
      at += head.size() + header->length;
    }
    return numbers;
  }

  using Numbers = std::vector<std::uint64_t>;
  using Written = FrameWriter::Written;
  UniqueFd near;
  UniqueFd far;
  EnginePool pool{1};
  std::shared_ptr<FrameWriter> writer;
};

TEST_F(FrameWriterTest, SendsAtOnceForAThreadThatIsNotThePools) {
  EXPECT_EQ(write(1), Written::Out);
  EXPECT_EQ(write(2), Written::Out);
  EXPECT_EQ(receive(), Numbers{1});
  EXPECT_EQ(receive(), Numbers{2});
}

TEST_F(FrameWriterTest, SendsWhatAThreadOfThePoolWroteByOneCall) {
  on_the_pool([&] {
    EXPECT_EQ(write(1), Written::PutOff);
    EXPECT_EQ(write(2), Written::Out) << "the first one's flush sends it too";
    EXPECT_EQ(write(3), Written::Out);
    pool.defer(writer);
  });
  EXPECT_EQ(receive(), (Numbers{1, 2, 3}));
}

TEST_F(FrameWriterTest, PutsOffNoMoreFramesThanAreReadTogether) {
  on_the_pool([&] {
    for (int i = 0; i < limits::kDataGatherFramesMax; ++i)
      static_cast<void>(write(static_cast<std::uint64_t>(i) + 1));
  });
  EXPECT_EQ(receive().size(), limits::kDataGatherFramesMax);
  on_the_pool([&] {
    EXPECT_EQ(write(1), Written::PutOff) << "a new beginning";
    pool.defer(writer);
  });
  EXPECT_EQ(receive(), Numbers{1});
}

TEST_F(FrameWriterTest, DoesNotPutOffALargeFrameNorChangesTheOrder) {
  on_the_pool([&] {
    EXPECT_EQ(write(1), Written::PutOff);
    EXPECT_EQ(write(2, limits::kDataGatherFrameBytesMax + 1), Written::Out);
    EXPECT_EQ(write(3), Written::PutOff);
    pool.defer(writer);
  });
  EXPECT_EQ(receive(), (Numbers{1, 2}));
  EXPECT_EQ(receive(), Numbers{3});
}

}  // namespace
}  // namespace arcella::host
