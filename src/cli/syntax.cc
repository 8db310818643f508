// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/syntax.h"

#include <algorithm>
#include <optional>

namespace arcella::cli {
namespace {

// `[`, `]` and `|` between words, and the words.
std::vector<std::string> tokens_of(std::string_view text) {
  std::vector<std::string> tokens;
  std::string word;
  int inside = 0;  // brackets that belong to the word, as in H:G[:rw]
  bool quoted = false;
  auto end_word = [&] {
    if (!word.empty()) tokens.push_back(std::move(word));
    word.clear();
    inside = 0;
  };
  for (char c : text) {
    const bool plain = !quoted && inside == 0;
    if (c == '\'') {
      quoted = !quoted;
    } else if (plain && (c == ' ' || c == '|' || c == ']' || (c == '[' && word.empty()))) {
      end_word();
      if (c != ' ') tokens.emplace_back(1, c);
    } else {
      if (!quoted && c == '[') ++inside;
      if (!quoted && c == ']') --inside;
      word += c;
    }
  }
  end_word();
  return tokens;
}

bool is_placeholder(std::string_view word) {
  return std::any_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

const Placeholder* find_placeholder(std::string_view name) {
  for (const Placeholder& known : placeholders()) {
    if (known.name == name) return &known;
  }
  return nullptr;
}

class Reader {
 public:
  Syntax read(const std::vector<std::string>& tokens) {
    for (const std::string& token : tokens) {
      if (token == "[" || token == "]") {
        depth_ += token == "[" ? 1 : -1;
        option_ = std::nullopt;
      } else if (token == "|") {
        alternative_ = true;
        continue;
      } else if (token == "--") {
        made_.passes_rest = true;
      } else if (token.front() == '-') {
        made_.options.push_back({token, false, Place::Text, {}});
        option_ = made_.options.size() - 1;
      } else if (option_ && (alternative_ || !made_.options[*option_].takes_value)) {
        take_value(token);
      } else {
        option_ = std::nullopt;
        take_word(token);
      }
      alternative_ = false;
    }
    return std::move(made_);
  }

 private:
  void take_value(const std::string& token) {
    OptionSyntax& option = made_.options[*option_];
    option.takes_value = true;
    if (!is_placeholder(token)) option.words.push_back(token);
    const Placeholder* known = find_placeholder(token);
    if (known != nullptr && !known->places.empty()) option.value = known->places.front();
    // The number that follows --instance is one of a deployment's instances.
    if (option.name == "--instance") option.value = Place::Instance;
  }
  void take_word(std::string token) {
    bool repeated = false;
    if (token.ends_with("...")) {
      repeated = true;
      token.resize(token.size() - 3);
    }
    // `FILE ...` and what follows `--` make no place of their own.
    if (made_.passes_rest || (token.empty() && made_.positionals.empty())) return;
    if (token.empty()) {
      made_.positionals.back().repeated = true;
      return;
    }
    if (!alternative_ || made_.positionals.empty()) {
      made_.positionals.push_back({{}, {}, depth_ > 0, false});
    }
    Positional& place = made_.positionals.back();
    place.repeated = place.repeated || repeated;
    if (!is_placeholder(token)) {
      place.words.push_back(std::move(token));
    } else if (const Placeholder* known = find_placeholder(token)) {
      place.places.insert(place.places.end(), known->places.begin(), known->places.end());
    } else {
      place.places.push_back(Place::Text);
    }
  }

  Syntax made_;
  std::optional<std::size_t> option_;  // may take the next word as its value, or as another
  int depth_ = 0;
  bool alternative_ = false;
};

}  // namespace

std::span<const Placeholder> placeholders() {
  static const std::vector<Placeholder> known_placeholders{
      {"COMPONENT", {Place::Component}},
      {"DEPLOYMENT", {Place::Deployment}},
      {"D", {Place::Deployment}},
      {"ID", {Place::Component, Place::Deployment}},
      {"TARGET", {Place::Component, Place::Deployment}},
      {"GROUP", {Place::Group}},
      {"G", {Place::Group}},
      {"PATH", {Place::File}},
      {"FILE", {Place::File}},
      {"DIR", {Place::Folder}},
      {"FOLDER", {Place::Folder}},
      {"COMMAND", {Place::Command}},
      {"FUNCTION", {Place::Function}},
      {"FUNCTION(ARGS)", {Place::Function}},
      // Free: numbers, names that are not there yet, what has a grammar of its own.
      {"ARGS", {}},
      {"H:G[:rw]", {}},
      {"I", {}},
      {"K=V", {}},
      {"N", {}},
      {"NAME", {}},
      {"NAME@X.Y.Z", {}},
      {"REPLICAS", {}},
      {"T", {}},
      {"TIME", {}},
  };
  return known_placeholders;
}

std::vector<std::string> placeholders_in(std::string_view syntax) {
  std::vector<std::string> names;
  for (std::string token : tokens_of(syntax)) {
    if (token.ends_with("...")) token.resize(token.size() - 3);
    if (token.front() != '-' && is_placeholder(token)) names.push_back(std::move(token));
  }
  return names;
}

Syntax parse_syntax(std::string_view text) {
  return Reader().read(tokens_of(text));
}

}  // namespace arcella::cli
