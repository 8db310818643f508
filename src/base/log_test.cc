// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <regex>
#include <string>

#include "base/file.h"

namespace arcella::log {
namespace {

// The sink is the process's: what a test sets, it takes back.
class LogTest : public ::testing::Test {
 protected:
  ~LogTest() override { (void)configure(Options{}); }
};

TEST_F(LogTest, TextKeepsFieldsReadable) {
  EXPECT_EQ(format_payload(Format::Text, "supervisor", "worker is ready",
                           {{"group", "web"},
                            {"pid", 4711},
                            {"ms", 1.5},
                            {"first", true},
                            {"rss", std::uint64_t{7}}}),
            "supervisor: worker is ready group=web pid=4711 ms=1.500 first=true rss=7");
}

TEST_F(LogTest, TextQuotesWhatWouldRunTogether) {
  EXPECT_EQ(format_payload(Format::Text, "m", "x",
                           {{"a", "two words"}, {"b", ""}, {"c", "k=v"}, {"d", "say \"hi\""}}),
            R"(m: x a="two words" b="" c="k=v" d="say \"hi\"")");
}

TEST_F(LogTest, AHostileValueCannotForgeALine) {
  EXPECT_EQ(format_payload(Format::Text, "m", "a\nb", {{"k", "x\n2026 error m: forged"}}),
            R"(m: a\nb k="x\n2026 error m: forged")");
  EXPECT_EQ(format_payload(Format::Json, "m", "a\n\"", {{"k\"", "\x1b\\"}}),
            R"("module":"m","message":"a\u000a\"","k\"":"\u001b\\")");
}

TEST_F(LogTest, JsonKeepsTypesAndHasNoNumberThatJsonLacks) {
  EXPECT_EQ(
      format_payload(Format::Json, "m", "x", {{"n", -1}, {"b", false}, {"s", std::string("t")}}),
      R"("module":"m","message":"x","n":-1,"b":false,"s":"t")");
  EXPECT_EQ(
      format_payload(Format::Json, "m", "x", {{"d", std::numeric_limits<double>::infinity()}}),
      R"("module":"m","message":"x","d":null)");
}

TEST_F(LogTest, WritesOneTextLineWithTimeAndLevel) {
  ::testing::internal::CaptureStderr();
  warn("store", "slow commit", {{"ms", 12}});
  std::string line = ::testing::internal::GetCapturedStderr();
  EXPECT_TRUE(std::regex_match(
      line,
      std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z warn\w* +store: slow commit ms=12\n)")))
      << line;
}

TEST_F(LogTest, WritesOneJsonLine) {
  ASSERT_TRUE(configure({.format = Format::Json}));
  ::testing::internal::CaptureStderr();
  error("store", "disk is full");
  std::string line = ::testing::internal::GetCapturedStderr();
  EXPECT_TRUE(std::regex_match(
      line,
      std::regex(
          R"re(\{"time":"[0-9T:.-]+Z","level":"error","module":"store","message":"disk is full"\}\n)re")))
      << line;
}

TEST_F(LogTest, DropsWhatIsBelowTheLevel) {
  ASSERT_TRUE(configure({.level = Level::Warn}));
  EXPECT_FALSE(enabled(Level::Info));
  EXPECT_TRUE(enabled(Level::Error));
  ::testing::internal::CaptureStderr();
  info("m", "not seen");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  ASSERT_TRUE(configure({.level = Level::Off}));
  EXPECT_FALSE(enabled(Level::Error));
}

TEST_F(LogTest, AModuleMayHaveALevelOfItsOwn) {
  Options options;
  options.level = Level::Warn;
  options.modules = {{"store", Level::Debug}, {"alme", Level::Off}};
  ASSERT_TRUE(configure(options));
  EXPECT_TRUE(enabled(Level::Debug, "store"));
  EXPECT_FALSE(enabled(Level::Error, "alme"));
  EXPECT_FALSE(enabled(Level::Info, "runtime"));
  ::testing::internal::CaptureStderr();
  debug("store", "seen");
  error("alme", "not seen");
  info("runtime", "not seen");
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), ::testing::EndsWith("store: seen\n"));
}

TEST_F(LogTest, AFileHasTheSameLinesAsStandardError) {
  const std::string path = ::testing::TempDir() + "/log_test.log";
  remove_rotated(path);
  Options options;
  options.file = path;
  options.rotation = {1U << 20, 2};
  ASSERT_TRUE(configure(options));
  ::testing::internal::CaptureStderr();
  info("store", "twice");
  const std::string seen = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(read_file(path, 1000).value(), seen);
  remove_rotated(path);
}

TEST_F(LogTest, AFileThatCannotBeOpenedChangesNothing) {
  Options options;
  options.level = Level::Off;
  options.file = "/nowhere/log";
  options.rotation = {1U << 20, 2};
  EXPECT_EQ(configure(options).error().code(), ErrorCode::NotFound);
  EXPECT_TRUE(enabled(Level::Info));
}

TEST_F(LogTest, AFullDiskCostsLinesAndNothingElse) {
  Options options;
  options.file = "/dev/full";
  options.rotation = {1U << 20, 2};
  ASSERT_TRUE(configure(options));
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 3; ++i) info("store", "goes on");
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), ::testing::HasSubstr("store: goes on"));
}

TEST_F(LogTest, ReadsTheNamesOfLevelsAndFormats) {
  EXPECT_EQ(parse_level("debug").value(), Level::Debug);
  EXPECT_EQ(parse_level("off").value(), Level::Off);
  EXPECT_EQ(parse_level("loud").error().code(), ErrorCode::InvalidParams);
  EXPECT_EQ(parse_format("json").value(), Format::Json);
  EXPECT_EQ(parse_format("xml").error().message(), "'xml' is not a log format (text, json)");
}

}  // namespace
}  // namespace arcella::log
