// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "manifest/rule_diagnostics.h"

#include "manifest/toml_reader.h"

namespace arcella::manifest {
namespace {

// Follows the dotted path as far as the file goes.
Position position_of(const TomlNode& root, std::string_view field) {
  const TomlNode* node = &root;
  Position at;
  while (!field.empty()) {
    std::size_t dot = field.find('.');
    const TomlNode::Entry* entry = node->find(field.substr(0, dot));
    if (entry == nullptr) break;
    // A table is shown by its header, which is where it begins; a value by its key.
    at = entry->value.kind == TomlNode::Kind::Table ? entry->value.at : entry->key_at;
    node = &entry->value;
    field = dot == std::string_view::npos ? std::string_view() : field.substr(dot + 1);
  }
  return at;
}

}  // namespace

std::vector<Diagnostic> locate(const std::vector<model::RuleViolation>& violations,
                               std::string_view text, std::string_view file) {
  Report unread(file);
  auto root = parse_toml(text, unread);
  Report report(file);
  for (const model::RuleViolation& violation : violations) {
    Position at = root ? position_of(*root, violation.field) : Position{};
    report.add(at, violation.field + ": " + violation.message);
  }
  return report.take();
}

}  // namespace arcella::manifest
