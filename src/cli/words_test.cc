// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace arcella::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> words(std::string_view line) {
  auto split = split_words(line);
  EXPECT_TRUE(split.has_value()) << line;
  return split.has_value() ? *split : std::vector<std::string>();
}

TEST(SplitWords, BlanksSeparateAndQuotesJoin) {
  EXPECT_THAT(words("  start \t calc  "), ElementsAre("start", "calc"));
  EXPECT_THAT(words("call calc 'add(20, 22)'"), ElementsAre("call", "calc", "add(20, 22)"));
  EXPECT_THAT(words(R"(a"b c"'d e'f\ g)"), ElementsAre("ab cd ef g"));
  EXPECT_THAT(words("'' \"\""), ElementsAre("", ""));
  EXPECT_THAT(words(""), IsEmpty());
  EXPECT_THAT(words("ends with\r"), ElementsAre("ends", "with"));
}

TEST(SplitWords, BackslashQuotesAsAShellsDoes) {
  EXPECT_THAT(words(R"('a\n' "a\n" a\n)"), ElementsAre(R"(a\n)", R"(a\n)", "an"));
  EXPECT_THAT(words(R"("\"\\\$\`")"), ElementsAre("\"\\$`"));
  EXPECT_THAT(words(R"('it'\''s')"), ElementsAre("it's"));
}

TEST(SplitWords, CommentBeginsAtAWord) {
  EXPECT_THAT(words("# all of it"), IsEmpty());
  EXPECT_THAT(words("start a # and why"), ElementsAre("start", "a"));
  EXPECT_THAT(words("call d demo:calc/ops#add '#' \\#"),
              ElementsAre("call", "d", "demo:calc/ops#add", "#", "#"));
}

TEST(SplitWords, WhatIsOpenAtTheEndIsAnError) {
  for (const char* line : {"start 'a", "start \"a", "start \"a'", "start a\\", "'\\"}) {
    auto split = split_words(line);
    ASSERT_FALSE(split.has_value()) << line;
    EXPECT_EQ(split.error().code(), ErrorCode::InvalidParams);
  }
  EXPECT_THAT(split_words("a 'b").error().message(), HasSubstr("quote '"));
}

TEST(SplitPartial, KnowsWhereTheCursorStands) {
  const PartialLine empty = split_partial("");
  EXPECT_THAT(empty.words, IsEmpty());
  EXPECT_EQ(empty.partial, "");
  EXPECT_EQ(empty.start, 0U);

  const PartialLine next = split_partial("start ");
  EXPECT_THAT(next.words, ElementsAre("start"));
  EXPECT_EQ(next.partial, "");
  EXPECT_EQ(next.start, 6U);

  const PartialLine inside = split_partial("call 'my calc' 'ad");
  EXPECT_THAT(inside.words, ElementsAre("call", "my calc"));
  EXPECT_EQ(inside.partial, "ad");
  EXPECT_EQ(inside.start, 15U);
  EXPECT_EQ(inside.quote, '\'');

  EXPECT_EQ(split_partial("a \"b c\"").quote, 0);
  EXPECT_TRUE(split_partial("start # sta").comment);
  EXPECT_EQ(split_partial("install my\\").partial, "my");
}

TEST(QuoteWord, OnlyWhereItMust) {
  EXPECT_EQ(quote_word("calc@1.0.0"), "calc@1.0.0");
  EXPECT_EQ(quote_word("demo:calc/ops#add"), "demo:calc/ops#add");
  EXPECT_EQ(quote_word("my file"), "'my file'");
  EXPECT_EQ(quote_word("it's"), R"('it'\''s')");
  EXPECT_EQ(quote_word(""), "''");
  EXPECT_EQ(quote_word("#x"), "'#x'");
  EXPECT_EQ(quote_word("a b", '"'), "\"a b\"");
  EXPECT_EQ(quote_word("add", '\'', Closing::Open), "'add");
}

TEST(QuoteWord, IsWhatSplitWordsReads) {
  std::mt19937 random(1);  // the same words in every run
  const std::string_view alphabet = "ab \t'\"\\#$`()[]";
  for (int i = 0; i < 2000; ++i) {
    std::string word;
    const auto length = random() % 8;
    for (unsigned n = 0; n < length; ++n) word += alphabet[random() % alphabet.size()];
    for (char quote : {'\0', '\'', '"'}) {
      EXPECT_THAT(words("x " + quote_word(word, quote) + " y"), ElementsAre("x", word, "y"));
      const PartialLine open = split_partial(quote_word(word, quote, Closing::Open));
      if (quote != 0) EXPECT_EQ(open.partial, word);
    }
  }
}

}  // namespace
}  // namespace arcella::cli
