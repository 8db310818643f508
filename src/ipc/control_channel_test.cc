// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "ipc/control_channel.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "aio/testing/run.h"
#include "aio/unix_socket.h"
#include "ipc/testing/samples.h"
#include "wire/frame_codec.h"

namespace arcella::ipc {
namespace {

aio::Task<> talk(aio::Loop& loop) {
  auto ends = aio::socket_pair();
  DaemonControlChannel daemon(loop.executor(), std::move(ends->first));
  WorkerControlChannel worker(loop.executor(), std::move(ends->second));
  EXPECT_TRUE(worker.send(Hello{kProtocolVersion, 1, "f"}).has_value());
  auto hello = co_await daemon.receive();
  EXPECT_TRUE(hello.has_value() && std::holds_alternative<Hello>(*hello));

  std::vector<UniqueFd> fds;
  fds.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  fds.emplace_back(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  LoadDeployment load{1, 2, testing::full_run_spec()};
  EXPECT_TRUE(daemon.send(load, std::move(fds)).has_value());
  EXPECT_TRUE(daemon.send(Shutdown{5}).has_value());
  auto first = co_await worker.receive();
  EXPECT_TRUE(first.has_value());
  EXPECT_EQ(first->fds.size(), 2U);
  EXPECT_EQ(std::get<LoadDeployment>(first->message).spec, load.spec);
  auto second = co_await worker.receive();
  EXPECT_TRUE(second.has_value() && second->fds.empty());

  worker.close();
  auto end = co_await daemon.receive();
  EXPECT_EQ(end.error().code(), ErrorCode::Unavailable);
}
TEST(ControlChannel, CarriesMessagesAndDescriptors) {
  aio::Loop loop;
  aio::testing::run(loop, talk(loop));
}

aio::Task<> nonsense(aio::Loop& loop, std::string bytes, ErrorCode code) {
  auto ends = aio::socket_pair();
  DaemonControlChannel daemon(loop.executor(), std::move(ends->first));
  EXPECT_EQ(::send(ends->second.get(), bytes.data(), bytes.size(), 0),
            static_cast<ssize_t>(bytes.size()));
  ends->second.reset();
  auto received = co_await daemon.receive();
  EXPECT_FALSE(received.has_value());
  EXPECT_EQ(received.error().code(), code);
}
TEST(ControlChannel, NonsenseOfAWorkerIsAnError) {
  aio::Loop loop;
  aio::testing::run(loop,
                    nonsense(loop, wire::LengthCodec::encode("hello"), ErrorCode::InvalidRequest));
  aio::testing::run(loop, nonsense(loop, "\xff\xff\xff\xff", ErrorCode::LimitExceeded));
  aio::testing::run(loop, nonsense(loop, std::string("\x05\0\0\0{", 5), ErrorCode::Io));
}

}  // namespace
}  // namespace arcella::ipc
