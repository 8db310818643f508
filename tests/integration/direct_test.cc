// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// `direct = true`: imports that lead from worker to worker by a link of their own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>
#include <string>
#include <string_view>

#include "support/relay_fixture.h"

namespace arcella::integration {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Direct : public RelayTest {
 protected:
  void put_relay(std::string_view more) {
    put("relay", "relay", "group = \"web\"\n" + std::string(more));
  }
  void set_up_relay(std::string_view more) {
    put("sums", "calc", "group = \"math\"\n");
    start("sums");
    put_relay(more);
    start("relay");
  }
  bool has_link(int number) {
    return eventually([this, number] {
      return daemon_log().find("two workers have a link link=" + std::to_string(number)) !=
             std::string::npos;
    });
  }
};

// The consumer takes its requests itself, so that nothing of the way there and back is the
// daemon's, which neither runs nor ends.
TEST_F(Direct, CallsGoPastTheDaemon) {
  const int port = free_port();
  for (const char* name : {"catalog", "pricing", "stock", "cart"}) {
    install("shop/" + std::string(name));
    put(name, name, "group = \"back\"\n");
    start(name);
  }
  install("shop/storefront");
  put("storefront", "storefront",
      "group = \"front\"\ndirect = true\n[deployment.http]\nlisten = \"127.0.0.1:" +
          std::to_string(port) + "\"\n");
  start("storefront");
  const pid_t daemon = daemon_->pid();
  ASSERT_EQ(::kill(daemon, SIGSTOP), 0);
  siginfo_t stopped{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(daemon), &stopped, WSTOPPED), 0);
  EXPECT_THAT(http_get(port, "/"), HasSubstr("tea: Green tea, 100 g, organic"));
  EXPECT_EQ(http_post(port, "/cart/ann?product=tea&count=2"), "2 tea in the cart\n");
  EXPECT_EQ(http_get(port, "/cart/ann"), "2 tea: 13.00\ntotal: 13.00\n");
  ASSERT_EQ(::kill(daemon, SIGCONT), 0);
}

TEST_F(Direct, AFileThatDiffersInItOnlyIsAdjusted) {
  set_up_relay("");
  EXPECT_TRUE(serves());
  EXPECT_THAT(daemon_log(), Not(HasSubstr("two workers have a link")));
  const std::int64_t pid = pid_of("relay");
  put_relay("direct = true\n");
  EXPECT_TRUE(has_link(1));
  EXPECT_TRUE(serves());
  put_relay("direct = false\n");
  EXPECT_TRUE(serves());
  EXPECT_EQ(pid_of("relay"), pid);
  EXPECT_EQ(deployment("relay").at("restarts").as_int64(), 0);
}

TEST_F(Direct, EachProcessThatComesBackGetsALinkAgain) {
  set_up_relay("direct = true\n");
  EXPECT_TRUE(has_link(1));
  EXPECT_THAT(cli({"diag", "relay"}).out, HasSubstr("bound to sums, the only candidate, direct"));
  ASSERT_TRUE(signal("sums", SIGKILL));
  EXPECT_TRUE(has_link(2));
  EXPECT_TRUE(serves());
  ASSERT_TRUE(signal("relay", SIGKILL));
  EXPECT_TRUE(has_link(3));
  EXPECT_TRUE(serves());
}

TEST_F(Direct, HasNoEffectWhereThereAreNotTwoWorkers) {
  set_up_relay("direct = true\n");
  EXPECT_TRUE(has_link(1));
  for (const std::string& where : {std::string("group = \"web\"\n"), std::string(kInMain)}) {
    put("sums", "calc", where);
    EXPECT_TRUE(serves());
  }
  EXPECT_THAT(daemon_log(), Not(HasSubstr("link=2")));
}

TEST_F(Direct, ACircleOfCallsIsRefusedWithItsChain) {
  install("rally");
  const std::string wired_to = "direct = true\n[deployment.wiring]\n\"examples:rally/court\" = ";
  put("here", "rally", "group = \"here\"\n" + wired_to + "\"there\"\n");
  put("there", "rally", "group = \"here\"\n" + wired_to + "\"here\"\n");
  ASSERT_EQ(cli({"start", "--group", "here"}).status, 0);
  put("there", "rally", "group = \"there\"\n" + wired_to + "\"here\"\n");
  EXPECT_TRUE(has_link(1));
  EXPECT_TRUE(eventually([this] { return cli({"call", "here", "play(1)"}).out == "ok(1)\n"; }));
  EXPECT_THAT(cli({"call", "here", "play(2)"}).out,
              HasSubstr("the call comes back to a replica that waits for it: here/0 -> there/0 -> "
                        "here"));
  EXPECT_THAT(daemon_log(), Not(HasSubstr("link=2"))) << "one for both directions";
}

}  // namespace
}  // namespace arcella::integration
