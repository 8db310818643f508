// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/event_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cli/testing/fake_daemon.h"

namespace arcella::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kAnswer =
    R"({"jsonrpc":"2.0","id":1,"result":{"events":[)"
    R"({"time_ms":0,"kind":"daemon-started","subject":"daemon","message":null},)"
    R"({"time_ms":1,"kind":"instance-failed","subject":"web/3","message":"trap\u001b[2J"}],)"
    R"("dropped":0}})"
    "\n";
constexpr const char* kNews =
    R"({"jsonrpc":"2.0","method":"events.event","params":{"time_ms":2,"kind":"worker-up",)"
    R"("subject":"worker web","message":null,"request":1}})"
    "\n";

struct Outcome {
  int status = -1;
  std::string out;
  std::vector<std::string> heard;
};
Outcome run(std::vector<std::string> words, const std::string& answer) {
  testing::FakeDaemon daemon({answer});
  words.insert(words.begin(), {"--home", daemon.home()});
  std::ostringstream out;
  std::ostringstream err;
  Surroundings surroundings{out, err, "/here", Colour::Off, false};
  Outcome outcome;
  outcome.status = run_program(words, {"", "/home/user", "/here"}, surroundings);
  daemon.join();
  outcome.out = out.str();
  outcome.heard = daemon.heard();
  return outcome;
}

TEST(EventCommand, ShowsATable) {
  const Outcome outcome = run({"events"}, kAnswer);
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.out,
            "TIME                      EVENT            SUBJECT  MESSAGE\n"
            "1970-01-01T00:00:00.000Z  daemon-started   daemon\n"
            "1970-01-01T00:00:00.001Z  instance-failed  web/3    trap\\x1b[2J\n");
  EXPECT_THAT(outcome.heard, ElementsAre(HasSubstr(R"("params":{"lines":100})")));
}

TEST(EventCommand, NothingHappenedIsSaid) {
  const Outcome outcome =
      run({"events"}, R"({"jsonrpc":"2.0","id":1,"result":{"events":[],"dropped":0}})"
                      "\n");
  EXPECT_EQ(outcome.out, "no events\n");
}

TEST(EventCommand, JsonIsOneArray) {
  const Outcome outcome = run({"events", "--json"}, kAnswer);
  auto parsed = wire::parse_json(outcome.out.substr(0, outcome.out.find('\n')));
  ASSERT_TRUE(parsed.has_value()) << outcome.out;
  EXPECT_EQ(parsed->as_array().size(), 2U);
}

TEST(EventCommand, FollowingShowsWhatComes) {
  const std::string both = std::string(kAnswer) + kNews;
  const Outcome people = run({"events", "-f"}, both);
  EXPECT_EQ(people.status, 3);  // the daemon went away
  EXPECT_THAT(people.out,
              HasSubstr("1970-01-01T00:00:00.002Z  worker-up               worker web\n"));
  EXPECT_THAT(people.out, Not(HasSubstr("SUBJECT")));
  const Outcome program = run({"events", "--json", "-f"}, both);
  EXPECT_EQ(std::count(program.out.begin(), program.out.end(), '\n'), 3);
  EXPECT_THAT(program.out, HasSubstr("{\"time_ms\":2,"));
}

TEST(EventCommand, AsksForWhatTheArgumentsSay) {
  const Outcome outcome =
      run({"events", "web", "-n", "5", "--since", "2026-01-31T12:00:00Z"}, kAnswer);
  EXPECT_THAT(outcome.heard,
              ElementsAre(HasSubstr(
                  R"("params":{"deployment":"web","lines":5,"since_ms":1769860800000})")));
  EXPECT_EQ(run({"events", "--since", "yesterday"}, kAnswer).status, 2);
}

}  // namespace
}  // namespace arcella::cli
