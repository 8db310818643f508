// SPDX-License-Identifier: Apache-2.0 OR MIT
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/instance.h"
#include "engine/testing/test_engine.h"

namespace arcella::engine {
namespace {

using std::chrono::milliseconds;
using testing::Awaited;
using ::testing::HasSubstr;
using testing::Served;
using ::testing::StartsWith;

struct Listening {
  UniqueFd fd;
  sockaddr_in address{};
};

Listening listen_on_any_port() {
  Listening listening;
  listening.fd.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  listening.address.sin_family = AF_INET;
  listening.address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof listening.address;
  auto* address = reinterpret_cast<sockaddr*>(&listening.address);
  EXPECT_EQ(::bind(listening.fd.get(), address, length), 0);
  EXPECT_EQ(::listen(listening.fd.get(), 16), 0);
  EXPECT_EQ(::getsockname(listening.fd.get(), address, &length), 0);
  return listening;
}

// Not valid: refused.
UniqueFd connection_to(const sockaddr_in& address) {
  UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto* target = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(client.get(), target, sizeof address) != 0) client.reset();
  return client;
}

std::string get(const sockaddr_in& address) {
  const UniqueFd client = connection_to(address);
  if (!client.valid()) return "refused";
  constexpr std::string_view kRequest =
      "GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  EXPECT_EQ(::write(client.get(), kRequest.data(), kRequest.size()),
            static_cast<ssize_t>(kRequest.size()));
  std::string reply;
  char buffer[4096];
  while (true) {
    const ssize_t got = ::read(client.get(), buffer, sizeof buffer);
    if (got <= 0) return reply;
    reply.append(buffer, static_cast<std::size_t>(got));
  }
}

TEST(HttpServer, AnswersStopsAndCounts) {
  Served served("greeter");
  Listening listening = listen_on_any_port();
  auto server = served.pre->serve_http(std::move(listening.fd), served.sink, {16, 4});
  ASSERT_TRUE(server.has_value()) << server.error().message();
  const std::string reply = get(listening.address);
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 200 OK"));
  EXPECT_THAT(reply, HasSubstr("Hello from Arcella: GET /x"));
  // The guest may go on for a moment after its response.
  while ((*server)->statistics().requests == 0) std::this_thread::yield();
  EXPECT_EQ((*server)->statistics().requests, 1U);
  EXPECT_EQ((*server)->statistics().failed, 0U);
  (*server)->set_concurrent_max(1);
  EXPECT_THAT(get(listening.address), StartsWith("HTTP/1.1 200 OK"));
  Awaited<bool> stopped;
  (*server)->stop(milliseconds(5000), [&] { stopped.set(true); });
  EXPECT_TRUE(stopped.get());
  EXPECT_EQ((*server)->statistics().connections, 0U);
  EXPECT_EQ(get(listening.address), "refused");
}

TEST(HttpServer, HasClosedItsSocketWhenItSaysThatItStopped) {
  Served served("greeter");
  Listening listening = listen_on_any_port();
  auto server = served.pre->serve_http(std::move(listening.fd), served.sink, {16, 4});
  ASSERT_TRUE(server.has_value());
  Awaited<bool> refused;
  // At that very moment, on the thread that says it: nothing else of the server can run before.
  (*server)->stop(milliseconds(5000),
                  [&] { refused.set(!connection_to(listening.address).valid()); });
  EXPECT_TRUE(refused.get());
}

TEST(HttpServer, SharesItsSocketWithADuplicate) {
  Served served("greeter");
  Listening listening = listen_on_any_port();
  const auto duplicate = listening.fd.duplicate();
  ASSERT_TRUE(duplicate.has_value());
  auto server = served.pre->serve_http(std::move(listening.fd), served.sink, {16, 4});
  ASSERT_TRUE(server.has_value());
  // Often: whether the one that goes still takes the connection, and cuts it, is a matter of time.
  for (int turn = 0; turn < 300; ++turn) {
    server->reset();
    // The connection waits in the backlog until the next server comes.
    auto copy = duplicate->duplicate();
    ASSERT_TRUE(copy.has_value());
    server = served.pre->serve_http(std::move(copy).value(), served.sink, {16, 4});
    ASSERT_TRUE(server.has_value());
    ASSERT_THAT(get(listening.address), StartsWith("HTTP/1.1 200 OK")) << turn;
  }
}

TEST(HttpServer, ReportsFailuresOfTheGuest) {
  StoreLimits tiny = testing::limits();
  tiny.memory_bytes = 1024;
  Served served("greeter", tiny);
  Listening listening = listen_on_any_port();
  auto server = served.pre->serve_http(std::move(listening.fd), served.sink, {16, 4});
  ASSERT_TRUE(server.has_value());
  EXPECT_THAT(get(listening.address), StartsWith("HTTP/1.1 500 "));
  EXPECT_EQ((*server)->statistics().failed, 1U);
  EXPECT_THAT((*server)->last_failure(), HasSubstr("memory"));
}

TEST(HttpServer, IsRefusedToAComponentWithoutAHandler) {
  Served served("calc");
  Listening listening = listen_on_any_port();
  const auto server = served.pre->serve_http(std::move(listening.fd), served.sink, {16, 4});
  ASSERT_FALSE(server.has_value());
  EXPECT_EQ(server.error().code(), ErrorCode::InvalidComponent);
  EXPECT_FALSE(served.pre->serve_http(UniqueFd(), served.sink, {16, 4}).has_value());
}

}  // namespace
}  // namespace arcella::engine
