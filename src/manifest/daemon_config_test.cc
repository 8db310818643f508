// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "manifest/daemon_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/file.h"

namespace arcella::manifest {
namespace {

using ::testing::HasSubstr;

TEST(DaemonConfig, EveryDefaultIsWithinItsOwnBounds) {
  for (const ConfigKey& key : config_keys()) {
    DaemonConfig config;
    EXPECT_TRUE(set_value(config, key, value_of(DaemonConfig(), key))) << key.name;
  }
}

TEST(DaemonConfig, EveryKeyIsDocumentedAsTheTableHasIt) {
  const std::string page = read_file("docs/operating.md", 1U << 20).value();
  for (const ConfigKey& key : config_keys()) {
    EXPECT_NE(page.find(documentation_row(key) + "\n"), std::string::npos)
        << "docs/operating.md lacks the row\n"
        << documentation_row(key);
  }
}

TEST(DaemonConfig, NamesAreOfOneSectionAndDifferInTheEnvironment) {
  std::set<std::string> variables;
  for (const ConfigKey& key : config_keys()) {
    EXPECT_EQ(std::string(key.section()) + "." + std::string(key.key()), key.name);
    EXPECT_TRUE(variables.insert(key.environment_name()).second) << key.name;
  }
  EXPECT_EQ(find_config_key("guest_logs.ring_bytes").value()->environment_name(),
            "ARCELLA_GUEST_LOGS_RING_BYTES");
}

TEST(DaemonConfig, UnknownKeyNamesTheNearest) {
  EXPECT_EQ(find_config_key("log.levle").error().message(),
            "there is no key 'log.levle'; did you mean 'log.level'?");
  EXPECT_THAT(find_config_key("zzz").error().message(), HasSubstr("docs/operating.md"));
}

TEST(DaemonConfig, ParsesWhatAVariableSays) {
  auto parsed = [](std::string_view key, std::string_view text) {
    return parse_value(*find_config_key(key).value(), text);
  };
  EXPECT_EQ(parsed("log.files_kept", "7").value(), model::ConfigValue(std::int64_t{7}));
  EXPECT_EQ(parsed("hot_deploy.enabled", "false").value(), model::ConfigValue(false));
  EXPECT_EQ(parsed("log.modules", "store=debug,alme=off").value(),
            model::ConfigValue(std::string("alme=off,store=debug")));
  EXPECT_EQ(parsed("log.files_kept", "seven").error().message(),
            "expected a whole number, found 'seven'");
  EXPECT_EQ(parsed("log.files_kept", "0").error().message(), "0 is not in 1..100");
  EXPECT_EQ(parsed("hot_deploy.enabled", "yes").error().message(),
            "expected true or false, found 'yes'");
  EXPECT_THAT(parsed("log.modules", "stor=debug").error().message(),
              HasSubstr("did you mean 'store'?"));
  EXPECT_THAT(parsed("log.modules", "store").error().message(), HasSubstr("MODULE=LEVEL"));
  EXPECT_THAT(parsed("log.level", "loud").error().message(), HasSubstr("debug, info"));
}

TEST(DaemonConfig, ARelativeLogFileStartsAtTheHome) {
  DaemonConfig config;
  EXPECT_EQ(log_options(config, "/h").file, "");
  config.log_file = "logs/arcella.log";
  EXPECT_EQ(log_options(config, "/h").file, "/h/logs/arcella.log");
  config.log_file = "/var/log/arcella.log";
  config.log_modules = "store=debug";
  EXPECT_EQ(log_options(config, "/h").file, "/var/log/arcella.log");
  EXPECT_EQ(log_options(config, "/h").modules.at("store"), log::Level::Debug);
}

}  // namespace
}  // namespace arcella::manifest
