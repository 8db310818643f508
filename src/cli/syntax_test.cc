// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/syntax.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/arguments.h"
#include "cli/command_table.h"

namespace arcella::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Syntax, PositionalsHaveTheirPlaces) {
  const Syntax syntax = parse_syntax("DEPLOYMENT REPLICAS");
  ASSERT_EQ(syntax.positionals.size(), 2U);
  EXPECT_THAT(syntax.positionals[0].places, ElementsAre(Place::Deployment));
  EXPECT_FALSE(syntax.positionals[0].optional);
  EXPECT_THAT(syntax.positionals[1].places, IsEmpty());
}

TEST(Syntax, AlternativesShareAPlace) {
  const Syntax run = parse_syntax("COMPONENT|DEPLOYMENT [--mount H:G[:rw]] [--env K=V] [-- ARGS]");
  ASSERT_EQ(run.positionals.size(), 1U);
  EXPECT_THAT(run.positionals[0].places, ElementsAre(Place::Component, Place::Deployment));
  ASSERT_EQ(run.options.size(), 2U);
  EXPECT_EQ(run.options[0].name, "--mount");
  EXPECT_TRUE(run.options[0].takes_value);
  EXPECT_EQ(run.options[1].name, "--env");
  EXPECT_TRUE(run.passes_rest);

  const Syntax help = parse_syntax("[COMMAND | exit-codes]");
  ASSERT_EQ(help.positionals.size(), 1U);
  EXPECT_TRUE(help.positionals[0].optional);
  EXPECT_THAT(help.positionals[0].places, ElementsAre(Place::Command));
  EXPECT_THAT(help.positionals[0].words, ElementsAre("exit-codes"));
}

TEST(Syntax, OptionTakesTheWordInItsBrackets) {
  const Syntax logs = parse_syntax("[DEPLOYMENT] [--instance I] [-n N] [-f]");
  ASSERT_EQ(logs.options.size(), 3U);
  EXPECT_EQ(logs.options[0].value, Place::Instance);
  EXPECT_TRUE(logs.options[1].takes_value);
  EXPECT_FALSE(logs.options[2].takes_value);

  const Syntax start = parse_syntax("DEPLOYMENT... | --group GROUP");
  ASSERT_EQ(start.positionals.size(), 1U);
  EXPECT_TRUE(start.positionals[0].repeated);
  ASSERT_EQ(start.options.size(), 1U);
  EXPECT_EQ(start.options[0].value, Place::Group);
}

TEST(Syntax, OptionMayHaveValuesOfItsOwn) {
  const Syntax init = parse_syntax("NAME [--kind service|command] [--core] [--folder DIR]");
  ASSERT_EQ(init.positionals.size(), 1U);
  EXPECT_THAT(init.positionals[0].words, IsEmpty());
  ASSERT_EQ(init.options.size(), 3U);
  EXPECT_THAT(init.options[0].words, ElementsAre("service", "command"));
  EXPECT_FALSE(init.options[1].takes_value);
  EXPECT_EQ(init.options[2].value, Place::Folder);
}

TEST(Syntax, QuotedPlaceholderIsOneWord) {
  const Syntax call = parse_syntax("DEPLOYMENT 'FUNCTION(ARGS)' [--timeout-ms N]");
  ASSERT_EQ(call.positionals.size(), 2U);
  EXPECT_THAT(call.positionals[1].places, ElementsAre(Place::Function));
}

TEST(Syntax, EveryPlaceholderOfTheTableIsKnown) {
  std::vector<std::string_view> known;
  for (const Placeholder& placeholder : placeholders()) known.push_back(placeholder.name);
  for (const Command& command : commands()) {
    for (const std::string& name : placeholders_in(command.syntax)) {
      EXPECT_THAT(known, ::testing::Contains(name))
          << command.name << ": say in syntax.cc what completes " << name;
    }
  }
}

// The line that is shown, and completed, is the one that is parsed.
TEST(Syntax, ShowsEveryOptionThatTheParserTakes) {
  for (const Command& command : commands()) {
    const Syntax syntax = parse_syntax(command.syntax);
    for (const ParsedOption& parsed : options_of(command)) {
      const auto shown = std::find_if(
          syntax.options.begin(), syntax.options.end(), [&](const OptionSyntax& option) {
            return std::find(parsed.names.begin(), parsed.names.end(), option.name) !=
                   parsed.names.end();
          });
      ASSERT_NE(shown, syntax.options.end()) << command.name << " " << parsed.names.front();
      EXPECT_EQ(shown->takes_value, parsed.takes_value) << command.name << " " << shown->name;
    }
    for (const OptionSyntax& shown : syntax.options) {
      const auto parsed = options_of(command);
      EXPECT_TRUE(std::any_of(parsed.begin(), parsed.end(),
                              [&](const ParsedOption& option) {
                                return std::find(option.names.begin(), option.names.end(),
                                                 shown.name) != option.names.end();
                              }))
          << command.name << " does not take " << shown.name;
    }
  }
}

}  // namespace
}  // namespace arcella::cli
