// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "cli/testing/fake_daemon.h"

namespace arcella::cli {
namespace {

using ::testing::ElementsAre;
using testing::FakeDaemon;
using ::testing::HasSubstr;

TEST(Client, AsksAndGetsTheResult) {
  FakeDaemon daemon({"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"pong\":true}}\n"});
  auto client = Client::connect(daemon.socket(), daemon.home());
  ASSERT_TRUE(client.has_value());
  auto result = client->call("ping", nullptr);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(wire::to_text(*result), R"({"pong":true})");
  daemon.join();
  EXPECT_THAT(daemon.heard(), ElementsAre(R"({"jsonrpc":"2.0","id":1,"method":"ping"})"));
}

TEST(Client, ErrorKeepsItsCodeAndDetail) {
  FakeDaemon daemon({R"({"jsonrpc":"2.0","id":1,"error":{"code":-32003,"message":"no",)"
                     R"("data":{"code":"not-found","detail":"more"}}})"
                     "\n"});
  auto client = Client::connect(daemon.socket(), daemon.home());
  ASSERT_TRUE(client.has_value());
  auto result = client->call("wit", nullptr);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code(), ErrorCode::NotFound);
  EXPECT_EQ(result.error().message(), "no");
  EXPECT_EQ(result.error().detail(), "more");
}

TEST(Client, DescriptorsTravelBesideTheRequest) {
  FakeDaemon daemon({"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":0}\n"});
  auto client = Client::connect(daemon.socket(), daemon.home());
  ASSERT_TRUE(client.has_value());
  const std::array<int, 3> fds{0, 1, 2};
  EXPECT_TRUE(client->call("run", nullptr, fds).has_value());
  daemon.join();
  EXPECT_EQ(daemon.fds(), 3);
}

TEST(Client, NotificationsAreKeptInOrder) {
  FakeDaemon daemon({R"({"jsonrpc":"2.0","method":"logs.line","params":{"n":1}})"
                     "\n"
                     R"({"jsonrpc":"2.0","id":1,"result":0})"
                     "\n"
                     R"({"jsonrpc":"2.0","method":"logs.line","params":{"n":2}})"
                     "\n"});
  auto client = Client::connect(daemon.socket(), daemon.home());
  ASSERT_TRUE(client.has_value());
  EXPECT_TRUE(client->call("logs", nullptr).has_value());
  for (const char* number : {"1", "2"}) {
    auto notification = client->next_notification();
    ASSERT_TRUE(notification.has_value());
    EXPECT_EQ(wire::to_text(notification->params), "{\"n\":" + std::string(number) + "}");
  }
  auto end = client->next_notification();
  ASSERT_FALSE(end.has_value());
  EXPECT_EQ(end.error().code(), ErrorCode::Unavailable);
  EXPECT_THAT(end.error().message(), HasSubstr("the connection has ended"));
}

TEST(Client, DaemonThatClosesIsUnavailable) {
  FakeDaemon daemon({""});
  auto client = Client::connect(daemon.socket(), daemon.home());
  ASSERT_TRUE(client.has_value());
  auto result = client->call("ping", nullptr);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code(), ErrorCode::Unavailable);
  EXPECT_THAT(result.error().message(), HasSubstr("before it answered"));
}

TEST(Client, WhateverIsNoDaemonSaysHowToStartOne) {
  for (const char* path : {"/nonexistent/alme", "/dev/null", "/"}) {
    auto client = Client::connect(path, "/my/home");
    ASSERT_FALSE(client.has_value()) << path;
    EXPECT_EQ(client.error().code(), ErrorCode::Unavailable) << path;
    EXPECT_EQ(traits_of(client.error().code()).exit_status, 3);
    EXPECT_THAT(client.error().message(), HasSubstr(path));
    EXPECT_THAT(client.error().message(), HasSubstr("arcella --home /my/home"));
  }
}

TEST(Client, RequestThatIsTooLongIsNotSent) {
  FakeDaemon daemon({});
  auto client = Client::connect(daemon.socket(), daemon.home());
  ASSERT_TRUE(client.has_value());
  auto result = client->call("call", wire::Json(std::string(limits::kAlmeFrameBytesMax, 'x')));
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code(), ErrorCode::LimitExceeded);
}

TEST(Client, NotificationsBeforeTheAnswerGoToWhoAskedForThem) {
  FakeDaemon daemon({R"({"jsonrpc":"2.0","method":"progress","params":{"done":1}})"
                     "\n"
                     R"({"jsonrpc":"2.0","id":1,"result":0})"
                     "\n"});
  auto client = Client::connect(daemon.socket(), daemon.home());
  ASSERT_TRUE(client.has_value());
  std::vector<std::string> seen;
  CallOptions options;
  options.on_notification = [&](const wire::RpcRequest& request) {
    seen.push_back(wire::to_text(request.params));
  };
  EXPECT_TRUE(client->call("install", nullptr, options).has_value());
  EXPECT_THAT(seen, ElementsAre(R"({"done":1})"));
}

TEST(Client, DeadlineEndsTheWaitAndTheConnection) {
  FakeDaemon daemon({});
  daemon.stay_silent();
  auto client = Client::connect(daemon.socket(), daemon.home());
  ASSERT_TRUE(client.has_value());
  EXPECT_TRUE(client->idle());
  CallOptions options;
  options.deadline = std::chrono::milliseconds(1);
  auto result = client->call("status", nullptr, options);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code(), ErrorCode::DeadlineExceeded);
  EXPECT_FALSE(client->idle());
}

TEST(Client, InterruptEndsTheWaitAndTheConnection) {
  FakeDaemon daemon({});
  daemon.stay_silent();
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  const UniqueFd interrupt(pipe[0]);
  const UniqueFd other_end(pipe[1]);
  ASSERT_EQ(::write(other_end.get(), "x", 1), 1);
  auto client = Client::connect(daemon.socket(), daemon.home(), interrupt.get());
  ASSERT_TRUE(client.has_value());
  auto result = client->call("logs", nullptr);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code(), ErrorCode::Cancelled);
  EXPECT_FALSE(client->idle());
}

TEST(Client, IsIdleBetweenCallsUntilTheDaemonCloses) {
  FakeDaemon daemon({"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":0}\n",
                     "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":0}\n"});
  auto client = Client::connect(daemon.socket(), daemon.home());
  ASSERT_TRUE(client.has_value());
  EXPECT_TRUE(client->call("ping", nullptr).has_value());
  EXPECT_TRUE(client->idle());
  EXPECT_TRUE(client->call("ping", nullptr).has_value());
  daemon.join();
  EXPECT_FALSE(client->idle());
}

}  // namespace
}  // namespace arcella::cli
