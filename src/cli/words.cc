// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/words.h"

#include <algorithm>
#include <utility>

namespace arcella::cli {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// One character after the other; knows at each what it is in.
class Splitter {
 public:
  void read(std::string_view line) {
    for (std::size_t i = 0; i < line.size() && !comment_; ++i) take(line[i], i);
  }
  void end_word() {
    if (in_word_) words_.push_back(std::exchange(word_, {}));
    in_word_ = false;
  }

  [[nodiscard]] bool escaped() const { return escaped_; }
  [[nodiscard]] char quote() const { return quote_; }
  [[nodiscard]] bool comment() const { return comment_; }
  [[nodiscard]] bool in_word() const { return in_word_; }
  [[nodiscard]] std::size_t start() const { return start_; }
  std::string& word() { return word_; }
  std::vector<std::string>& words() { return words_; }

 private:
  void take(char c, std::size_t at) {
    if (escaped_) {
      // Within double quotes a backslash is one only before what it can quote there.
      if (quote_ == '"' && std::string_view("\"\\$`").find(c) == std::string_view::npos) {
        word_ += '\\';
      }
      word_ += c;
      escaped_ = false;
    } else if (quote_ == '\'') {
      take_quoted(c);
    } else if (c == '\\') {
      begin(at);
      escaped_ = true;
    } else if (quote_ == '"') {
      take_quoted(c);
    } else if (c == '\'' || c == '"') {
      begin(at);
      quote_ = c;
    } else if (is_blank(c)) {
      end_word();
    } else if (c == '#' && !in_word_) {
      comment_ = true;
    } else {
      begin(at);
      word_ += c;
    }
  }
  void take_quoted(char c) {
    if (c == quote_) {
      quote_ = 0;
    } else {
      word_ += c;
    }
  }
  void begin(std::size_t at) {
    if (!in_word_) start_ = at;
    in_word_ = true;
  }

  std::vector<std::string> words_;
  std::string word_;
  std::size_t start_ = 0;
  char quote_ = 0;
  bool in_word_ = false;
  bool escaped_ = false;
  bool comment_ = false;
};

bool needs_quotes(std::string_view word) {
  return word.empty() || word.front() == '#' ||
         word.find_first_of(" \t\r\n'\"\\$`()[]{}<>|&;*?!~") != std::string_view::npos;
}

}  // namespace

Result<std::vector<std::string>> split_words(std::string_view line) {
  Splitter splitter;
  splitter.read(line);
  if (splitter.quote() != 0) {
    return fail(ErrorCode::InvalidParams, std::string("the quote ") + splitter.quote() +
                                              " is not closed; '\\'' is a quote itself");
  }
  if (splitter.escaped()) {
    return fail(ErrorCode::InvalidParams, "a backslash at the end of the line quotes nothing");
  }
  splitter.end_word();
  return std::move(splitter.words());
}

PartialLine split_partial(std::string_view line_to_cursor) {
  Splitter splitter;
  splitter.read(line_to_cursor);
  PartialLine partial;
  partial.comment = splitter.comment();
  partial.quote = splitter.quote();
  partial.start = splitter.in_word() ? splitter.start() : line_to_cursor.size();
  if (splitter.in_word()) partial.partial = std::move(splitter.word());
  partial.words = std::move(splitter.words());
  return partial;
}

std::string quote_word(std::string_view word, char quote, Closing closing) {
  if (quote == 0) {
    if (!needs_quotes(word)) return std::string(word);
    quote = '\'';
  }
  std::string out(1, quote);
  for (char c : word) {
    if (quote == '\'' && c == '\'') {
      out += "'\\''";
    } else {
      if (quote == '"' && (c == '"' || c == '\\' || c == '$' || c == '`')) out += '\\';
      out += c;
    }
  }
  if (closing == Closing::Closed) out += quote;
  return out;
}

}  // namespace arcella::cli
