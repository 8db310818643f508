// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/progress_bar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cli/columns.h"
#include "cli/testing/fake_daemon.h"

namespace arcella::cli {
namespace {

using ::testing::ElementsAre;
using testing::FakeDaemon;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kAnswer =
    R"({"jsonrpc":"2.0","method":"progress","params":{"stage":"compiling","done":0,"total":null,)"
    R"("request":1}})"
    "\n"
    R"({"jsonrpc":"2.0","id":1,"result":{"id":"calc@1.0.0","kind":"service"}})"
    "\n";

TEST(ProgressText, IsABarWhereTheTotalIsKnown) {
  EXPECT_EQ(progress_text({"starting", 5, 10}, 25), "starting [####     ] 5/10");
  EXPECT_EQ(progress_text({"starting", 10, 10}, 25), "starting [########] 10/10");
  EXPECT_EQ(progress_text({"starting", 0, 0}, 25), "starting [          ] 0/0");
  EXPECT_EQ(progress_text({"compiling", 0, std::nullopt}, 25), "compiling ...");
}

TEST(ProgressText, FitsAndIsInert) {
  for (std::size_t width = 1; width < 100; ++width) {
    EXPECT_LE(columns_of(progress_text({"starting", 500, 1000}, width)), width);
    EXPECT_LE(columns_of(progress_text({"compiling", 0, std::nullopt}, width)), width);
  }
  EXPECT_THAT(progress_text({"\x1b[2J", 0, std::nullopt}, 80), Not(HasSubstr("\x1b")));
}

TEST(CallWatched, DrawsOnATerminalAndLeavesNothing) {
  FakeDaemon daemon({kAnswer});
  auto client = Client::connect(daemon.socket(), daemon.home());
  ASSERT_TRUE(client.has_value());
  std::ostringstream out;
  std::ostringstream err;
  Surroundings surroundings{out, err, "/", Colour::Off, true};
  EXPECT_TRUE(
      call_watched(*client, surroundings, "install", wire::JsonObject{{"path", "/x"}}).has_value());
  daemon.join();
  EXPECT_EQ(err.str(), "\r\x1b[Kcompiling ...\r\x1b[K");
  EXPECT_THAT(daemon.heard(), ElementsAre(HasSubstr(R"("progress":true)")));
}

TEST(CallWatched, IsSilentForPrograms) {
  FakeDaemon daemon({kAnswer});
  auto client = Client::connect(daemon.socket(), daemon.home());
  ASSERT_TRUE(client.has_value());
  std::ostringstream out;
  std::ostringstream err;
  Surroundings surroundings{out, err, "/", Colour::Off, false};
  EXPECT_TRUE(
      call_watched(*client, surroundings, "install", wire::JsonObject{{"path", "/x"}}).has_value());
  daemon.join();
  EXPECT_EQ(err.str(), "");
  EXPECT_THAT(daemon.heard(), ElementsAre(Not(HasSubstr("progress"))));
}

}  // namespace
}  // namespace arcella::cli
