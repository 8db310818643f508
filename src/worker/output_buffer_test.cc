// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "worker/output_buffer.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/limits.h"
#include "wire/utf8.h"

namespace arcella::worker {
namespace {

using engine::OutputStream;

std::vector<std::string> texts(OutputBuffer& buffer) {
  std::vector<std::string> all;
  while (const auto line = buffer.take()) all.push_back(line->text);
  return all;
}

TEST(OutputBuffer, CutsIntoLinesWhereverTheBytesWereSplit) {
  OutputBuffer buffer;
  buffer.write(OutputStream::Stdout, "one\ntw");
  buffer.write(OutputStream::Stdout, "o\r\n\nthr");
  EXPECT_EQ(texts(buffer), (std::vector<std::string>{"one", "two", ""}));
  buffer.finish();
  EXPECT_EQ(texts(buffer), (std::vector<std::string>{"thr"}));
}

TEST(OutputBuffer, KeepsStdoutAndStderrApart) {
  OutputBuffer buffer;
  buffer.write(OutputStream::Stdout, "out");
  buffer.write(OutputStream::Stderr, "err\n");
  buffer.write(OutputStream::Stdout, "put\n");
  auto line = buffer.take();
  ASSERT_TRUE(line);
  EXPECT_TRUE(line->stderr_stream);
  EXPECT_EQ(line->text, "err");
  line = buffer.take();
  ASSERT_TRUE(line);
  EXPECT_FALSE(line->stderr_stream);
  EXPECT_EQ(line->text, "output");
}

TEST(OutputBuffer, MakesHostileBytesInert) {
  EXPECT_EQ(line_text("a\x1b[2Jb"), "a\\x1b[2Jb");
  EXPECT_EQ(line_text(std::string("nul\0here", 8)), "nul\\x00here");
  EXPECT_EQ(line_text("bad \xff utf"), "bad \xef\xbf\xbd utf");
  EXPECT_EQ(line_text("a\tb\t"), "a\tb\t");
  EXPECT_EQ(line_text("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
}

TEST(OutputBuffer, CutsAndMarksALongLineOnce) {
  OutputBuffer buffer;
  const std::string long_piece(limits::kLogLineBytesMax, 'x');
  for (int i = 0; i < 1000; ++i) buffer.write(OutputStream::Stdout, long_piece);
  buffer.write(OutputStream::Stdout, "\nnext\n");
  EXPECT_EQ(texts(buffer), (std::vector<std::string>{long_piece + " [cut]", "next"}));
}

TEST(OutputBuffer, NeverCutsWithinACharacter) {
  OutputBuffer buffer;
  std::string line;
  while (line.size() < limits::kLogLineBytesMax + 10)
    line += "\xe2\x82\xac";  // 3 bytes do not divide the bound
  buffer.write(OutputStream::Stdout, line + "\n");
  const auto cut = buffer.take();
  ASSERT_TRUE(cut);
  EXPECT_TRUE(wire::is_utf8(cut->text));
  EXPECT_EQ(cut->text.find("\xef\xbf\xbd"), std::string::npos);
}

TEST(OutputBuffer, BoundsWhatTheDaemonDoesNotTakeAndCountsTheRest) {
  OutputBuffer buffer;
  constexpr std::size_t kLines = 100'000;
  const std::string line = "0123456789\n";
  for (std::size_t i = 0; i < kLines; ++i) buffer.write(OutputStream::Stdout, line);
  std::size_t kept = 0;
  while (buffer.take()) ++kept;
  EXPECT_LE(kept * line.size(), limits::kOutputPendingBytesPerInstance);
  EXPECT_GT(kept, 100U);

  buffer.write(OutputStream::Stdout, "after\n");
  const auto after = buffer.take();
  ASSERT_TRUE(after);
  EXPECT_EQ(after->text, "after");
  EXPECT_EQ(after->dropped, (kLines - kept) * line.size());
}

TEST(OutputBuffer, BoundsAFloodOfEmptyLines) {
  OutputBuffer buffer;
  for (int i = 0; i < 1'000'000; ++i) buffer.write(OutputStream::Stderr, "\n");
  std::size_t kept = 0;
  while (buffer.take()) ++kept;
  EXPECT_LE(kept * sizeof(OutputLine), limits::kOutputPendingBytesPerInstance);
}

TEST(OutputBuffer, TellsWhatWasLostAtTheEnd) {
  OutputBuffer buffer;
  for (int i = 0; i < 100'000; ++i) buffer.write(OutputStream::Stdout, "0123456789\n");
  buffer.finish();
  std::uint64_t dropped = 0;
  while (const auto line = buffer.take()) dropped += line->dropped;
  EXPECT_GT(dropped, 0U);
}

}  // namespace
}  // namespace arcella::worker
