// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "worker/data_port.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <future>
#include <latch>
#include <set>
#include <string>
#include <thread>

#include "base/limits.h"

namespace arcella::worker {
namespace {

using engine::CallOutcome;
using engine::Outcome;
using std::chrono::milliseconds;

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A deployment whose functions are of this test: 0 echoes, 1 fails, 2 waits until `release`, 3
// makes a large result.
class FakeDeployment final : public host::HostedDeployment {
 public:
  Result<void> start(int, int) override { return {}; }
  Result<void> stop(int, int, milliseconds) override { return {}; }
  void stop_all(milliseconds) override {}
  [[nodiscard]] int alive() const override { return 1; }
  Result<std::uint32_t> resolve(std::string_view) override { return 0U; }
  [[nodiscard]] host::DeploymentStatistics statistics() const override { return {}; }

  engine::CallHandle call(std::optional<int> index, std::uint32_t function, engine::Encoding,
                          std::span<const std::byte> arguments, milliseconds timeout,
                          host::CallChainPtr, engine::CallDone done) override {
    CallOutcome outcome;
    if (function == 0) {
      outcome.payload.assign(arguments.begin(), arguments.end());
    } else if (function == 1) {
      outcome.outcome = Outcome::Trapped;
      outcome.message = "index " + std::to_string(index.value_or(-1)) + " timeout " +
                        std::to_string(timeout.count());
      outcome.backtrace = "at f\nat g";
    } else if (function == 2) {
      waiting.count_down();
      release.wait();
    } else {
      outcome.payload.resize(1U << 20);
    }
    done(outcome);
    return {};
  }

  std::latch waiting{1};
  std::latch release{1};
};

class DataPortTest : public ::testing::Test {
 protected:
  DataPortTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    daemon = UniqueFd(ends[0]);
    // The port before the pool, whose threads call into it until they are joined.
    port = std::make_unique<DataPort>(UniqueFd(ends[1]), pool_slot);
    EXPECT_TRUE(port->open());
    port->set_slot(7, deployment);
  }

