// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "support/state_dump.h"

#include <algorithm>

#include "store/database.h"

namespace arcella::integration {
namespace {

using store::Database;
using store::Statement;

Result<std::vector<std::string>> column(const Database& database, const std::string& sql) {
  ARCELLA_TRY(Statement rows, database.prepare(sql));
  std::vector<std::string> values;
  for (;;) {
    ARCELLA_TRY(bool row, rows.step());
    if (!row) return values;
    values.push_back(rows.text(0));
  }
}

bool is_moment(const std::string& name) {
  return name.ends_with("_at") || name.ends_with("_ms");
}

Result<void> dump(const Database& database, const std::string& table,
                  std::vector<std::string>& lines) {
  ARCELLA_TRY(auto names, column(database, "SELECT name FROM pragma_table_info('" + table + "')"));
  std::erase_if(names, is_moment);
  std::string selected;
  for (const std::string& name : names) selected += (selected.empty() ? "" : ", ") + name;
  ARCELLA_TRY(Statement rows, database.prepare("SELECT " + selected + " FROM " + table));
  for (;;) {
    ARCELLA_TRY(bool row, rows.step());
    if (!row) return {};
    std::string line = "row " + table;
    for (std::size_t i = 0; i < names.size(); ++i)
      line += " " + names[i] + "=" + rows.text(static_cast<int>(i));
    lines.push_back(std::move(line));
  }
}

Result<std::vector<std::string>> dump_all(const std::string& path) {
  ARCELLA_TRY(Database database, Database::open(path));
  std::vector<std::string> lines;
  ARCELLA_TRY(auto tables, column(database, "SELECT name FROM sqlite_master WHERE type = 'table'"));
  for (const std::string& table : tables) {
    ARCELLA_TRY_VOID(dump(database, table, lines));
  }
  ARCELLA_TRY(auto faults, column(database, "PRAGMA integrity_check"));
  for (const std::string& fault : faults) lines.push_back("integrity " + fault);
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace

std::vector<std::string> rows_of(const std::string& database) {
  auto lines = dump_all(database);
  if (lines.has_value()) return *lines;
  return {"the database cannot be read: " + lines.error().message()};
}

}  // namespace arcella::integration
