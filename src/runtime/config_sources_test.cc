// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/config_sources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/limits.h"
#include "base/testing/temporary_folder.h"

namespace arcella::runtime {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

class ConfigSourcesTest : public ::testing::Test {
 protected:
  ConfigSourcesTest() { sources_.home = folder_.path(); }
  void write(const std::string& name, std::string_view text) {
    std::filesystem::create_directories(folder_.path() + "/cfg");
    std::ofstream(folder_.path() + "/cfg/" + name) << text;
  }

  TemporaryFolder folder_;
  ConfigSources sources_;
};

TEST_F(ConfigSourcesTest, NothingIsTheDefaults) {
  auto loaded = load_config(sources_);
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_EQ(loaded->config.log_level, "info");
  EXPECT_TRUE(loaded->sources.empty());
}

TEST_F(ConfigSourcesTest, FilesThenEnvironmentThenFlags) {
  write("arcella.toml",
        "[log]\nlevel = \"debug\"\nmax_bytes = 100000\nfiles_kept = 2\nformat = \"json\"\n");
  write("20.toml", "[log]\nmax_bytes = 300000\n");
  write("10.toml", "[log]\nmax_bytes = 200000\nfiles_kept = 3\n");
  write(".hidden.toml", "nonsense");
  write("notes.txt", "nonsense");
  sources_.environment = {{"ARCELLA_LOG_FORMAT", "text"}, {"ARCELLA_LOG_LEVEL", "warn"}};
  sources_.flags = {manifest::read_config_flag("log.level", "off", "--log-level").value()};
  auto loaded = load_config(sources_);
  ASSERT_TRUE(loaded) << loaded.error().detail();
  EXPECT_EQ(loaded->config.log_level, "off");
  EXPECT_EQ(loaded->config.log_format, "text");
  EXPECT_EQ(loaded->config.log_files_kept, 3);
  EXPECT_EQ(loaded->config.log_max_bytes, 300000);
  EXPECT_THAT(loaded->sources.at("log.max_bytes"), EndsWith("cfg/20.toml:2"));
  EXPECT_EQ(loaded->sources.at("log.level"), "--log-level");
}

TEST_F(ConfigSourcesTest, AllMistakesOfAllSourcesAreShown) {
  write("arcella.toml", "[log]\nlevel = \"loud\"\n");
  write("more.toml", "[log]\nfiles_kept = 0\n");
  std::filesystem::create_directory(folder_.path() + "/cfg/folder.toml");
  sources_.environment = {{"ARCELLA_LOG_FORMAT", "xml"}};
  auto loaded = load_config(sources_);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code(), ErrorCode::InvalidManifest);
  for (const char* part : {"cfg/arcella.toml:2:9: log.level", "cfg/more.toml:2:14: log.files_kept",
                           "folder.toml", "environment ARCELLA_LOG_FORMAT: 'xml'"}) {
    EXPECT_THAT(loaded.error().detail(), HasSubstr(part));
  }
}

TEST_F(ConfigSourcesTest, TooManyFilesAreRefused) {
  for (int i = 0; i <= limits::kConfigFilesMax; ++i) write(std::to_string(i) + ".toml", "");
  EXPECT_EQ(load_config(sources_).error().code(), ErrorCode::InvalidManifest);
}

}  // namespace
}  // namespace arcella::runtime
