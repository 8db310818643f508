// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "alme/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>

#include "aio/framed_socket.h"
#include "aio/loop.h"
#include "aio/timeout.h"
#include "alme/testing/fake_methods.h"
#include "base/testing/temporary_folder.h"

namespace arcella::alme {
namespace {

using ::testing::HasSubstr;

constexpr std::chrono::seconds kDeadline{20};

class ServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = folder_ / "alme";
    auto server = Server::listen(loop_.executor(), methods_.table, path_);
    ASSERT_TRUE(server.has_value()) << server.error().message();
    server_ = std::move(*server);
  }

  void run(aio::Task<> script) {
    auto result = loop_.run(aio::with_timeout(kDeadline, finish_after(std::move(script))));
    ASSERT_TRUE(result.has_value()) << result.error().message();
  }
  aio::Task<Result<void>> finish_after(aio::Task<> script) {
    co_await std::move(script);
    methods_.released.set();
    co_await server_->stop();
    co_return Result<void>();
  }

  std::unique_ptr<aio::FramedSocket> connect() {
    auto socket = aio::connect_unix(path_);
    EXPECT_TRUE(socket.has_value());
    return std::make_unique<aio::FramedSocket>(loop_.executor(), std::move(*socket),
                                               aio::FramedSocketOptions{});
  }
  static aio::Task<std::string> read(aio::FramedSocket& socket) {
    auto frame = co_await socket.read();
    co_return frame.has_value() ? frame->bytes : "error: " + frame.error().message();
  }

  aio::Loop loop_;
  testing::FakeMethods methods_{loop_.executor()};
  TemporaryFolder folder_;
  std::string path_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, SocketIsTheOwnersAlone) {
  struct stat status{};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  run([]() -> aio::Task<> { co_return; }());
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST(Server, OnlyTheOwnerAndRootMayConnect) {
  EXPECT_TRUE(Server::may_connect(1000, 1000));
  EXPECT_TRUE(Server::may_connect(0, 1000));
  EXPECT_FALSE(Server::may_connect(1001, 1000));
  EXPECT_FALSE(Server::may_connect(1000, 0));
}

TEST_F(ServerTest, ServesClientsSideBySide) {
  struct Script {
    static aio::Task<> go(ServerTest_ServesClientsSideBySide_Test& test) {
      auto first = test.connect();
      auto second = test.connect();
      EXPECT_TRUE(first->send(R"({"jsonrpc":"2.0","id":1,"method":"call","params":["d","f"]})"));
      co_await test.methods_.started.wait_uncancelled();
      EXPECT_TRUE(second->send(R"({"jsonrpc":"2.0","id":2,"method":"ping"})"));
      EXPECT_THAT(co_await read(*second), HasSubstr(R"("id":2,)"));
      test.methods_.released.set();
      EXPECT_THAT(co_await read(*first), HasSubstr(R"("id":1,)"));
    }
  };
  run(Script::go(*this));
}

TEST_F(ServerTest, IdleWaitsForWhatIsInProgressAndStopCloses) {
  struct Script {
    static aio::Task<> go(ServerTest_IdleWaitsForWhatIsInProgressAndStopCloses_Test& test) {
      auto client = test.connect();
      EXPECT_TRUE(client->send(R"({"jsonrpc":"2.0","id":1,"method":"install","params":["/x"]})"));
      co_await test.methods_.started.wait_uncancelled();
      test.server_->refuse();
      test.methods_.released.set();
      co_await test.server_->idle();
      EXPECT_EQ(test.methods_.finished, 1);
      EXPECT_THAT(co_await read(*client), HasSubstr("done"));
      EXPECT_FALSE(client->closed());
      co_await test.server_->stop();
      EXPECT_THAT(co_await read(*client), HasSubstr("error: "));
      EXPECT_FALSE(aio::connect_unix(test.path_).has_value());
    }
  };
  run(Script::go(*this));
}

TEST_F(ServerTest, SecondServerOnALiveSocketIsRefused) {
  auto second = Server::listen(loop_.executor(), methods_.table, path_);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code(), ErrorCode::AddressInUse);
  run([]() -> aio::Task<> { co_return; }());
}

}  // namespace
}  // namespace arcella::alme
