// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// `arcella-cli shell` as somebody types it, at a real terminal.
#include "support/terminal.h"

#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>
#include <sstream>

#include "support/daemon_fixture.h"

namespace arcella::integration {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class TerminalTest : public DaemonTest {
 protected:
  std::unique_ptr<Terminal> open(std::vector<std::string> words = {"shell"},
                                 const std::vector<std::string>& more = {}) {
    words.insert(words.begin(), {program_path("arcella-cli"), "--home", home()});
    std::vector<std::string> variables{
        "HOME=" + folder_.path(), "XDG_STATE_HOME=" + folder_.path() + "/state", "LC_ALL=C.UTF-8"};
    variables.insert(variables.end(), more.begin(), more.end());
    return std::make_unique<Terminal>(std::move(words), variables, source_path("."));
  }
  // An answering daemon's prompt.
  static ::testing::AssertionResult prompts(Terminal& terminal, int running) {
    return shows(terminal, "arcella[" + std::to_string(running) + " running]> ");
  }
  static ::testing::AssertionResult shows(Terminal& terminal, std::string_view text) {
    if (terminal.shows(text)) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << "not shown: " << text << "\n" << terminal.shown();
  }
  void calc() {
    install("calc");
    deploy(source_path("examples/calc/calc-math.deployment.toml"));
    start("calc-math");
  }
};

TEST_F(TerminalTest, WordsAreCompletedFromTheTableAndTheDaemon) {
  calc();
  auto terminal = open();
  ASSERT_TRUE(prompts(*terminal, 1));
  terminal->type("descr\tcalc-\t\r");
  ASSERT_TRUE(shows(*terminal, "module_id: calc@1.0.0"));
  ASSERT_TRUE(prompts(*terminal, 1));
  terminal->type("call calc-m\tsubtr\t50 8\r");
  ASSERT_TRUE(shows(*terminal, "\n42\n"));
  ASSERT_TRUE(prompts(*terminal, 1));
  terminal->type("call calc-math d");
  terminal->type(keys::kTab);
  ASSERT_TRUE(shows(*terminal, "describe: func(entries: list<entry>) -> list<string>"));
  ASSERT_TRUE(shows(*terminal, "call calc-math d"));
  terminal->type(
      "\x15"
      "deploy examples/calc/calc.depl\t\r");
  ASSERT_TRUE(shows(*terminal, "deployed calc (calc@1.0.0): stopped"));
  ASSERT_TRUE(prompts(*terminal, 1));
  terminal->type("start calc\r");
  ASSERT_TRUE(prompts(*terminal, 2));
  terminal->type("exit\r");
  EXPECT_EQ(terminal->wait(), 0);
}

TEST_F(TerminalTest, HistoryLastsFromOneShellToTheNext) {
  auto first = open();
  ASSERT_TRUE(prompts(*first, 0));
  first->type("ping\r");
  ASSERT_TRUE(shows(*first, "\npong\n"));
  ASSERT_TRUE(prompts(*first, 0));
  first->type(" list workers\r");
  ASSERT_TRUE(shows(*first, "no workers"));
  ASSERT_TRUE(prompts(*first, 0));
  first->type(keys::kCtrlD);
  EXPECT_EQ(first->wait(), 0);

  auto second = open();
  ASSERT_TRUE(prompts(*second, 0));
  second->type(std::string(keys::kUp) + keys::kEnter);
  ASSERT_TRUE(shows(*second, "\npong\n")) << "the line with a blank before it was not kept";
  ASSERT_TRUE(prompts(*second, 0));
  second->type("quit\r");
  EXPECT_EQ(second->wait(), 0);
  const auto file = std::filesystem::status(folder_.path() + "/state/arcella/cli_history");
  EXPECT_EQ(file.permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(TerminalTest, CtrlCClearsTheLine) {
  auto terminal = open();
  ASSERT_TRUE(prompts(*terminal, 0));
  terminal->type("shutdown");
  ASSERT_TRUE(shows(*terminal, "shutdown"));
  terminal->type(keys::kCtrlC);
  ASSERT_TRUE(shows(*terminal, "^C"));
  ASSERT_TRUE(prompts(*terminal, 0));
  terminal->type("ping\r");
  ASSERT_TRUE(shows(*terminal, "\npong\n"));
  ASSERT_TRUE(prompts(*terminal, 0));
  EXPECT_TRUE(eventually([&] { return !terminal->is_cooked(); })) << "the editor has it";
  terminal->type(keys::kCtrlD);
  EXPECT_EQ(terminal->wait(), 0);
  EXPECT_TRUE(terminal->is_cooked());
}

TEST_F(TerminalTest, CtrlCEndsTheCommandAndNotTheShell) {
  install("spinner");
  deploy(source_path("examples/spinner/spinner.deployment.toml"));
  start("spinner");
  auto terminal = open();
  ASSERT_TRUE(prompts(*terminal, 1));
  terminal->type("logs -f\r");
  ASSERT_TRUE(shows(*terminal, "logs -f\n"));
  ASSERT_TRUE(eventually([&] { return terminal->is_cooked(); }));
  terminal->type(keys::kCtrlC);
  ASSERT_TRUE(prompts(*terminal, 1));
  terminal->type("call spinner spin --timeout-ms 60000\r");
  ASSERT_TRUE(shows(*terminal, "60000\n"));
  ASSERT_TRUE(eventually([&] { return terminal->is_cooked(); }));
  terminal->type(keys::kCtrlC);
  ASSERT_TRUE(shows(*terminal, "arcella["));
  terminal->type("ping\r");
  ASSERT_TRUE(shows(*terminal, "\npong\n"));
  terminal->type("exit\r");
  EXPECT_EQ(terminal->wait(), 0);
}

TEST_F(TerminalTest, FollowersEndWithTheDaemon) {
  install("hello-core");
  deploy(source_path("examples/hello-core/hello-core.deployment.toml"));
  start("hello-core");
  auto logs = open({"logs", "-f"});
  auto events = open({"events", "-f"});
  ASSERT_TRUE(shows(*logs, "hello-core/0 out| "));
  ASSERT_TRUE(shows(*events, "deployment-started"));
  ASSERT_EQ(cli({"shutdown"}).status, 0);
  for (Terminal* terminal : {logs.get(), events.get()}) {
    EXPECT_EQ(terminal->wait(), 3);
    EXPECT_THAT(terminal->shown(),
                HasSubstr("\narcella-cli: the connection has ended: the daemon has shut down or "
                          "died; its log says which\n"));
  }
  EXPECT_EQ(daemon_->wait(), 0);
  daemon_.reset();
}

TEST_F(TerminalTest, GuestsOfRunHaveTheTerminal) {
  install("hello-core");
  auto terminal = open();
  ASSERT_TRUE(prompts(*terminal, 0));
  terminal->type("run hello-core -- 'two words'\r");
  ASSERT_TRUE(shows(*terminal, "argument 1: two words"));
  ASSERT_TRUE(prompts(*terminal, 0));
  terminal->type("run hello-core -- --exit 3\r");
  ASSERT_TRUE(shows(*terminal, "\nexit status 3\n"));
  ASSERT_TRUE(prompts(*terminal, 0));
  terminal->type("exit\r");
  EXPECT_EQ(terminal->wait(), 0);
}

TEST_F(TerminalTest, DaemonMayGoAndComeBack) {
  auto terminal = open();
  ASSERT_TRUE(prompts(*terminal, 0));
  kill_daemon(SIGKILL);
  terminal->type("list\r");
  ASSERT_TRUE(shows(*terminal, "no daemon answers at " + socket()));
  ASSERT_TRUE(shows(*terminal, "arcella[no daemon]> "));
  terminal->type("start \t\r");
  ASSERT_TRUE(shows(*terminal, "usage: arcella-cli start"));
  ASSERT_TRUE(shows(*terminal, "arcella[no daemon]> "));
  ASSERT_TRUE(start_daemon());
  terminal->type("ping\r");
  ASSERT_TRUE(shows(*terminal, "\npong\n"));
  ASSERT_TRUE(prompts(*terminal, 0));
  terminal->type("shutdown\r");
  ASSERT_TRUE(shows(*terminal, "the daemon has shut down"));
  ASSERT_TRUE(shows(*terminal, "arcella[no daemon]> "));
  EXPECT_EQ(daemon_->wait(), 0);
  daemon_.reset();
  terminal->type("exit\r");
  EXPECT_EQ(terminal->wait(), 0);
}

TEST_F(TerminalTest, SilentDaemonDoesNotHangThePrompt) {
  auto terminal = open();
  ASSERT_TRUE(prompts(*terminal, 0));
  daemon_->kill(SIGSTOP);
  terminal->type(std::string(keys::kCtrlC));
  ASSERT_TRUE(shows(*terminal, "arcella[no answer]> "));
  terminal->type("start \t");
  terminal->type(keys::kCtrlC);
  ASSERT_TRUE(shows(*terminal, "arcella[no answer]> "));
  daemon_->kill(SIGCONT);
  terminal->type("ping\r");
  ASSERT_TRUE(shows(*terminal, "\npong\n"));
  terminal->type("exit\r");
  EXPECT_EQ(terminal->wait(), 0);
}

TEST_F(TerminalTest, ErrorsAreShownAndTheShellGoesOn) {
  auto terminal = open();
  ASSERT_TRUE(prompts(*terminal, 0));
  terminal->type("instal x\r");
  ASSERT_TRUE(shows(*terminal, "did you mean 'install'?"));
  terminal->type("start 'calc\r");
  ASSERT_TRUE(shows(*terminal, "the quote ' is not closed"));
  terminal->type("shell\r");
  ASSERT_TRUE(shows(*terminal, "this is the shell already"));
  terminal->type("help scale\r");
  ASSERT_TRUE(shows(*terminal, "change the number of replicas"));
  terminal->type("# nothing\r\r");
  ASSERT_TRUE(prompts(*terminal, 0));
  terminal->type("exit\r");
  EXPECT_EQ(terminal->wait(), 0);
}

TEST_F(TerminalTest, SignalThatEndsTheShellLeavesTheTerminalWhole) {
  for (int signal : {SIGTERM, SIGHUP}) {
    auto terminal = open();
    ASSERT_TRUE(prompts(*terminal, 0));
    ASSERT_TRUE(eventually([&] { return !terminal->is_cooked(); }));
    terminal->process().kill(signal);
    EXPECT_EQ(terminal->wait(), 128 + signal);
    EXPECT_TRUE(terminal->is_cooked());
  }
}

TEST_F(TerminalTest, ResizeRedrawsTheLine) {
  auto terminal = open();
  ASSERT_TRUE(prompts(*terminal, 0));
  terminal->type("list wor");
  ASSERT_TRUE(shows(*terminal, "list wor"));
  terminal->resize(30, 40);
  ASSERT_TRUE(shows(*terminal, "list wor"));
  terminal->type("kers\r");
  ASSERT_TRUE(shows(*terminal, "no workers"));
  terminal->type("exit\r");
  EXPECT_EQ(terminal->wait(), 0);
}

TEST_F(TerminalTest, LongCommandsShowHowFarTheyAreAndLeaveNoTrace) {
  auto terminal = open({"install", source_path("examples/calc/calc.wasm")});
  EXPECT_EQ(terminal->wait(), 0);
  EXPECT_THAT(terminal->shown(), HasSubstr("compiling ..."));
  EXPECT_TRUE(terminal->shown().ends_with("installed calc@1.0.0 (service)\n"));
  deploy(source_path("examples/calc/calc-math.deployment.toml"));
  auto start = open({"start", "calc-math"});
  EXPECT_EQ(start->wait(), 0);
  EXPECT_THAT(start->shown(), HasSubstr("starting ["));
  EXPECT_THAT(start->shown(), HasSubstr("] 2/2"));
  ASSERT_EQ(cli({"install", source_path("examples/calc/calc.wasm"), "--id", "calc@1.1.0"}).status,
            0);
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"update", "calc-math", "--to", "calc@1.1.0"},
        std::vector<std::string>{"rollback", "calc-math"}}) {
    auto change = open(words);
    EXPECT_EQ(change->wait(), 0);
    EXPECT_THAT(change->shown(), HasSubstr("starting ["));
    EXPECT_THAT(change->shown(), HasSubstr("] 2/2"));
  }
}

