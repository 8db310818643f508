// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "aio/unix_socket.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "aio/await.h"
#include "aio/task_scope.h"
#include "aio/testing/run.h"
#include "base/testing/temporary_folder.h"

namespace arcella::aio {
namespace {

class UnixListenerTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path(const std::string& name = "alme") const { return folder_ / name; }

  Loop loop_;
  TemporaryFolder temporary_;
  std::filesystem::path folder_ = temporary_.path();
};

Task<> accept_one(UnixListener& listener, std::string path) {
  auto client = connect_unix(path);
  EXPECT_TRUE(client.has_value());
  auto server = co_await listener.accept();
  EXPECT_TRUE(server.has_value());
  auto peer = peer_credentials(server->get());
  EXPECT_TRUE(peer.has_value());
  if (peer.has_value()) {
    EXPECT_EQ(peer->pid, ::getpid());
    EXPECT_EQ(peer->uid, ::getuid());
  }
  EXPECT_EQ(::write(client->get(), "hi", 2), 2);
  char bytes[3] = {};
  EXPECT_EQ(::read(server->get(), bytes, 2), 2);
  EXPECT_STREQ(bytes, "hi");
}

TEST_F(UnixListenerTest, ConnectsAndSaysWhoIsThere) {
  auto listener = UnixListener::listen(loop_.executor(), path());
  ASSERT_TRUE(listener.has_value());
  struct stat info{};
  ASSERT_EQ(::stat(path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  testing::run(loop_, accept_one(**listener, path()));
}

TEST_F(UnixListenerTest, TakesAPathOfAnyLength) {
  std::filesystem::path deep = folder_;
  for (int i = 0; i < 5; ++i) deep /= std::string(60, 'd');
  std::filesystem::create_directories(deep);
  auto listener = UnixListener::listen(loop_.executor(), deep / "alme");
  ASSERT_TRUE(listener.has_value()) << listener.error().message();
  testing::run(loop_, accept_one(**listener, deep / "alme"));
}

TEST_F(UnixListenerTest, ReplacesASocketThatNobodyListensOn) {
  {
    auto first = UnixListener::listen(loop_.executor(), path());
    ASSERT_TRUE(first.has_value());
    std::filesystem::rename(path(), path("left"));  // close() will not find it
  }
  EXPECT_EQ(connect_unix(path("left")).error().code(), ErrorCode::Unavailable);
  auto second = UnixListener::listen(loop_.executor(), path("left"));
  EXPECT_TRUE(second.has_value());
}

TEST_F(UnixListenerTest, RefusesWhatIsInUse) {
  auto first = UnixListener::listen(loop_.executor(), path());
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(UnixListener::listen(loop_.executor(), path()).error().code(), ErrorCode::AddressInUse);
  std::ofstream(path("file")) << "precious";
  EXPECT_EQ(UnixListener::listen(loop_.executor(), path("file")).error().code(),
            ErrorCode::AddressInUse);
  EXPECT_TRUE(std::filesystem::exists(path("file")));
}

TEST_F(UnixListenerTest, SaysWhyItCannotConnect) {
  EXPECT_EQ(connect_unix(path("nothing")).error().code(), ErrorCode::NotFound);
  EXPECT_EQ(connect_unix("").error().code(), ErrorCode::InvalidParams);
  EXPECT_EQ(connect_unix(path(std::string(200, 'x'))).error().code(), ErrorCode::InvalidParams);
}

Task<> accept_until_closed(UnixListener& listener, ErrorCode& code) {
  auto client = co_await listener.accept();
  code = client.has_value() ? ErrorCode::Internal : client.error().code();
}
Task<> close_while_accepting(Loop& loop, UnixListener& listener, std::string path) {
  TaskScope scope(loop.executor());
  ErrorCode code = ErrorCode::Internal;
  scope.spawn(accept_until_closed(listener, code));
  co_await yield();
  listener.close();
  co_await scope.join();
  EXPECT_EQ(code, ErrorCode::Unavailable);
  EXPECT_FALSE(std::filesystem::exists(path));
}
TEST_F(UnixListenerTest, CloseEndsAcceptAndRemovesTheFile) {
  auto listener = UnixListener::listen(loop_.executor(), path());
  ASSERT_TRUE(listener.has_value());
  testing::run(loop_, close_while_accepting(loop_, **listener, path()));
}

}  // namespace
}  // namespace arcella::aio
