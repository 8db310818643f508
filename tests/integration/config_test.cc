// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Where the daemon's configuration comes from, what `config` says of it, and what `reload` changes.
#include <gmock/gmock.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
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

class Config : public DaemonTest {
 protected:
  void SetUp() override {
    ::unsetenv("ARCELLA_ENGINE_INSTANCES_MAX");  // the sanitizers' presets set it
    flags_.clear();
    std::filesystem::create_directories(home() + "/cfg");
  }

  void write_config(const std::string& text, const std::string& name = "arcella.toml") const {
    std::ofstream(home() + "/cfg/" + name, std::ios::trunc) << text;
  }
  // "value (source)" of a key.
  std::string shown(std::string_view key) {
    const wire::Json result = cli_json({"config"});
    for (const wire::Json& entry : result.at("values").as_array()) {
      if (entry.at("key").as_string() != key) continue;
      return wire::to_text(entry.at("value")) + " (" +
             std::string(std::string_view(entry.at("source").as_string())) + ")";
    }
    return "(no such key)";
  }
  std::string file(const std::string& name, int line) const {
    return home() + "/cfg/" + name + ":" + std::to_string(line);
  }
};

TEST_F(Config, EachValueSaysWhereItComesFrom) {
  write_config("[log]\nlevel = \"debug\"\nfiles_kept = 2\nformat = \"json\"\nmax_bytes = 100000\n");
  write_config("[log]\nfiles_kept = 3\n", "20-more.toml");
  environment_ = {"ARCELLA_LOG_FORMAT=text", "ARCELLA_LOG_MAX_BYTES=200000"};
  flags_ = {"--set", "log.max_bytes=300000", "--set=engine.instances_max=50"};
  ASSERT_TRUE(start_daemon());
  EXPECT_EQ(shown("log.level"), "\"debug\" (" + file("arcella.toml", 2) + ")");
  EXPECT_EQ(shown("log.files_kept"), "3 (" + file("20-more.toml", 2) + ")");
  EXPECT_EQ(shown("log.format"), "\"text\" (environment ARCELLA_LOG_FORMAT)");
  EXPECT_EQ(shown("log.max_bytes"), "300000 (--set)");
  EXPECT_EQ(shown("engine.instances_max"), "50 (--set)");
  EXPECT_EQ(shown("guest_logs.files_kept"), "5 (default)");

  const ProgramResult table = cli({"config"});
  EXPECT_EQ(table.status, 0);
  EXPECT_THAT(table.out, AllOf(HasSubstr("KEY"), HasSubstr("SOURCE"),
                               HasSubstr("environment ARCELLA_LOG_FORMAT")));
}

TEST_F(Config, MistakesAreShownTogetherAndNothingIsStarted) {
  write_config("[log]\nlevel = \"loud\"\nformt = \"json\"\n");
  environment_ = {"ARCELLA_LOG_LEVLE=info"};
  const ProgramResult refused = run_to_end(daemon_words());
  EXPECT_EQ(refused.status, 5);
  EXPECT_THAT(refused.err, AllOf(HasSubstr(file("arcella.toml", 2) + ":9: log.level: 'loud'"),
                                 HasSubstr("(and 2 more)"), HasSubstr("did you mean 'format'?"),
                                 HasSubstr("environment ARCELLA_LOG_LEVLE")));
  EXPECT_FALSE(std::filesystem::exists(home() + "/run"));
}

TEST_F(Config, AWrongFlagIsAWrongCommandLine) {
  for (const std::vector<std::string>& flags : {std::vector<std::string>{"--set", "log.levl=debug"},
                                                {"--set", "log.level"},
                                                {"--set", "log.files_kept=0"},
                                                {"--log-level", "loud"}}) {
    flags_ = flags;
    const ProgramResult refused = run_to_end(daemon_words());
    EXPECT_EQ(refused.status, 2) << flags[1];
    EXPECT_TRUE(is_one_line(refused));
  }
}

TEST_F(Config, ALogFileThatCannotBeOpenedIsSaid) {
  write_config("[log]\nfile = \"nowhere/arcella.log\"\n");
  const ProgramResult refused = run_to_end(daemon_words());
  EXPECT_EQ(refused.status, 4);
  EXPECT_TRUE(is_one_line(refused));
  EXPECT_THAT(refused.err, AllOf(HasSubstr("log.file"), HasSubstr("nowhere/arcella.log")));
}

TEST_F(Config, ReloadAppliesWhatItCanAndSaysWhatItCannot) {
  ASSERT_TRUE(start_daemon());
  write_config(
      "[log]\nlevel = \"warn\"\nfile = \"logs/arcella.log\"\n[engine]\ninstances_max = 9\n");
  const ProgramResult reloaded = cli({"reload"});
  EXPECT_EQ(reloaded.status, 0) << reloaded.err;
  EXPECT_EQ(reloaded.out,
            "log.level: changed\nlog.file: changed\n"
            "engine.instances_max: differs, and takes effect when the daemon is started again\n");
  EXPECT_EQ(shown("log.level"), "\"warn\" (" + file("arcella.toml", 2) + ")");
  EXPECT_EQ(shown("engine.instances_max"), "2000 (default)");
  EXPECT_TRUE(std::filesystem::exists(home() + "/logs/arcella.log"));
  const wire::Json again = cli_json({"reload"});
  EXPECT_EQ(wire::to_text(again), R"({"applied":[],"needs_restart":["engine.instances_max"]})");

  kill_daemon(SIGTERM);
  ASSERT_TRUE(start_daemon());
  EXPECT_EQ(shown("engine.instances_max"), "9 (" + file("arcella.toml", 5) + ")");
}

