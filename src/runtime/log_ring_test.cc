// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/log_ring.h"

#include <gtest/gtest.h>

namespace arcella::runtime {
namespace {

std::vector<std::string> texts(const std::vector<RingLine>& lines) {
  std::vector<std::string> result;
  for (const RingLine& line : lines) result.push_back(line.text);
  return result;
}
using Texts = std::vector<std::string>;

TEST(LogRing, CutsWritesIntoLines) {
  LogRing ring;
  ring.write(false, "one\ntw", 1, {});
  ring.write(false, "o\r\n\nthree", 2, {});
  EXPECT_EQ(texts(ring.tail(10)), (Texts{"one", "two", "", "three"}));
  EXPECT_EQ(ring.tail(10)[1].time_ms, 1);
}

TEST(LogRing, KeepsStreamsApart) {
  LogRing ring;
  ring.write(false, "out", 1, {});
  ring.write(true, "err\n", 2, {});
  ring.write(false, "put\n", 3, {});
  auto lines = ring.tail(10);
  EXPECT_EQ(texts(lines), (Texts{"err", "output"}));
  EXPECT_TRUE(lines[0].stderr_stream);
  EXPECT_FALSE(lines[1].stderr_stream);
}

TEST(LogRing, CutsLongLinesAndSaysSo) {
  LogRing ring;
  ring.write(false, std::string(LogRing::kLineBytesMax + 3, 'x') + "\n", 1, {});
  auto lines = texts(ring.tail(10));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0], std::string(LogRing::kLineBytesMax, 'x') + " [cut]");
  EXPECT_EQ(lines[1], "xxx");
}

TEST(LogRing, DropsTheOldestAndCountsThem) {
  LogRing ring(4096);
  for (int i = 0; i < 1000; ++i) ring.write(false, "line " + std::to_string(i) + "\n", i, {});
  EXPECT_LE(ring.bytes(), 4096U);
  EXPECT_GT(ring.dropped(), 900U);
  EXPECT_EQ(ring.tail(1).front().text, "line 999");
  EXPECT_EQ(ring.dropped() + ring.tail(1000).size(), 1000U);
}

TEST(LogRing, EmptyLinesAreBoundedToo) {
  LogRing ring(4096);
  ring.write(true, std::string(100'000, '\n'), 1, {});
  EXPECT_LE(ring.bytes(), 4096U);
  EXPECT_EQ(ring.dropped() + ring.tail(100'000).size(), 100'000U);
}

TEST(LogRing, TailGivesTheLastLines) {
  LogRing ring;
  ring.write(false, "a\nb\nc\nd", 1, {});
  EXPECT_EQ(texts(ring.tail(2)), (Texts{"c", "d"}));
  EXPECT_TRUE(ring.tail(0).empty());
}

TEST(LogRing, TellsFollowersEachLineOnce) {
  LogRing ring;
  Texts heard;
  auto sink = [&heard](const RingLine& line) { heard.push_back(line.text); };
  ring.write(false, "a\nb", 1, sink);
  EXPECT_EQ(heard, (Texts{"a"}));
  ring.end(sink);
  EXPECT_EQ(heard, (Texts{"a", "b"}));
  ring.note_lost(5, 2, sink);
  EXPECT_EQ(heard.size(), 3U);
  EXPECT_EQ(ring.dropped(), 1U);
}

TEST(LogRing, MakesHostileOutputInert) {
  LogRing ring;
  ring.write(false, "a\tb\x1b[2J\xff\xc0\x80\xed\xa0\x80 \xe2\x82\xac\n", 1, {});
  std::string text = ring.tail(1).front().text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.rfind("a\tb", 0), 0U);
  EXPECT_NE(text.find("\xEF\xBF\xBD"), std::string::npos);
  EXPECT_EQ(text.substr(text.size() - 3), "\xe2\x82\xac");
}

}  // namespace
}  // namespace arcella::runtime
