// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace arcella::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Environment kEnvironment{"", "/home/user", "/here/dir"};

Result<std::variant<Arguments, Printed>> parse(const std::vector<std::string>& words) {
  return parse_arguments(words, kEnvironment);
}
Arguments parsed(const std::vector<std::string>& words) {
  auto result = parse(words);
  EXPECT_TRUE(result.has_value()) << result.error().message();
  if (!result.has_value()) return {};
  EXPECT_TRUE(std::holds_alternative<Arguments>(*result));
  return std::get<Arguments>(*result);
}
Error refused(const std::vector<std::string>& words) {
  auto result = parse(words);
  EXPECT_FALSE(result.has_value());
  return result.has_value() ? Error(ErrorCode::Internal, "") : result.error();
}
std::string printed(const std::vector<std::string>& words) {
  auto result = parse(words);
  EXPECT_TRUE(result.has_value());
  return result.has_value() ? std::get<Printed>(*result).text : "";
}

TEST(Arguments, GlobalOptionsStandBeforeOrAfterTheCommand) {
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"--home", "h", "--json", "start", "calc"},
                                             {"start", "calc", "--home", "h", "--json"},
                                             {"start", "--json", "calc", "--home=h"}}) {
    const Arguments arguments = parsed(words);
    EXPECT_EQ(arguments.command->verb, Verb::Start);
    EXPECT_THAT(arguments.words, ElementsAre("calc"));
    EXPECT_EQ(arguments.home, "/here/dir/h");
    EXPECT_EQ(arguments.socket, "/here/dir/h/alme");
    EXPECT_TRUE(arguments.json);
  }
}

TEST(Arguments, HomeIsTheOptionThenTheVariableThenTheUsers) {
  EXPECT_EQ(parsed({"ping"}).home, "/home/user/.arcella");
  auto by_variable =
      parse_arguments(std::vector<std::string>{"ping"}, {"/var/a/", "/home/user", "/"});
  ASSERT_TRUE(by_variable.has_value());
  EXPECT_EQ(std::get<Arguments>(*by_variable).home, "/var/a");
  auto homeless = parse_arguments(std::vector<std::string>{"ping"}, {"", "", "/"});
  EXPECT_FALSE(homeless.has_value());
  EXPECT_EQ(parsed({"ping", "--socket", "s"}).socket, "/here/dir/s");
}

TEST(Arguments, EveryCommandIsParsed) {
  EXPECT_EQ(parsed({"install", "x.wasm", "--id", "x@1.0.0"}).id, "x@1.0.0");
  EXPECT_THAT(parsed({"deploy", "a", "b"}).words, ElementsAre("a", "b"));
  EXPECT_EQ(parsed({"scale", "calc", "4"}).replicas, 4);
  EXPECT_THAT(parsed({"list", "workers"}).words, ElementsAre("workers"));
  const Arguments logs = parsed({"logs", "calc", "--instance", "1", "-n", "5", "-f"});
  EXPECT_EQ(logs.instance, 1);
  EXPECT_EQ(logs.lines, 5);
  EXPECT_TRUE(logs.follow);
  EXPECT_EQ(parsed({"logs"}).target, "");
  for (const char* name : {"remove", "rollback", "describe", "wit"}) {
    EXPECT_EQ(parsed({name, "x"}).target, "x");
  }
  for (const char* name : {"undeploy", "start", "stop"}) {
    EXPECT_THAT(parsed({name, "x", "y"}).words, ElementsAre("x", "y"));
  }
  EXPECT_EQ(parsed({"start", "--group", "math"}).group, "math");
  EXPECT_TRUE(parsed({"undeploy", "x", "--force"}).force);
  EXPECT_TRUE(parsed({"deploy", "--dry-run", "a"}).dry_run);
  EXPECT_EQ(parsed({"diag", "web"}).target, "web");
  EXPECT_TRUE(parsed({"graph", "--dot"}).dot);
  EXPECT_EQ(parsed({"update", "calc", "./next"}).path, "./next");
  const Arguments update = parsed({"update", "calc-math", "--to", "calc@1.1.0", "--force"});
  EXPECT_EQ(update.to, "calc@1.1.0");
  EXPECT_FALSE(update.path.has_value());
  EXPECT_TRUE(update.force);
  for (const char* name : {"ping", "status", "shutdown"}) parsed({name});
}

TEST(Arguments, DeploymentMayBeCalledLikeACommand) {
  EXPECT_THAT(parsed({"start", "start"}).words, ElementsAre("start"));
  EXPECT_THAT(parsed({"--home", "list", "stop", "list"}).words, ElementsAre("list"));
}

TEST(Arguments, CallTakesOneWordOrSeveral) {
  const Arguments one = parsed({"call", "calc", "add(20, 22)"});
  EXPECT_EQ(one.target, "calc");
  EXPECT_THAT(one.words, ElementsAre("add(20, 22)"));
  EXPECT_THAT(parsed({"call", "calc", "add", "20", "22"}).words, ElementsAre("add", "20", "22"));
}

TEST(Arguments, ListsInBracketsStayWhole) {
  EXPECT_THAT(parsed({"call", "calc", "sum", "[1, 2, 3]"}).words, ElementsAre("sum", "[1, 2, 3]"));
  EXPECT_THAT(parsed({"run", "x", "--", "[a,b]"}).words, ElementsAre("[a,b]"));
}

