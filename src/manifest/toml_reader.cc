// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "manifest/toml_reader.h"

#include <algorithm>
#include <exception>
#include <set>
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

static_assert(TOML_MAX_NESTED_VALUES == limits::kManifestDepthMax);

// A dotted key makes a table per dot, and the library bounds only brackets: 100,000 dots in one key
// would overflow the stack when the tree is walked.
constexpr int kKeyDotsMax = limits::kManifestDepthMax;

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

// The library names the macro that holds its bound.
std::string without_macros(std::string_view description) {
  std::size_t macro = description.find(" (TOML_");
  return std::string(description.substr(0, macro));
}

// The commonest mistake gets an answer about control characters from the library.
std::string_view hint_at(std::string_view text, Position at) {
  for (int line = 1; line < at.line; ++line) {
    std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return "";
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find('\n'));
  bool at_its_end = at.column > 0 && static_cast<std::size_t>(at.column) > text.size();
  bool has_open_quote = std::count(text.begin(), text.end(), '"') % 2 == 1;
  return at_its_end && has_open_quote ? "is a quote missing at the end of the line?" : "";
}

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

// The first kDiagnosticBytesMax bytes or a few less: a character is not cut in two.
std::string cut(std::string text) {
  if (text.size() <= limits::kDiagnosticBytesMax) return text;
  std::size_t end = limits::kDiagnosticBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80) --end;
  text.resize(end);
  return text + "...";
}

void sort_by_place(std::vector<Diagnostic>& diagnostics) {
  std::sort(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.line, a.column, a.message) < std::tie(b.line, b.column, b.message);
  });
}

}  // namespace

Diagnostic Report::made(Position at, std::string_view message, std::string_view hint,
                        Severity severity) const {
  return {file_, at.line, at.column, cut(inert(message)), cut(inert(hint)), severity};
}

void Report::add(Position at, std::string_view message, std::string_view hint) {
  if (errors_.size() >= limits::kManifestDiagnosticsMax) {
    ++not_kept_;
    return;
  }
  errors_.push_back(made(at, message, hint, Severity::Error));
}

void Report::note(Position at, std::string_view message, std::string_view hint) {
  if (notes_.size() >= limits::kManifestDiagnosticsMax) return;
  notes_.push_back(made(at, message, hint, Severity::Note));
}

std::vector<Diagnostic> Report::take() {
  sort_by_place(errors_);
  if (not_kept_ > 0) {
    std::string more = std::to_string(not_kept_) + " more mistakes are not shown";
    errors_.push_back(made({}, more, "mend these first", Severity::Error));
    not_kept_ = 0;
  }
  return std::exchange(errors_, {});
}

std::vector<Diagnostic> Report::take_notes() {
  sort_by_place(notes_);
  return std::exchange(notes_, {});
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
      Position at = position(error.source());
      report.add(at, "not TOML: " + without_macros(error.description()), hint_at(text, at));
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

void TableReader::report(Position at, std::string_view key, std::string_view message,
                         std::string_view hint) {
  report_->add(at, path_of(key) + ": " + std::string(message), hint);
}

void TableReader::report_missing(std::string_view key, std::string_view example) {
  report(table_->at, key, "missing", "write for example " + std::string(example));
}

void TableReader::note_no_effect(std::string_view key, std::string_view hint) {
  const TomlNode::Entry* entry = table_->find(key);
  report_->note(entry == nullptr ? table_->at : entry->key_at,
                path_of(key) + ": has no effect in this version", hint);
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

bool TableReader::too_long(std::string_view key, const TomlNode& text, std::size_t bytes_max) {
  if (text.text.size() <= bytes_max) return false;
  report(
      text.at, key,
      "has " + std::to_string(text.text.size()) + " bytes, more than " + std::to_string(bytes_max));
  return true;
}

bool TableReader::too_many(std::string_view key, Position at, std::size_t entries,
                           std::size_t entries_max) {
  if (entries <= entries_max) return false;
  report(at, key,
         "has " + std::to_string(entries) + " entries, more than " + std::to_string(entries_max));
  return true;
}

std::optional<Located<std::string>> TableReader::text(std::string_view key, std::size_t bytes_max) {
  const TomlNode* node = find(key, TomlNode::Kind::Text, "a string in quotes");
  if (node == nullptr || too_long(key, *node, bytes_max)) return std::nullopt;
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

std::optional<TableReader::Texts> TableReader::texts(std::string_view key, ListBounds bounds) {
  const TomlNode* node = find(key, TomlNode::Kind::Array, "an array of strings");
  if (node == nullptr) return std::nullopt;
  if (too_many(key, node->at, node->elements.size(), bounds.entries_max)) return std::nullopt;
  Texts strings;
  for (const TomlNode& element : node->elements) {
    if (element.kind != TomlNode::Kind::Text) {
      report_kind(key, "an array of strings", element);
    } else if (!too_long(key, element, bounds.bytes_max)) {
      strings.push_back({element.text, element.at});
    }
  }
  return strings;
}

std::optional<TableReader::Texts> TableReader::distinct_texts(std::string_view key,
                                                              ListBounds bounds) {
  std::optional<Texts> strings = texts(key, bounds);
  if (!strings) return std::nullopt;
  std::set<std::string_view> seen;
  for (const Located<std::string>& one : *strings) {
    if (!seen.insert(one.value).second) {
      report(one.at, key, "'" + one.value + "' is given twice", "keep one");
    }
  }
  return strings;
}

std::optional<TableReader> TableReader::table(std::string_view key) {
  const TomlNode* node = find(key, TomlNode::Kind::Table, "a table");
  if (node == nullptr) return std::nullopt;
  return TableReader(*node, path_of(key), *report_);
}

std::vector<TableReader> TableReader::tables(std::string_view key, std::size_t entries_max) {
  std::vector<TableReader> readers;
  std::string expected = "an array of tables, [[" + path_of(key) + "]]";
  const TomlNode* node = find(key, TomlNode::Kind::Array, expected);
  if (node == nullptr) return readers;
  if (too_many(key, node->at, node->elements.size(), entries_max)) return readers;
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
    std::string_view key, std::size_t bytes_max) {
  std::vector<std::pair<Located<std::string>, Located<std::string>>> pairs;
  auto inner = table(key);
  if (!inner) return pairs;
  const std::vector<TomlNode::Entry>& free = inner->entries();
  if (too_many(key, inner->at(), free.size(), limits::kManifestEntriesMax)) return pairs;
  for (const TomlNode::Entry& entry : free) {
    auto value = inner->text(entry.key, bytes_max);
    if (value) pairs.emplace_back(Located<std::string>{entry.key, entry.key_at}, *value);
  }
  return pairs;
}

void TableReader::finish(const Hints& hints) {
  for (const TomlNode::Entry& entry : table_->entries) {
    if (std::find(asked_.begin(), asked_.end(), entry.key) != asked_.end()) continue;
    auto hint = std::find_if(hints.begin(), hints.end(),
                             [&entry](const auto& pair) { return pair.first == entry.key; });
    report(entry.key_at, entry.key, "unknown key",
           hint != hints.end()
               ? std::string(hint->second)
               : nearest_hint(entry.key, asked_, "known are " + join(asked_, ", ")));
  }
}

std::vector<std::string> values_of(std::optional<TableReader::Texts> texts) {
  std::vector<std::string> values;
  if (!texts) return values;
  for (Located<std::string>& text : *texts) values.push_back(std::move(text.value));
  return values;
}

}  // namespace arcella::manifest
