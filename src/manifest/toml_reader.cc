// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "manifest/toml_reader.h"

#include <algorithm>
#include <exception>
#include <sstream>
#include <tuple>

#include "base/limits.h"
#include "base/text.h"

// Errors as values; and no deeper than our own bound, as the library and we walk the tree by
// recursion.
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 1
#define TOML_MAX_NESTED_VALUES 32
#include <toml++/toml.h>

namespace arcella::manifest {
namespace {

// A dotted key makes a table per dot, and the library bounds only brackets: 100,000 dots in one key
// would overflow the stack when the tree is walked. The formats are 4 deep.
constexpr int kKeyDotsMax = TOML_MAX_NESTED_VALUES;

Position position(const toml::source_region& region) {
  return {static_cast<int>(region.begin.line), static_cast<int>(region.begin.column)};
}

// Finds the first key with too many dots, skipping strings and comments. Where this scan and the
// grammar part, the text has an error before that point and the parser stops there.
class DotScan {
 public:
  explicit DotScan(std::string_view text) : text_(text) {}

  std::optional<Position> run() {
    while (at_ < text_.size()) {
      char c = text_[at_];
      if (c == '"' || c == '\'') {
        skip_string(c);
        continue;
      }
      if (c == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
        continue;
      }
      if (c == '.' && ++dots_ > kKeyDotsMax) return where();
      if (std::string_view("\n=[]{},").find(c) != std::string_view::npos) dots_ = 0;
      ++at_;
    }
    return std::nullopt;
  }

 private:
  void skip_string(char quote) {
    std::string triple(3, quote);
    bool multiline = text_.substr(at_, 3) == triple;
    std::string_view end =
        multiline ? std::string_view(triple) : std::string_view(triple).substr(0, 1);
    at_ += end.size();
    while (at_ < text_.size() && text_.substr(at_, end.size()) != end) {
      if (!multiline && text_[at_] == '\n') return;
      at_ += quote == '"' && text_[at_] == '\\' ? 2 : 1;
    }
    at_ = std::min(at_ + end.size(), text_.size());
  }

  Position where() const {
    std::string_view before = text_.substr(0, at_);
    auto line = std::count(before.begin(), before.end(), '\n') + 1;
    std::size_t start = before.rfind('\n');
    auto column = start == std::string_view::npos ? at_ + 1 : at_ - start;
    return {static_cast<int>(line), static_cast<int>(column)};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int dots_ = 0;
};

TomlNode convert(const toml::node& node) {
  TomlNode result;
  result.at = position(node.source());
  if (const toml::table* table = node.as_table()) {
    for (const auto& [key, value] : *table) {
      result.entries.push_back({std::string(key.str()), position(key.source()), convert(value)});
    }
  } else if (const toml::array* array = node.as_array()) {
    result.kind = TomlNode::Kind::Array;
    for (const toml::node& element : *array) result.elements.push_back(convert(element));
  } else if (const auto* text = node.as_string()) {
    result.kind = TomlNode::Kind::Text;
    result.text = text->get();
  } else if (const auto* integer = node.as_integer()) {
    result.kind = TomlNode::Kind::Integer;
    result.integer = integer->get();
  } else if (const auto* boolean = node.as_boolean()) {
    result.kind = TomlNode::Kind::Boolean;
    result.boolean = boolean->get();
  } else {
    result.kind = TomlNode::Kind::Other;
    std::ostringstream shown;
    node.visit([&shown](const auto& value) {
      if constexpr (toml::is_value<decltype(value)>) shown << value.get();
    });
    result.text = shown.str();
  }
  return result;
}

// What the file has in place of what was expected, short enough for one line.
std::string shown(const TomlNode& node) {
  constexpr std::size_t kShownMax = 60;
  switch (node.kind) {
    case TomlNode::Kind::Text:
      return "the string \"" + inert(node.text.substr(0, kShownMax)) +
             (node.text.size() > kShownMax ? "...\"" : "\"");
    case TomlNode::Kind::Integer:
      return std::to_string(node.integer);
    case TomlNode::Kind::Boolean:
      return node.boolean ? "true" : "false";
    case TomlNode::Kind::Array:
      return "an array";
    case TomlNode::Kind::Table:
      return "a table";
    case TomlNode::Kind::Other:
      break;
  }
  return inert(node.text);
}

}  // namespace

void Report::add(Position at, std::string message) {
  diagnostics_.push_back({file_, at.line, at.column, std::move(message)});
}

std::vector<Diagnostic> Report::take() {
  std::sort(diagnostics_.begin(), diagnostics_.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.line, a.column, a.message) < std::tie(b.line, b.column, b.message);
  });
  return std::exchange(diagnostics_, {});
}

