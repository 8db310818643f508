// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "wire/frame_codec.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace arcella::wire {
namespace {

// Feeds `bytes` in pieces of at most `piece` bytes and takes out what is whole after each.
template <class Codec>
std::vector<std::string> frames_of(Codec& codec, std::string_view bytes, std::size_t piece) {
  std::vector<std::string> frames;
  while (!bytes.empty()) {
    codec.feed(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
    for (;;) {
      auto frame = codec.next();
      EXPECT_TRUE(frame.has_value());
      if (!frame.has_value() || !frame.value()) break;
      frames.emplace_back(*frame.value());
    }
  }
  return frames;
}

TEST(LineCodec, GivesTheSameFramesForEverySplit) {
  const std::string bytes = "one\n\ntwo words\nthree\nunfinished";
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    LineCodec codec(64);
    EXPECT_EQ(frames_of(codec, bytes, piece),
              (std::vector<std::string>{"one", "", "two words", "three"}));
    EXPECT_TRUE(codec.mid_frame());
  }
}

TEST(LineCodec, TakesALineOfExactlyTheBound) {
  LineCodec codec(4);
  codec.feed("abcd\n");
  EXPECT_EQ(codec.next().value(), "abcd");
  EXPECT_FALSE(codec.mid_frame());
}

TEST(LineCodec, RefusesALongerLineBeforeItEnds) {
  LineCodec codec(4);
  codec.feed("abcde");
  ASSERT_FALSE(codec.next().has_value());
  EXPECT_EQ(codec.next().error().code(), ErrorCode::LimitExceeded);
}

TEST(LineCodec, StaysBrokenAfterAnError) {
  LineCodec codec(4);
  codec.feed("too long\nok\n");
  ASSERT_FALSE(codec.next().has_value());
  codec.feed("ok\n");
  EXPECT_FALSE(codec.next().has_value());
}

TEST(LineCodec, GivesTheFramesBeforeTheOneThatIsTooLong) {
  LineCodec codec(4);
  codec.feed("ok\ntoo long");
  EXPECT_EQ(codec.next().value(), "ok");
  EXPECT_FALSE(codec.next().has_value());
}

TEST(LineCodec, EncodesWhatItDecodes) {
  LineCodec codec(64);
  codec.feed(LineCodec::encode("a frame"));
  EXPECT_EQ(codec.next().value(), "a frame");
}

TEST(LengthCodec, GivesTheSameFramesForEverySplit) {
  const std::vector<std::string> sent{"one", "", std::string("nul\0nl\n", 7),
                                      std::string(300, 'x')};
  std::string bytes;
  for (const std::string& frame : sent) bytes += LengthCodec::encode(frame);
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    LengthCodec codec(300);
    EXPECT_EQ(frames_of(codec, bytes, piece), sent);
    EXPECT_FALSE(codec.mid_frame());
  }
}

TEST(LengthCodec, PutsTheLengthLowByteFirst) {
  EXPECT_EQ(LengthCodec::encode(std::string(258, 'x')).substr(0, 4),
            std::string("\x02\x01\0\0", 4));
}

TEST(LengthCodec, RefusesALengthPastTheBoundAsSoonAsItIsThere) {
  LengthCodec codec(16);
  codec.feed(std::string("\xff\xff\xff\xff", 4));
  ASSERT_FALSE(codec.next().has_value());
  EXPECT_EQ(codec.next().error().code(), ErrorCode::LimitExceeded);
}

TEST(LengthCodec, KnowsThatAFrameIsCutOff) {
  LengthCodec codec(16);
  codec.feed(LengthCodec::encode("whole").substr(0, 6));
  EXPECT_FALSE(codec.next().value().has_value());
  EXPECT_TRUE(codec.mid_frame());
}

TEST(LengthCodec, KeepsUpWithRandomSizesAndSplits) {
  std::mt19937 random(7);
  std::vector<std::string> sent;
  std::string bytes;
  for (int i = 0; i < 500; ++i) {
    sent.emplace_back(random() % 200, static_cast<char>('a' + i % 26));
    bytes += LengthCodec::encode(sent.back());
  }
  LengthCodec codec(200);
  std::vector<std::string> received;
  for (std::string_view rest = bytes; !rest.empty();) {
    std::size_t piece = std::min<std::size_t>(1 + random() % 97, rest.size());
    for (std::string& frame : frames_of(codec, rest.substr(0, piece), piece)) {
      received.push_back(std::move(frame));
    }
    rest.remove_prefix(piece);
  }
  EXPECT_EQ(received, sent);
}

}  // namespace
}  // namespace arcella::wire
