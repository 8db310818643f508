// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// TOML with the place of everything in the file: text -> tree of nodes, and a reader of tables that
// checks types, reports what is wrong where, and at the end what nobody asked for. The only door to
// toml++; bounded in size and depth.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "manifest/diagnostic.h"

namespace arcella::manifest {

struct Position {
  int line = 0;  // from 1; 0: the file as a whole
  int column = 0;
};

template <class T>
struct Located {
  T value;
  Position at;
};

// Collects the diagnostics of one file: limits::kManifestDiagnosticsMax of them, the others are
// counted. Texts may hold what the file holds: they are made inert and cut here.
class Report {
 public:
  explicit Report(std::string_view file) : file_(file) {}
  void add(Position at, std::string_view message, std::string_view hint = {});
  void note(Position at, std::string_view message, std::string_view hint = {});
  // No errors; there may be notes.
  [[nodiscard]] bool empty() const noexcept { return errors_.empty(); }
  // In the order of the file.
  [[nodiscard]] std::vector<Diagnostic> take();
  [[nodiscard]] std::vector<Diagnostic> take_notes();

 private:
  [[nodiscard]] Diagnostic made(Position at, std::string_view message, std::string_view hint,
                                Severity severity) const;

  std::string file_;
  std::vector<Diagnostic> errors_;
  std::vector<Diagnostic> notes_;
  std::size_t not_kept_ = 0;
};

struct TomlNode {
  enum class Kind {
    Text,
    Integer,
    Boolean,
    Array,
    Table,
    Other
  };  // Other: floats, dates and times
  struct Entry;

  Kind kind = Kind::Table;
  Position at;
  std::string text;  // of Text; of Other what is shown of it
  std::int64_t integer = 0;
  bool boolean = false;
  std::vector<TomlNode> elements;
  std::vector<Entry> entries;  // by key

  [[nodiscard]] const Entry* find(std::string_view key) const noexcept;
};
struct TomlNode::Entry {
  std::string key;
  Position key_at;
  TomlNode value;
};

// The root table; nullopt when the text is no TOML, which is reported.
[[nodiscard]] std::optional<TomlNode> parse_toml(std::string_view text, Report& report);

// Reads one table. Each key that is asked for counts as known, so the list of known keys is what
// the code reads. Lives no longer than the node and the report. A getter answers nullopt when the
// key is absent or wrong; the latter is reported.
class TableReader {
 public:
  // `path`: how the table is called in messages, "deployment.http"; empty for the root.
  TableReader(const TomlNode& table, std::string path, Report& report)
      : table_(&table), path_(std::move(path)), report_(&report) {}

  std::optional<Located<std::string>> text(std::string_view key,
                                           std::size_t bytes_max = limits::kManifestTextBytesMax);
  std::optional<Located<std::int64_t>> integer(std::string_view key, std::int64_t min,
                                               std::int64_t max);
  std::optional<Located<bool>> boolean(std::string_view key);
  struct ListBounds {
    std::size_t entries_max = limits::kManifestEntriesMax;
    std::size_t bytes_max = limits::kManifestTextBytesMax;
  };
  using Texts = std::vector<Located<std::string>>;
  std::optional<Texts> texts(std::string_view key, ListBounds bounds);
  std::optional<Texts> texts(std::string_view key) { return texts(key, ListBounds()); }
  // A list in which an entry that comes twice is a mistake.
  std::optional<Texts> distinct_texts(std::string_view key, ListBounds bounds);
  std::optional<Texts> distinct_texts(std::string_view key) {
    return distinct_texts(key, ListBounds());
  }
  std::optional<TableReader> table(std::string_view key);
  // An array of tables.
  std::vector<TableReader> tables(std::string_view key, std::size_t entries_max);
  // A table of strings with free keys, at most limits::kManifestEntriesMax.
  std::vector<std::pair<Located<std::string>, Located<std::string>>> text_map(
      std::string_view key, std::size_t bytes_max = limits::kManifestTextBytesMax);
  // For fields of more than one type.
  const TomlNode::Entry* any(std::string_view key);
  // Is it there? Asks for nothing.
  [[nodiscard]] bool has(std::string_view key) const noexcept {
    return table_->find(key) != nullptr;
  }
  [[nodiscard]] const std::vector<TomlNode::Entry>& entries() const noexcept {
    return table_->entries;
  }

  // Reports keys that were not asked for, each with the nearest one that was, or with the hint for
  // that key.
  using Hints = std::vector<std::pair<std::string_view, std::string_view>>;
  void finish(const Hints& hints = {});

  void report(Position at, std::string_view key, std::string_view message,
              std::string_view hint = {});
  // That the key, which is there, is read and kept and changes nothing yet.
  void note_no_effect(std::string_view key, std::string_view hint = {});
  void report_missing(std::string_view key, std::string_view example);
  void report_kind(std::string_view key, std::string_view expected, const TomlNode& found);
  [[nodiscard]] Position at() const noexcept { return table_->at; }
  [[nodiscard]] std::string path_of(std::string_view key) const;

 private:
  const TomlNode* find(std::string_view key, TomlNode::Kind kind, std::string_view expected);
  bool too_long(std::string_view key, const TomlNode& text, std::size_t bytes_max);
  bool too_many(std::string_view key, Position at, std::size_t entries, std::size_t entries_max);

  const TomlNode* table_;
  std::string path_;
  Report* report_;
  std::vector<std::string_view> asked_;
};

// Without their places.
[[nodiscard]] std::vector<std::string> values_of(std::optional<TableReader::Texts> texts);

}  // namespace arcella::manifest
