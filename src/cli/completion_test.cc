// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/command_table.h"
#include "cli/testing/fake_sources.h"
#include "cli/words.h"

namespace arcella::cli {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::FakeSources;
using ::testing::IsEmpty;
using ::testing::Not;

// The candidates for a line with the cursor at its end.
std::vector<std::string> at(std::string_view line, FakeSources* sources = nullptr) {
  FakeSources fresh;
  const PartialLine partial = split_partial(line);
  std::vector<std::string> texts;
  for (const Candidate& candidate :
       complete(partial.words, partial.partial, sources == nullptr ? fresh : *sources).candidates) {
    texts.push_back(candidate.text);
  }
  return texts;
}

TEST(Completion, CommandsComeFirst) {
  EXPECT_EQ(at("").size(), commands().size());
  EXPECT_THAT(at("und"), ElementsAre("undeploy"));
  EXPECT_THAT(at("--json und"), ElementsAre("undeploy"));
  EXPECT_THAT(at("--home /x und"), ElementsAre("undeploy"));
  EXPECT_THAT(at("zzz"), IsEmpty());
}

TEST(Completion, ExtraCommandsAreOfferedWhereTheyAre) {
  FakeSources sources;
  const ExtraCommand extra[] = {{"exit", "leave"}};
  EXPECT_THAT(complete({}, "exi", sources, extra).candidates,
              ElementsAre(Candidate{"exit", "leave", true}));
  EXPECT_THAT(at("exi"), IsEmpty());
}

TEST(Completion, IdsGoByThePlace) {
  EXPECT_THAT(at("start "), ElementsAre("calc", "calc-math", "greeter"));
  EXPECT_THAT(at("start gr"), ElementsAre("greeter"));
  EXPECT_THAT(at("remove "), ElementsAre("calc@1.0.0", "greeter@1.0.0"));
  EXPECT_THAT(at("describe calc"), ElementsAre("calc", "calc-math", "calc@1.0.0"));
  EXPECT_THAT(at("run --env A=1 gre"), ElementsAre("greeter", "greeter@1.0.0"));
  EXPECT_THAT(at("ping "), IsEmpty());
  EXPECT_THAT(at("scale calc "), IsEmpty());
  EXPECT_THAT(at("nonsense "), IsEmpty());
}

TEST(Completion, InstancesAreOfTheDeploymentOfTheLine) {
  EXPECT_THAT(at("logs calc-math --instance "), ElementsAre("0", "1"));
  EXPECT_THAT(at("logs --instance "), IsEmpty());
}

TEST(Completion, FunctionsAreOfTheDeploymentOfTheLine) {
  EXPECT_THAT(at("call calc "), ElementsAre("add", "divide"));
  EXPECT_THAT(at("call calc 'ad"), ElementsAre("add"));
  EXPECT_THAT(at("call calc --timeout-ms 5 d"), ElementsAre("divide"));
  EXPECT_THAT(at("call greeter "), IsEmpty());
  EXPECT_THAT(at("call calc add "), IsEmpty());
}

TEST(Completion, OptionsAreTheCommandsAndEverybodys) {
  EXPECT_THAT(at("logs --"),
              ElementsAre("--help", "--home", "--instance", "--json", "--since", "--socket"));
  EXPECT_THAT(at("logs -"), Contains("-f"));
  EXPECT_THAT(at("--j"), ElementsAre("--json"));
  EXPECT_THAT(at("list --json --j"), IsEmpty());
  EXPECT_THAT(at("logs --timeout-ms"), IsEmpty());
}

TEST(Completion, FilesWhereFilesAreTaken) {
  FakeSources sources;
  EXPECT_THAT(at("install ex", &sources), ElementsAre("examples/", "extra.wasm"));
  EXPECT_EQ(sources.asked_files, "ex");
  EXPECT_EQ(sources.asked, 0);
  EXPECT_THAT(at("deploy a.deployment.toml ext"), ElementsAre("extra.wasm"));
  EXPECT_THAT(at("--home ex"), ElementsAre("examples/"));
  EXPECT_THAT(at("--home=ex"), ElementsAre("--home=examples/"));
  EXPECT_THAT(at("install x.wasm "), IsEmpty());
  EXPECT_THAT(at("install zz"), IsEmpty()) << "its name moves the cursor";
}

TEST(Completion, FreeWordsComeInAnyOrderAndOnce) {
  EXPECT_THAT(at("list "), Contains("components"));
  EXPECT_THAT(at("list workers "), Contains("components"));
  EXPECT_THAT(at("list workers "), Not(Contains("workers")));
  EXPECT_THAT(at("list workers w"), IsEmpty());
}

TEST(Completion, HelpNamesCommandsAndTopics) {
  EXPECT_THAT(at("help ex"), ElementsAre("exit-codes"));
  EXPECT_THAT(at("help insta"), ElementsAre("install"));
}

TEST(Completion, NothingBehindTheDashes) {
  EXPECT_THAT(at("run calc@1.0.0 -- "), IsEmpty());
  EXPECT_THAT(at("run calc@1.0.0 -- --"), IsEmpty());
}

TEST(Completion, TheLinesOwnHomeIsAsked) {
  FakeSources sources;
  at("--home /other start ", &sources);
  EXPECT_EQ(sources.home, "/other");
  at("start --home=/third ", &sources);
  EXPECT_EQ(sources.home, "/third");
}

TEST(CommonPrefix, IsWhatAllBeginWith) {
  const std::vector<Candidate> some{{"calc", ""}, {"calc-math", ""}, {"cal@1", ""}};
  EXPECT_EQ(common_prefix(some), "cal");
  EXPECT_EQ(common_prefix({}), "");
}

}  // namespace
}  // namespace arcella::cli