  static ipc::DataHeader call_header(std::uint64_t request, std::uint32_t function) {
    ipc::DataHeader header;
    header.request = request;
    header.slot = 7;
    header.function = function;
    return header;
  }
  void send(ipc::DataHeader header, std::string_view payload) {
    header.length = static_cast<std::uint32_t>(payload.size());
    const auto head = ipc::encode(header);
    std::string all = text_of(head);
    all += payload;
    send_raw(all);
  }
  void send_raw(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(daemon.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      ASSERT_GT(count, 0);
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  void receive_exactly(std::byte* to, std::size_t size) {
    ASSERT_EQ(::recv(daemon.get(), to, size, MSG_WAITALL), static_cast<ssize_t>(size));
  }
  DataFrameReader::Frame receive() {
    std::array<std::byte, ipc::kDataHeaderBytes> head{};
    receive_exactly(head.data(), head.size());
    auto header = ipc::decode(head);
    EXPECT_TRUE(header);
    DataFrameReader::Frame frame{*header, std::vector<std::byte>(header->length)};
    if (header->length > 0) receive_exactly(frame.payload.data(), frame.payload.size());
    return frame;
  }

  std::shared_ptr<FakeDeployment> deployment = std::make_shared<FakeDeployment>();
  UniqueFd daemon;
  std::unique_ptr<DataPort> port;
  host::EnginePool pool_slot{2};
};

TEST_F(DataPortTest, AnswersACallWithItsResult) {
  send(call_header(41, 0), "hello");
  const auto frame = receive();
  EXPECT_EQ(frame.header.kind, ipc::DataKind::Result);
  EXPECT_EQ(frame.header.request, 41U);
  EXPECT_EQ(frame.header.encoding_or_outcome,
            static_cast<std::uint8_t>(ipc::DataOutcome::Returned));
  EXPECT_EQ(text_of(frame.payload), "hello");
}

TEST_F(DataPortTest, TellsWhyACallFailed) {
  ipc::DataHeader header = call_header(1, 1);
  header.index = 3;
  header.timeout_ms = 250;
  send(header, "");
  const auto frame = receive();
  EXPECT_EQ(frame.header.encoding_or_outcome, static_cast<std::uint8_t>(ipc::DataOutcome::Trapped));
  EXPECT_EQ(text_of(frame.payload), std::string("index 3 timeout 250\0at f\nat g", 29));
}

TEST_F(DataPortTest, ReadsFramesHoweverTheyAreCut) {
  ipc::DataHeader header = call_header(5, 0);
  header.length = 3;
  std::string bytes = text_of(ipc::encode(header)) + "abc";
  header.request = 6;
  bytes += text_of(ipc::encode(header)) + "def";
  for (const char byte : bytes) send_raw(std::string_view(&byte, 1));
  std::set<std::string> payloads;  // in either order: two threads may run them
  for (int i = 0; i < 2; ++i) payloads.insert(text_of(receive().payload));
  EXPECT_EQ(payloads, (std::set<std::string>{"abc", "def"}));
}

TEST_F(DataPortTest, CarriesPayloadsLargerThanAnyBuffer) {
  std::string large(5U << 20, 'x');
  large[large.size() / 2] = 'y';
  std::thread sender([&] { send(call_header(9, 0), large); });
  const auto frame = receive();
  sender.join();
  EXPECT_EQ(text_of(frame.payload), large);
}

TEST_F(DataPortTest, AnswersManyCallsThatCameTogether) {
  constexpr std::uint64_t kCalls = 2000;
  std::string all;
  for (std::uint64_t request = 0; request < kCalls; ++request) {
    ipc::DataHeader header = call_header(request, 0);
    const std::string payload = std::to_string(request);
    header.length = static_cast<std::uint32_t>(payload.size());
    all += text_of(ipc::encode(header)) + payload;
  }
  std::thread sender([&] { send_raw(all); });
  std::vector<bool> seen(kCalls);
  for (std::uint64_t i = 0; i < kCalls; ++i) {
    const auto frame = receive();
    ASSERT_EQ(text_of(frame.payload), std::to_string(frame.header.request));
    ASSERT_FALSE(seen[frame.header.request]);
    seen[frame.header.request] = true;
  }
  sender.join();
}

TEST_F(DataPortTest, ServesOthersWhileAGuestIsBusy) {
  send(call_header(1, 2), "");
  deployment->waiting.wait();
  send(call_header(2, 0), "quick");
  EXPECT_EQ(receive().header.request, 2U);
  deployment->release.count_down();
  EXPECT_EQ(receive().header.request, 1U);
}

TEST_F(DataPortTest, RefusesADeploymentThatIsNotLoaded) {
  ipc::DataHeader unknown_slot = call_header(1, 0);
  unknown_slot.slot = 8;
  send(unknown_slot, "");
  EXPECT_EQ(receive().header.encoding_or_outcome,
            static_cast<std::uint8_t>(ipc::DataOutcome::Unavailable));
}

TEST_F(DataPortTest, KeepsResultsForADaemonThatReadsLate) {
  constexpr std::uint64_t kCalls = 64;  // 64 MiB of results, more than any socket buffer
  for (std::uint64_t request = 0; request < kCalls; ++request) send(call_header(request, 3), "");
  for (std::uint64_t i = 0; i < kCalls; ++i) EXPECT_EQ(receive().payload.size(), 1U << 20);
  send(call_header(99, 0), "after");
  EXPECT_EQ(text_of(receive().payload), "after");
}

TEST_F(DataPortTest, ReadsNoMoreCallsWhenTheDaemonTakesNoResults) {
  // Their results are past kDataOutboxBytesMax; whatever is not read waits in the socket, none is
  // lost.
  constexpr std::uint64_t kCalls = 200;
  static_assert((kCalls << 20) > limits::kDataOutboxBytesMax);
  for (std::uint64_t request = 0; request < kCalls; ++request) send(call_header(request, 3), "");
  for (std::uint64_t i = 0; i < kCalls; ++i) ASSERT_EQ(receive().payload.size(), 1U << 20);
}

TEST_F(DataPortTest, ClosesTheChannelAtNonsense) {
  send_raw(std::string(ipc::kDataHeaderBytes, '\xff'));
  char byte = 0;
  EXPECT_EQ(::recv(daemon.get(), &byte, 1, 0), 0);
}

}  // namespace
}  // namespace arcella::worker
