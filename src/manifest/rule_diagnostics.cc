// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "manifest/rule_diagnostics.h"

#include <charconv>
#include <optional>
#include <string>

#include "manifest/toml_reader.h"

namespace arcella::manifest {
namespace {

// "mounts[1]" -> "mounts" and 1.
struct Step {
  std::string_view key;
  std::optional<std::size_t> index;
};

Step step_of(std::string_view part) {
  std::size_t bracket = part.find('[');
  if (bracket == std::string_view::npos) return {part, std::nullopt};
  std::string_view digits = part.substr(bracket + 1);
  digits = digits.substr(0, digits.find(']'));
  std::size_t index = 0;
  auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
  bool whole = failure == std::errc() && end == digits.data() + digits.size();
  return {part.substr(0, bracket), whole ? std::optional(index) : std::nullopt};
}

// A table is shown by its header, which is where it begins; a value by its key.
Position begin_of(const TomlNode::Entry& entry) {
  return entry.value.kind == TomlNode::Kind::Table ? entry.value.at : entry.key_at;
}

// Follows the path as far as the file goes. A variable whose name has a dot or a bracket leads to
// the table that it is in.
Position position_of(const TomlNode& root, std::string_view field) {
  const TomlNode* node = &root;
  Position at;
  while (!field.empty()) {
    std::size_t dot = field.find('.');
    Step step = step_of(field.substr(0, dot));
    const TomlNode::Entry* entry = node->find(step.key);
    if (entry == nullptr) break;
    at = begin_of(*entry);
    node = &entry->value;
    if (step.index && *step.index < node->elements.size()) {
      node = &node->elements[*step.index];
      at = node->at;
    }
    field = dot == std::string_view::npos ? std::string_view() : field.substr(dot + 1);
  }
  return at;
}

// The place says which entry is meant.
std::string without_indices(std::string_view field) {
  std::string shown;
  bool inside = false;
  for (char c : field) {
    if (c == '[') inside = true;
    if (!inside) shown += c;
    if (c == ']') inside = false;
  }
  return shown;
}

void report_all(const std::vector<model::RuleViolation>& violations, std::string_view text,
                Report& report, Severity severity) {
  if (violations.empty()) return;  // the usual case is not worth a second reading
  Report unread("");
  auto root = parse_toml(text, unread);
  for (const model::RuleViolation& violation : violations) {
    Position at = root ? position_of(*root, violation.field) : Position{};
    std::string message = without_indices(violation.field) + ": " + violation.message;
    if (severity == Severity::Error) {
      report.add(at, message, violation.hint);
    } else {
      report.note(at, message, violation.hint);
    }
  }
}

}  // namespace

std::vector<Diagnostic> locate(const std::vector<model::RuleViolation>& violations,
                               std::string_view text, std::string_view file) {
  Report report(file);
  report_all(violations, text, report, Severity::Error);
  return report.take();
}

std::vector<Diagnostic> locate_notes(const std::vector<model::RuleViolation>& unchecked,
                                     std::string_view text, std::string_view file) {
  Report report(file);
  report_all(unchecked, text, report, Severity::Note);
  return report.take_notes();
}

}  // namespace arcella::manifest
