// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "manifest/config_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace arcella::manifest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ConfigFile, ReadsEachTypeAndSaysWhere) {
  auto parsed = read_config_file(
      "[log]\nlevel = \"debug\"\nfiles_kept = 3\n[hot_deploy]\nenabled = false\n"
      "[log.modules]\nstore = \"warn\"\nalme = \"off\"\n",
      "cfg/arcella.toml");
  ASSERT_TRUE(parsed.value);
  LoadedConfig loaded;
  loaded.apply(*parsed.value);
  EXPECT_EQ(loaded.config.log_level, "debug");
  EXPECT_EQ(loaded.config.log_files_kept, 3);
  EXPECT_FALSE(loaded.config.hot_deploy_enabled);
  EXPECT_EQ(loaded.config.log_modules, "alme=off,store=warn");
  EXPECT_EQ(loaded.sources.at("log.level"), "cfg/arcella.toml:2");
  EXPECT_EQ(loaded.sources.at("hot_deploy.enabled"), "cfg/arcella.toml:5");
}

TEST(ConfigFile, AnEmptyOneChangesNothing) {
  auto parsed = read_config_file("", "f");
  ASSERT_TRUE(parsed.value);
  EXPECT_THAT(*parsed.value, IsEmpty());
}

TEST(ConfigFile, ShowsAllMistakesAtOnceWithTheWayOut) {
  auto parsed = read_config_file(
      "[log]\nlevel = \"loud\"\nformt = \"json\"\nfiles_kept = 0\nfile = [1]\nmodules = 3\n"
      "[hot_deploy]\nenabled = \"yes\"\n[limit]\n[log.deep]\n",
      "f");
  EXPECT_FALSE(parsed.value);
  std::vector<std::string> lines;
  for (const Diagnostic& diagnostic : parsed.diagnostics) lines.push_back(diagnostic.str());
  EXPECT_THAT(
      lines,
      ElementsAre(HasSubstr("f:2:9: log.level: 'loud' is not a log level"),
                  "f:3:1: log.formt: unknown key; did you mean 'format'?",
                  "f:4:14: log.files_kept: 0 is not in 1..100",
                  "f:5:8: log.file: expected a string in quotes, found an array",
                  "f:6:11: log.modules: expected a table, found 3",
                  "f:8:11: hot_deploy.enabled: expected true or false, found the string \"yes\"",
                  "f:9:2: limit: unknown key; did you mean 'limits'?",
                  HasSubstr("log.deep: unknown key")));
}

TEST(ConfigFile, AModuleThatDoesNotExistIsAMistake) {
  auto parsed = read_config_file("[log.modules]\nstor = \"debug\"\n", "f");
  ASSERT_EQ(parsed.diagnostics.size(), 1U);
  EXPECT_THAT(parsed.diagnostics[0].str(), HasSubstr("did you mean 'store'?"));
}

TEST(ConfigEnvironment, TakesWhatIsOursAndLeavesTheRest) {
  auto parsed = read_config_environment({{"ARCELLA_HOME", "/h"},
                                         {"ARCELLA_LOG_LEVEL", "warn"},
                                         {"ARCELLA_LIMITS_REPLICAS_MAX", "12"},
                                         {"ARCELLA_CACHE", "x"},
                                         {"PATH", "/bin"}});
  ASSERT_TRUE(parsed.value);
  LoadedConfig loaded;
  loaded.apply(*parsed.value);
  EXPECT_EQ(loaded.config.log_level, "warn");
  EXPECT_EQ(loaded.config.limits_replicas_max, 12);
  EXPECT_EQ(loaded.sources.at("log.level"), "environment ARCELLA_LOG_LEVEL");
}

TEST(ConfigEnvironment, MistakesNameTheVariable) {
  auto parsed =
      read_config_environment({{"ARCELLA_LOG_LEVLE", "warn"}, {"ARCELLA_LOG_FILES_KEPT", "many"}});
  ASSERT_EQ(parsed.diagnostics.size(), 2U);
  EXPECT_EQ(parsed.diagnostics[0].str(),
            "environment ARCELLA_LOG_FILES_KEPT: expected a whole number, found 'many'");
  EXPECT_THAT(parsed.diagnostics[1].str(), HasSubstr("did you mean 'ARCELLA_LOG_LEVEL'?"));
}

TEST(ConfigFlag, IsCheckedLikeTheRest) {
  auto setting = read_config_flag("log.level", "debug", "--log-level");
  ASSERT_TRUE(setting);
  EXPECT_EQ(setting->source, "--log-level");
  EXPECT_THAT(read_config_flag("log.level", "x", "--log-level").error().message(),
              HasSubstr("--log-level: 'x' is not a log level"));
  EXPECT_THAT(read_config_flag("log.levl", "x", "--set").error().message(),
              HasSubstr("--set: there is no key 'log.levl'; did you mean"));
}

TEST(LoadedConfig, LaterSourcesWin) {
  LoadedConfig loaded;
  loaded.apply(*read_config_file("[log]\nlevel = \"debug\"\nfiles_kept = 3\n", "a").value);
  loaded.apply(*read_config_file("[log]\nlevel = \"warn\"\n", "b").value);
  loaded.apply({read_config_flag("log.files_kept", "9", "--set").value()});
  EXPECT_EQ(loaded.config.log_level, "warn");
  EXPECT_EQ(loaded.config.log_files_kept, 9);
  const auto entries = loaded.entries();
  ASSERT_EQ(entries.size(), config_keys().size());
  EXPECT_EQ(entries[0].source, "b:2");
  EXPECT_EQ(entries[1].source, "default");
}

TEST(LoadedConfig, ReloadKeepsWhatOnlyARestartCanChange) {
  LoadedConfig present;
  present.apply(*read_config_file("[engine]\ninstances_max = 10\n", "a").value);
  LoadedConfig next;
  next.apply(
      *read_config_file("[log]\nlevel = \"warn\"\n\n[engine]\ninstances_max = 20\n", "b").value);
  model::ReloadOutcome outcome;
  const LoadedConfig now = reloaded(present, next, outcome);
  EXPECT_THAT(outcome.applied, ElementsAre("log.level"));
  EXPECT_THAT(outcome.needs_restart, ElementsAre("engine.instances_max"));
  EXPECT_EQ(now.config.log_level, "warn");
  EXPECT_EQ(now.config.engine_instances_max, 10);
  EXPECT_EQ(now.sources.at("engine.instances_max"), "a:2");
}

}  // namespace
}  // namespace arcella::manifest