TEST_F(TerminalTest, TablesFitTheTerminalAndColoursAreForIt) {
  calc();
  auto terminal = open({"list"});
  EXPECT_EQ(terminal->wait(), 0);
  std::istringstream lines(terminal->shown());
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 82U) << line;
  EXPECT_THAT(terminal->shown(), HasSubstr("\u2026"))
      << "the description is longer than 80 columns";
  EXPECT_THAT(terminal->raw(), HasSubstr("\x1b[32mrunning\x1b[0m"));
  auto plain = open({"list"}, {"NO_COLOR=1"});
  EXPECT_EQ(plain->wait(), 0);
  EXPECT_THAT(plain->raw(), Not(HasSubstr("\x1b[")));
  EXPECT_THAT(cli({"list"}).out, HasSubstr("every WIT type that a call can carry\n"));
}

TEST_F(TerminalTest, ScriptStopsAtItsFirstFailure) {
  const std::string script = folder_.write("setup.arcella",
                                           "# what a platform needs\n"
                                           "install '" +
                                               source_path("examples/calc/calc.wasm") +
                                               "'\n"
                                               "deploy " +
                                               source_path("examples/calc/calc.deployment.toml") +
                                               "\nstart calc   # in main\n"
                                               "call calc \"add(20, 22)\"\n"
                                               "start nobody\n"
                                               "stop calc\n");
  const ProgramResult stopped = cli({"shell", "-f", script});
  EXPECT_EQ(stopped.status, 4);
  EXPECT_THAT(stopped.out, HasSubstr("\n42\n"));
  EXPECT_THAT(stopped.err, HasSubstr("setup.arcella:6: "));
  EXPECT_THAT(stopped.out, Not(HasSubstr("stopped, ")));
  const ProgramResult went_on = cli({"shell", "--keep-going", "-f", script});
  EXPECT_EQ(went_on.status, 4);
  EXPECT_THAT(went_on.out, HasSubstr("calc: stopped"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() + "/.local")) << "a script has no history";
}

TEST_F(TerminalTest, ScriptComesFromAPipeToo) {
  install("hello-core");
  const ProgramResult result = cli(
      {"shell"}, "ping\nrun hello-core -- --exit 0\nlist workers\nrun hello-core -- --exit 7\n");
  EXPECT_EQ(result.status, 7);
  EXPECT_THAT(result.out, HasSubstr("pong\n"));
  EXPECT_EQ(result.err, "arcella-cli: standard input:4: the command ended with exit status 7\n");
  EXPECT_EQ(cli({"shell", "-f", "nowhere"}).status, 4);
}

}  // namespace
}  // namespace arcella::integration
