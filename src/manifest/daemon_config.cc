// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "manifest/daemon_config.h"

#include "manifest/toml_reader.h"

namespace arcella::manifest {
namespace {

// `field` = what `parse` makes of the text of `key`, if it is there.
template <class T>
void read_word(TableReader& table, std::string_view key, Result<T> (*parse)(std::string_view),
               T& field) {
  auto word = table.text(key);
  if (!word) return;
  Result<T> value = parse(word->value);
  if (value.has_value()) {
    field = value.value();
  } else {
    table.report(word->at, key, value.error().message());
  }
}

}  // namespace

Parsed<DaemonConfig> read_daemon_config(std::string_view text, std::string_view file) {
  Report report(file);
  DaemonConfig config;
  if (auto node = parse_toml(text, report)) {
    TableReader root(*node, "", report);
    if (auto table = root.table("log")) {
      read_word(*table, "level", &log::parse_level, config.log.level);
      read_word(*table, "format", &log::parse_format, config.log.format);
      table->finish();
    }
    root.finish();
  }
  if (!report.empty()) return {std::nullopt, report.take()};
  return {config, {}};
}

}  // namespace arcella::manifest
