// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "manifest/toml_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"

namespace arcella::manifest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> lines(Report& report) {
  std::vector<std::string> result;
  for (const Diagnostic& diagnostic : report.take()) result.push_back(diagnostic.str());
  return result;
}

std::vector<std::string> parse_errors(std::string_view text) {
  Report report("f");
  EXPECT_FALSE(parse_toml(text, report).has_value());
  return lines(report);
}

TEST(ParseToml, SaysWhereItStopsBeingToml) {
  EXPECT_THAT(parse_errors("a = 1\nb = = 2\n"), ElementsAre(HasSubstr("f:2:")));
  EXPECT_THAT(parse_errors("a = 1\na = 2\n"), ElementsAre(HasSubstr("f:2:")));
  EXPECT_THAT(parse_errors("a = \"open\n"), ElementsAre(HasSubstr("not TOML")));
  EXPECT_THAT(parse_errors("a = \"caf\xe9\"\n"), ElementsAre(HasSubstr("not TOML")));
  EXPECT_THAT(parse_errors(std::string_view("\0asm\x01", 5)), ElementsAre(HasSubstr("f")));
}

TEST(ParseToml, BoundsTheSize) {
  std::string comment = "#" + std::string(limits::kManifestBytesMax, 'x');
  EXPECT_THAT(parse_errors(comment), ElementsAre(HasSubstr("larger than the limit")));
  Report report("f");
  EXPECT_TRUE(parse_toml(comment.substr(0, limits::kManifestBytesMax), report).has_value());
}

TEST(ParseToml, BoundsTheDepthOfBrackets) {
  EXPECT_THAT(parse_errors("a = " + std::string(100'000, '[')), ElementsAre(HasSubstr("f:1:")));
}

TEST(ParseToml, BoundsTheDotsOfAKey) {
  std::string deep = "a";
  while (deep.size() < limits::kManifestBytesMax - 10) deep += ".a";
  EXPECT_THAT(parse_errors(deep + " = 1"), ElementsAre(HasSubstr("more than 32 parts")));
  EXPECT_THAT(parse_errors("x = 1\n[" + deep + "]"), ElementsAre(HasSubstr("f:2:")));
  std::string quoted = "''";
  while (quoted.size() < 10'000) quoted += ".\"\"";
  EXPECT_THAT(parse_errors("x = {" + quoted + " = 1}"),
              ElementsAre(HasSubstr("more than 32 parts")));
}

TEST(ParseToml, LetsStringsAndCommentsHaveDots) {
  std::string dots(100, '.');
  std::string text = "# " + dots + "\na = \"" + dots + "\\\"" + dots + "\"\nb = '" + dots +
                     "'\nc = \"\"\"" + dots + "\n\"" + dots + "\"\"\"\nd = '''" + dots + "\n'" +
                     dots + "'''\n";
  Report report("f");
  EXPECT_TRUE(parse_toml(text, report).has_value()) << lines(report).front();
}

class TableReaderTest : public ::testing::Test {
 protected:
  TableReader reader(std::string_view text) {
    node_ = parse_toml(text, report_).value();
    return TableReader(node_, "", report_);
  }
  std::vector<std::string> said() { return lines(report_); }

  Report report_{"f"};
  TomlNode node_;
};

TEST_F(TableReaderTest, ReadsEachTypeWithItsPlace) {
  TableReader root = reader(
      "s = \"x\"\nn = -3\nb = true\nl = [\"a\", \"b\"]\n[t]\nm = {K = \"v\"}\n[[r]]\ni = "
      "1\n[[r]]\n");
  EXPECT_EQ(root.text("s")->value, "x");
  EXPECT_EQ(root.text("s")->at.line, 1);
  EXPECT_EQ(root.text("s")->at.column, 5);
  EXPECT_EQ(root.integer("n", -5, 5)->value, -3);
  EXPECT_TRUE(root.boolean("b")->value);
  EXPECT_THAT(values_of(root.texts("l")), ElementsAre("a", "b"));
  auto pairs = root.table("t")->text_map("m");
  ASSERT_EQ(pairs.size(), 1U);
  EXPECT_EQ(pairs[0].first.value, "K");
  EXPECT_EQ(pairs[0].second.value, "v");
  EXPECT_EQ(root.tables("r", 2).size(), 2U);
  root.finish();
  EXPECT_THAT(said(), IsEmpty());
}

TEST_F(TableReaderTest, AnAbsentKeyIsNoError) {
  TableReader root = reader("");
  EXPECT_FALSE(root.text("s"));
  EXPECT_FALSE(root.integer("n", 0, 1));
  EXPECT_FALSE(root.table("t"));
  EXPECT_THAT(said(), IsEmpty());
}

TEST_F(TableReaderTest, NamesPlacePathAndOffendingText) {
  TableReader root =
      reader("[t]\ns = 7\nn = \"ten\"\nb = 1979-05-27\nl = [\"a\", 2.5]\n[t.u]\nm = {K = 1}\n");
  TableReader table = *root.table("t");
  (void)table.text("s");
  (void)table.integer("n", 0, 9);
  (void)table.boolean("b");
  (void)table.texts("l");
  (void)table.tables("u", 9);
  (void)table.table("u")->text_map("m");
  EXPECT_THAT(said(), ElementsAre("f:2:5: t.s: expected a string in quotes, found 7",
                                  "f:3:5: t.n: expected a whole number, found the string \"ten\"",
                                  "f:4:5: t.b: expected true or false, found 1979-05-27",
                                  "f:5:11: t.l: expected an array of strings, found 2.5",
                                  "f:6:1: t.u: expected an array of tables, [[t.u]], found a table",
                                  "f:7:10: t.u.m.K: expected a string in quotes, found 1"));
}

TEST_F(TableReaderTest, HoldsNumbersToTheirRange) {
  TableReader root = reader("n = 11\n");
  EXPECT_FALSE(root.integer("n", 0, 10));
  EXPECT_THAT(said(), ElementsAre("f:1:5: n: 11 is not in 0..10"));
}

TEST_F(TableReaderTest, ReportsWhatNobodyAskedFor) {
  TableReader root = reader("replica = 1\nxyz = 2\nold = 3\n");
  (void)root.integer("replicas", 0, 9);
  (void)root.text("group");
  root.finish({{"old", "write 'new'"}});
  EXPECT_THAT(said(), ElementsAre("f:1:1: replica: unknown key; did you mean 'replicas'?",
                                  "f:2:1: xyz: unknown key; known are replicas, group",
                                  "f:3:1: old: unknown key; write 'new'"));
}

}  // namespace
}  // namespace arcella::manifest