TEST_F(Config, ReloadOfAMistakeChangesNothing) {
  write_config("[log]\nlevel = \"debug\"\n");
  ASSERT_TRUE(start_daemon());
  write_config("[log]\nlevel = \"error\"\nfiles_kept = 0\n");
  const ProgramResult refused = cli({"reload"});
  EXPECT_EQ(refused.status, 5);
  EXPECT_TRUE(is_one_line(refused));
  EXPECT_THAT(refused.err, HasSubstr(file("arcella.toml", 3) + ":14: log.files_kept: 0 is not in"));
  EXPECT_EQ(shown("log.level"), "\"debug\" (" + file("arcella.toml", 2) + ")");

  write_config("[log]\nlevel = \"error\"\nfile = \"nowhere/x.log\"\n");
  EXPECT_EQ(cli({"reload"}).status, 4);
  EXPECT_EQ(shown("log.level"), "\"debug\" (" + file("arcella.toml", 2) + ")");
}

TEST_F(Config, LevelsOfModulesHold) {
  write_config(
      "[log]\nfile = \"logs/arcella.log\"\nlevel = \"off\"\n[log.modules]\narcella = \"info\"\n");
  ASSERT_TRUE(start_daemon());
  EXPECT_EQ(shown("log.modules").substr(0, 14), "\"arcella=info\"");
  const std::string log = content_of(home() + "/logs/arcella.log");
  EXPECT_THAT(log, AllOf(HasSubstr("arcella: ready"), Not(HasSubstr(" runtime: "))));
}

TEST_F(Config, TheLogFileIsJsonOnDemandAndIsRotated) {
  write_config(
      "[log]\nlevel = \"debug\"\nfile = \"logs/arcella.log\"\nformat = \"json\"\nmax_bytes = "
      "65536\n"
      "files_kept = 2\n");
  ASSERT_TRUE(start_daemon());
  const std::string path = home() + "/logs/arcella.log";
  // Each reload is a line, and the sources of it are long.
  AlmeConnection alme(socket());
  for (int i = 0; i < 2000 && !std::filesystem::exists(path + ".1"); ++i) {
    alme.ask("reload", nullptr);
  }
  ASSERT_TRUE(std::filesystem::exists(path + ".1"));
  EXPECT_LE(std::filesystem::file_size(path), 65536U);
  EXPECT_LE(std::filesystem::file_size(path + ".1"), 65536U);
  const std::string old = content_of(path + ".1");
  auto first = wire::parse_json(old.substr(0, old.find('\n')));
  ASSERT_TRUE(first.has_value());
  EXPECT_TRUE(first->as_object().contains("module"));
}

TEST_F(Config, AFullDiskUnderTheLogStopsNobody) {
  write_config("[log]\nlevel = \"debug\"\nfile = \"/dev/full\"\n");
  ASSERT_TRUE(start_daemon());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(cli({"reload"}).status, 0);
  EXPECT_THAT(daemon_log(), HasSubstr("the configuration was read again"));
}

TEST_F(Config, ReplicasAreBoundedByTheConfiguration) {
  write_config("[limits]\nreplicas_max = 2\n");
  ASSERT_TRUE(start_daemon());
  install("calc");
  const std::string three =
      folder_.write("three.deployment.toml",
                    "[deployment]\nmodule_id = \"calc@1.0.0\"\ngroup = \"math\"\nreplicas = 3\n");
  const ProgramResult refused = cli({"deploy", three});
  EXPECT_EQ(refused.status, 5);
  EXPECT_THAT(refused.err, AllOf(HasSubstr(three + ":4:1"), HasSubstr("limits.replicas_max")));
  write_config("[limits]\nreplicas_max = 3\n");
  EXPECT_EQ(cli({"reload"}).status, 0);
  EXPECT_EQ(cli({"deploy", three}).status, 0);
  EXPECT_EQ(cli({"scale", "three", "4"}).status, 8);
}

TEST_F(Config, WorkersGetTheirShare) {
  write_config("[engine]\ninstances_max = 3\nhttp_threads = 1\n[log]\nlevel = \"warn\"\n");
  ASSERT_TRUE(start_daemon());
  install("calc");
  deploy(
      folder_.write("many.deployment.toml",
                    "[deployment]\nmodule_id = \"calc@1.0.0\"\ngroup = \"math\"\nreplicas = 4\n"));
  const ProgramResult refused = cli({"start", "many"});
  EXPECT_NE(refused.status, 0) << "a pool of three has no room for the fourth";
  EXPECT_EQ(cli({"scale", "many", "3"}).status, 0);
  EXPECT_EQ(cli({"start", "many"}).status, 0);
}

}  // namespace
}  // namespace arcella::integration