const TomlNode::Entry* TomlNode::find(std::string_view key) const noexcept {
  for (const Entry& entry : entries) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

std::optional<TomlNode> parse_toml(std::string_view text, Report& report) {
  if (text.size() > limits::kManifestBytesMax) {
    report.add({},
               "larger than the limit of " + std::to_string(limits::kManifestBytesMax) + " bytes");
    return std::nullopt;
  }
  if (auto where = DotScan(text).run()) {
    report.add(*where, "a key has more than " + std::to_string(kKeyDotsMax) + " parts");
    return std::nullopt;
  }
  // Memory is all that can still be thrown for.
  try {
    toml::parse_result result = toml::parse(text);
    if (!result) {
      const toml::parse_error& error = result.error();
      report.add(position(error.source()), "not TOML: " + inert(error.description()));
      return std::nullopt;
    }
    return convert(result.table());
  } catch (const std::exception& error) {
    report.add({}, std::string("reading TOML: ") + error.what());
    return std::nullopt;
  }
}

std::string TableReader::path_of(std::string_view key) const {
  return path_.empty() ? inert(key) : path_ + "." + inert(key);
}

void TableReader::report(Position at, std::string_view key, std::string_view message) {
  report_->add(at, path_of(key) + ": " + std::string(message));
}

void TableReader::report_missing(std::string_view key, std::string_view example) {
  report(table_->at, key, "missing; write for example " + std::string(example));
}

void TableReader::report_kind(std::string_view key, std::string_view expected,
                              const TomlNode& found) {
  report(found.at, key, "expected " + std::string(expected) + ", found " + shown(found));
}

const TomlNode::Entry* TableReader::any(std::string_view key) {
  if (std::find(asked_.begin(), asked_.end(), key) == asked_.end()) asked_.push_back(key);
  return table_->find(key);
}

const TomlNode* TableReader::find(std::string_view key, TomlNode::Kind kind,
                                  std::string_view expected) {
  const TomlNode::Entry* entry = any(key);
  if (entry == nullptr) return nullptr;
  if (entry->value.kind == kind) return &entry->value;
  report_kind(key, expected, entry->value);
  return nullptr;
}

std::optional<Located<std::string>> TableReader::text(std::string_view key) {
  const TomlNode* node = find(key, TomlNode::Kind::Text, "a string in quotes");
  if (node == nullptr) return std::nullopt;
  return Located<std::string>{node->text, node->at};
}

std::optional<Located<std::int64_t>> TableReader::integer(std::string_view key, std::int64_t min,
                                                          std::int64_t max) {
  const TomlNode* node = find(key, TomlNode::Kind::Integer, "a whole number");
  if (node == nullptr) return std::nullopt;
  if (node->integer < min || node->integer > max) {
    report(node->at, key,
           shown(*node) + " is not in " + std::to_string(min) + ".." + std::to_string(max));
    return std::nullopt;
  }
  return Located<std::int64_t>{node->integer, node->at};
}

std::optional<Located<bool>> TableReader::boolean(std::string_view key) {
  const TomlNode* node = find(key, TomlNode::Kind::Boolean, "true or false");
  if (node == nullptr) return std::nullopt;
  return Located<bool>{node->boolean, node->at};
}

std::optional<std::vector<std::string>> TableReader::texts(std::string_view key) {
  const TomlNode* node = find(key, TomlNode::Kind::Array, "an array of strings");
  if (node == nullptr) return std::nullopt;
  std::vector<std::string> strings;
  for (const TomlNode& element : node->elements) {
    if (element.kind == TomlNode::Kind::Text) {
      strings.push_back(element.text);
    } else {
      report_kind(key, "an array of strings", element);
    }
  }
  return strings;
}

std::optional<TableReader> TableReader::table(std::string_view key) {
  const TomlNode* node = find(key, TomlNode::Kind::Table, "a table");
  if (node == nullptr) return std::nullopt;
  return TableReader(*node, path_of(key), *report_);
}

std::vector<TableReader> TableReader::tables(std::string_view key) {
  std::vector<TableReader> readers;
  std::string expected = "an array of tables, [[" + path_of(key) + "]]";
  const TomlNode* node = find(key, TomlNode::Kind::Array, expected);
  if (node == nullptr) return readers;
  for (const TomlNode& element : node->elements) {
    if (element.kind == TomlNode::Kind::Table) {
      readers.emplace_back(element, path_of(key), *report_);
    } else {
      report_kind(key, expected, element);
    }
  }
  return readers;
}

std::vector<std::pair<Located<std::string>, Located<std::string>>> TableReader::text_map(
    std::string_view key) {
  std::vector<std::pair<Located<std::string>, Located<std::string>>> pairs;
  auto inner = table(key);
  if (!inner) return pairs;
  for (const TomlNode::Entry& entry : inner->table_->entries) {
    auto value = inner->text(entry.key);
    if (value) pairs.emplace_back(Located<std::string>{entry.key, entry.key_at}, *value);
  }
  return pairs;
}

void TableReader::finish(const Hints& hints) {
  for (const TomlNode::Entry& entry : table_->entries) {
    if (std::find(asked_.begin(), asked_.end(), entry.key) != asked_.end()) continue;
    std::string message = "unknown key";
    auto hint = std::find_if(hints.begin(), hints.end(),
                             [&entry](const auto& pair) { return pair.first == entry.key; });
    if (hint != hints.end()) {
      message += "; " + std::string(hint->second);
    } else if (auto near = nearest_name(entry.key, asked_)) {
      message += "; did you mean '" + std::string(*near) + "'?";
    } else {
      message += "; known are " + join(asked_, ", ");
    }
    report(entry.key_at, entry.key, message);
  }
}

}  // namespace arcella::manifest
