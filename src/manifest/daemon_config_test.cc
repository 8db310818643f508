// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "manifest/daemon_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace arcella::manifest {
namespace {

using ::testing::HasSubstr;

TEST(DaemonConfig, ReadsTheLogOptions) {
  auto parsed = read_daemon_config("[log]\nlevel = \"debug\"\nformat = \"json\"\n", "f");
  ASSERT_TRUE(parsed.value);
  EXPECT_EQ(parsed.value->log.level, log::Level::Debug);
  EXPECT_EQ(parsed.value->log.format, log::Format::Json);
}

TEST(DaemonConfig, HasDefaults) {
  auto parsed = read_daemon_config("", "f");
  ASSERT_TRUE(parsed.value);
  EXPECT_EQ(parsed.value->log.level, log::Level::Info);
  EXPECT_EQ(parsed.value->log.format, log::Format::Text);
}

TEST(DaemonConfig, ReportsAllAtOnce) {
  auto parsed = read_daemon_config("[log]\nlevel = \"loud\"\nformt = \"json\"\n[http]\n", "f");
  EXPECT_FALSE(parsed.value);
  ASSERT_EQ(parsed.diagnostics.size(), 3U);
  EXPECT_THAT(parsed.diagnostics[0].str(), HasSubstr("f:2:9: log.level: "));
  EXPECT_THAT(parsed.diagnostics[1].str(), HasSubstr("did you mean 'format'"));
  EXPECT_THAT(parsed.diagnostics[2].str(), HasSubstr("f:4:2: http: unknown key"));
}

}  // namespace
}  // namespace arcella::manifest