TEST(Arguments, RunPassesOnWhatFollowsTheDashes) {
  const Arguments run = parsed({"run", "hello-core@1.0.0", "--mount", "a:/a", "--mount", "b:/b:rw",
                                "--env", "K=V", "--json", "--", "--exit", "3", "--json", "--"});
  EXPECT_EQ(run.target, "hello-core@1.0.0");
  EXPECT_THAT(run.mounts, ElementsAre("a:/a", "b:/b:rw"));
  EXPECT_THAT(run.env, ElementsAre("K=V"));
  EXPECT_THAT(run.words, ElementsAre("--exit", "3", "--json", "--"));
  EXPECT_TRUE(run.json);
  EXPECT_FALSE(parsed({"run", "x", "--", "--json"}).json);
  EXPECT_THAT(parsed({"run", "x", "--env", "A=1", "--", "b"}).words, ElementsAre("b"));
}

TEST(Arguments, WrongOnesAreOneLineWithTheUsage) {
  for (const auto& words : std::vector<std::vector<std::string>>{{"start"},
                                                                 {"start", "a", "--group", "b"},
                                                                 {"undeploy"},
                                                                 {"update", "a"},
                                                                 {"update", "a", "b", "--to", "c"},
                                                                 {"rollback", "a", "b"},
                                                                 {"start", "a", "--bogus"},
                                                                 {"scale", "a", "many"},
                                                                 {"scale", "a", "-1"},
                                                                 {"scale", "a", "1000000"},
                                                                 {"install"},
                                                                 {"call", "a"},
                                                                 {"logs", "a", "-n", "x"},
                                                                 {"ping", "--home"}}) {
    const Error error = refused(words);
    EXPECT_EQ(error.code(), ErrorCode::InvalidParams) << words.front();
    EXPECT_EQ(traits_of(error.code()).exit_status, 2);
    EXPECT_THAT(error.message(), HasSubstr("usage: arcella-cli " + words.front()));
    EXPECT_EQ(error.message().find('\n'), std::string::npos);
  }
}

TEST(Arguments, WhatIsNoNumberIsSaidToBeNone) {
  EXPECT_THAT(refused({"scale", "calc", "many"}).message(),
              HasSubstr("'many' is not a number of replicas: from 0 to 10000, as in "
                        "`scale calc-math 4`; usage: "));
  for (const char* word : {"-1", "5.5", "1e3", "10001", "", "4x", "99999999999999999999"}) {
    EXPECT_THAT(refused({"scale", "calc", word}).message(),
                HasSubstr("'" + std::string(word) + "' is not a number of replicas"));
  }
  EXPECT_EQ(parsed({"scale", "calc", "0"}).replicas, 0);
  EXPECT_EQ(parsed({"scale", "calc", "10000"}).replicas, 10000);
  EXPECT_THAT(refused({"logs", "-n", "all"}).message(),
              HasSubstr("'all' is not a number of lines"));
  EXPECT_THAT(refused({"events", "-n", "-3"}).message(),
              HasSubstr("'-3' is not a number of lines"));
  EXPECT_THAT(refused({"call", "calc", "add", "--instance", "4294967296"}).message(),
              HasSubstr("'4294967296' is not the number of a replica"));
  EXPECT_THAT(refused({"run", "x", "--timeout-ms", "soon"}).message(),
              HasSubstr("'soon' is not a number of milliseconds"));
}

TEST(Arguments, UnknownCommandNamesTheNearest) {
  const Error error = refused({"instal", "x"});
  EXPECT_EQ(error.code(), ErrorCode::MethodNotFound);
  EXPECT_THAT(error.message(), HasSubstr("did you mean 'install'?"));
  EXPECT_THAT(refused({}).message(), HasSubstr("arcella-cli --help"));
}

TEST(Arguments, UnknownOptionNamesTheNearest) {
  EXPECT_THAT(refused({"list", "--jsno"}).message(),
              HasSubstr("list: there is no option '--jsno'; did you mean '--json'?; usage: "));
  EXPECT_THAT(refused({"logs", "--instnace=3"}).message(), HasSubstr("'--instance'"));
  EXPECT_THAT(refused({"--hmoe=/x", "list"}).message(), HasSubstr("'--home'"));
  EXPECT_THAT(refused({"--hmoe", "/x", "list"}).message(), HasSubstr("'--home'"));
  EXPECT_THAT(refused({"start", "a", "--zzzzzzz"}).message(), HasSubstr("no option '--zzzzzzz'; "));
}

TEST(Arguments, HelpAndVersionArePrinted) {
  EXPECT_THAT(printed({"--help"}), HasSubstr("Commands:"));
  EXPECT_THAT(printed({"help"}), HasSubstr("Commands:"));
  EXPECT_THAT(printed({"run", "--help"}), HasSubstr("--mount"));
  EXPECT_THAT(printed({"run", "-h"}), HasSubstr("--mount"));
  EXPECT_THAT(printed({"help", "run"}), HasSubstr("--mount"));
  EXPECT_THAT(printed({"help", "exit-codes"}), HasSubstr("guest-trapped"));
  EXPECT_THAT(printed({"--version"}), HasSubstr("arcella-cli 0."));
  EXPECT_FALSE(parse({"help", "nonsense"}).has_value());
}

TEST(AbsolutePath, StartsAtTheFolderAndHasNoDots) {
  EXPECT_EQ(absolute_path("a/../b", "/x"), "/x/b");
  EXPECT_EQ(absolute_path("./", "/x"), "/x");
  EXPECT_EQ(absolute_path("/a/", "/x"), "/a");
  EXPECT_EQ(absolute_path("/", "/x"), "/");
}

}  // namespace
}  // namespace arcella::cli
