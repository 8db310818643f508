// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// SQLite, thin: a connection, a statement, a transaction, and its errors as ours. No SQL and no
// table of ours is known here. Everything is confined to one thread at a time, statements end
// before their connection.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace arcella::store {

// One compiled statement. Bind all parameters (from 1), then run() or step() through the rows.
class Statement {
 public:
  // A failure to bind is reported by the next step().
  Statement& bind(int parameter, std::string_view text);
  Statement& bind(int parameter, std::int64_t number);
  Statement& bind_blob(int parameter, std::string_view bytes);

  // true: a row is there; its columns (from 0) are good until the next step().
  Result<bool> step();
  // For statements without rows.
  Result<void> run();

  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] std::string blob(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bind_failure_ = 0;
};

class Database {
 public:
  // Creates the file (0600) if it is not there; nothing is written into it yet, and what another
  // program's crash left in its log stays there until make_durable(): a database that is then
  // refused was not touched. ":memory:" for tests.
  static Result<Database> open(const std::string& path);

  // Statements without parameters, separated by ';'.
  Result<void> run(const char* sql) const;
  [[nodiscard]] Result<Statement> prepare(std::string_view sql) const;
  // The first column of the only row.
  [[nodiscard]] Result<std::int64_t> integer(std::string_view sql) const;
  // Rows that the last INSERT, UPDATE or DELETE changed.
  [[nodiscard]] std::int64_t changes() const noexcept;

  // What a service wants: write-ahead log, every commit on the disk, foreign keys enforced.
  Result<void> make_durable() const;

 private:
  friend class Transaction;
  struct Close {
    void operator()(sqlite3* connection) const noexcept;
  };
  explicit Database(sqlite3* connection) : connection_(connection) {}
  // Takes a commit that failed out of the write-ahead log. If only its sync has failed, it lies
  // there whole, and the next opening after a crash would take it for done.
  void empty_log() const;
  std::unique_ptr<sqlite3, Close> connection_;
};

// Begins at once as the writer; rolls back in the destructor unless committed.
class Transaction {
 public:
  static Result<Transaction> begin(const Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  // When it returns without error the changes are on the disk; with one, none of them is.
  Result<void> commit();

 private:
  explicit Transaction(const Database& database) : database_(&database) {}
  const Database* database_;
};

}  // namespace arcella::store
