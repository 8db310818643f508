// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What guests print: in memory, in files, and after a restart of the daemon.
#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "support/daemon_fixture.h"

namespace arcella::integration {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at)) {
    ++count;
    at += part.size();
  }
  return count;
}

class GuestLogs : public DaemonTest {
 protected:
  // A command that prints its arguments, each on a line, and ends.
  void deploy_printer(const std::vector<std::string>& arguments) {
    install("hello-core");
    std::string list;
    for (const std::string& argument : arguments) list += "'''" + argument + "''', ";
    deploy(
        folder_.write("printer.deployment.toml",
                      "[deployment]\nmodule_id = \"hello-core@1.0.0\"\ngroup = \"jobs\"\nargs = [" +
                          list + "]\n"));
  }
  void run_printer() {
    start("printer");
    ASSERT_TRUE(eventually(
        [this] { return deployment("printer").at("state").as_string() == "completed"; }));
  }
  [[nodiscard]] std::string file(const std::string& ending = "") const {
    return home() + "/logs/guests/printer.log" + ending;
  }
};

TEST_F(GuestLogs, EachLineOfTheFileSaysWhoWhatAndWhen) {
  deploy_printer({"one"});
  run_printer();
  ASSERT_TRUE(eventually([this] { return content_of(file()).find("one") != std::string::npos; }));
  EXPECT_THAT(content_of(file()),
              ::testing::ContainsRegex("20[0-9-]+T[0-9:.]+Z hello-core@1.0.0 printer/0 stdout "));
  const wire::Json logs = cli_json({"logs", "printer"});
  const wire::Json& line = logs.at("lines").at(0);
  EXPECT_EQ(line.at("component").as_string(), "hello-core@1.0.0");
  EXPECT_EQ(line.at("deployment").as_string(), "printer");
  EXPECT_EQ(line.at("instance").as_string(), "printer/0");
}

TEST_F(GuestLogs, LinesFromBeforeARestartOfTheDaemonAreShownOnce) {
  deploy_printer({"remembered"});
  run_printer();
  const std::string before = cli({"logs", "printer"}).out;
  ASSERT_THAT(before, HasSubstr("remembered"));
  kill_daemon(SIGTERM);
  ASSERT_TRUE(start_daemon());
  EXPECT_EQ(cli({"logs", "printer"}).out, before);
  EXPECT_EQ(cli({"logs"}).out, before);

  run_printer();
  const std::string both = cli({"logs", "printer"}).out;
  EXPECT_EQ(count_of(both, "remembered"), 2 * count_of(before, "remembered"));
  EXPECT_TRUE(both.starts_with(before));
  EXPECT_EQ(cli({"logs", "printer", "--instance", "0"}).out, both);
}

TEST_F(GuestLogs, AFollowerGetsTheFilesLinesThenEachNewOneOnce) {
  deploy_printer({"told"});
  run_printer();
  kill_daemon(SIGTERM);
  ASSERT_TRUE(start_daemon());
  AlmeConnection follower(socket());
  const wire::Json tail = follower.ask("logs", wire::JsonObject{{"follow", true}});
  ASSERT_GE(tail.at("lines").as_array().size(), 2U);
  run_printer();
  for (std::size_t i = 0; i < tail.at("lines").as_array().size(); ++i) {
    const std::optional<std::string> line = follower.read();
    ASSERT_TRUE(line);
    const std::string text(std::string_view(tail.at("lines").at(i).at("text").as_string()));
    EXPECT_THAT(*line, AllOf(HasSubstr("logs.line"), HasSubstr(text)));
  }
}

TEST_F(GuestLogs, SinceAndLinesCutWhatIsShown) {
  deploy_printer({"first", "second"});
  run_printer();
  kill_daemon(SIGTERM);
  ASSERT_TRUE(start_daemon());
  EXPECT_THAT(cli({"logs", "printer", "--since", "10m"}).out, HasSubstr("first"));
  EXPECT_EQ(cli({"logs", "printer", "--since", "2999-01-01T00:00:00Z"}).out, "");
  EXPECT_EQ(count_of(cli({"logs", "printer", "-n", "1"}).out, "\n"), 1U);
  const ProgramResult wrong = cli({"logs", "printer", "--since", "yesterday"});
  EXPECT_EQ(wrong.status, 2);
  EXPECT_TRUE(is_one_line(wrong));
}

TEST_F(GuestLogs, FilesAreRotatedAndBounded) {
  kill_daemon(SIGTERM);
  flags_ = {"--set", "guest_logs.file_bytes=65536", "--set", "guest_logs.files_kept=2"};
  ASSERT_TRUE(start_daemon());
  std::vector<std::string> arguments;
  for (int i = 0; i < 40; ++i) arguments.push_back(std::to_string(i) + std::string(3000, 'x'));
  deploy_printer(arguments);
  for (int i = 0; i < 3; ++i) run_printer();
  ASSERT_TRUE(eventually([this] { return std::filesystem::exists(file(".1")); }));
  EXPECT_LE(std::filesystem::file_size(file()), 65536U);
  EXPECT_LE(std::filesystem::file_size(file(".1")), 65536U);
  EXPECT_FALSE(std::filesystem::exists(file(".2")));
}

TEST_F(GuestLogs, UndeployTakesTheFilesAlong) {
  deploy_printer({"secret"});
  run_printer();
  ASSERT_TRUE(eventually([this] { return std::filesystem::exists(file()); }));
  EXPECT_EQ(cli({"undeploy", "printer"}).status, 0);
  EXPECT_FALSE(std::filesystem::exists(file()));
  // What a crash in between leaves goes at the next start.
  kill_daemon(SIGTERM);
  std::ofstream(file()) << "left behind\n";
  ASSERT_TRUE(start_daemon());
  EXPECT_FALSE(std::filesystem::exists(file()));
}

TEST_F(GuestLogs, ControlCharactersOfAGuestAreInertInTheFile) {
  install("hello-core");
  deploy(folder_.write("printer.deployment.toml",
                       "[deployment]\nmodule_id = \"hello-core@1.0.0\"\ngroup = \"jobs\"\n"
                       "args = [\"a\\u001b[2Jb\"]\n"));
  run_printer();
  ASSERT_TRUE(eventually([this] { return content_of(file()).find("[2J") != std::string::npos; }));
  EXPECT_THAT(content_of(file()), AllOf(HasSubstr("a\\x1b[2Jb"), Not(HasSubstr("\x1b"))));
}

TEST_F(GuestLogs, AFileThatCannotBeWrittenStopsNobody) {
  deploy_printer({"heard"});
  // In place of the folder: nothing can be made in there.
  std::filesystem::create_directories(home() + "/logs");
  std::ofstream(home() + "/logs/guests") << "in the way\n";
  run_printer();
  EXPECT_THAT(cli({"logs", "printer"}).out, HasSubstr("heard"));
  EXPECT_TRUE(eventually([this] {
    return daemon_log().find("output of guests does not get into its files") != std::string::npos;
  }));
  EXPECT_GT(cli_json({"logs", "printer"}).at("dropped").as_int64(), 0);
}

}  // namespace
}  // namespace arcella::integration
