// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "store/database.h"

#include <fcntl.h>
#include <sqlite3.h>

#include <cerrno>

#include "base/crash_point.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/unique_fd.h"
#include "store/system_error.h"

namespace arcella::store {
namespace {

ErrorCode code_of(int primary, int extended) {
  switch (primary) {
    case SQLITE_FULL:
      return ErrorCode::NoSpace;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return ErrorCode::Conflict;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return ErrorCode::PermissionDenied;
    case SQLITE_TOOBIG:
    case SQLITE_NOMEM:
      return ErrorCode::LimitExceeded;
    case SQLITE_CONSTRAINT:
      return extended == SQLITE_CONSTRAINT_PRIMARYKEY || extended == SQLITE_CONSTRAINT_UNIQUE
                 ? ErrorCode::AlreadyExists
                 : ErrorCode::Conflict;
    case SQLITE_ERROR:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
      return ErrorCode::Internal;
    default:
      return ErrorCode::Io;
  }
}

// Without its folder: the text may be shown to a guest.
std::string name_of(sqlite3* connection) {
  const char* path = ::sqlite3_db_filename(connection, "main");
  std::string_view name = path == nullptr ? "" : path;
  return std::string(name.substr(name.rfind('/') + 1));
}

Error error_of(sqlite3* connection) {
  int extended = ::sqlite3_extended_errcode(connection);
  int primary = extended & 0xff;
  std::string message =
      "the database '" + name_of(connection) + "': " + std::string(::sqlite3_errmsg(connection));
  if (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN) {
    if (int reason = ::sqlite3_system_errno(connection); reason != 0) {
      return system_error(reason, message);
    }
  }
  if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB) {
    message += "; move the file away to start with an empty one";
  }
  return {code_of(primary, extended), std::move(message)};
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const noexcept {
  ::sqlite3_finalize(statement);
}

Statement& Statement::bind(int parameter, std::string_view text) {
  // A view without storage would bind NULL.
  const char* bytes = text.data() == nullptr ? "" : text.data();
  int result = ::sqlite3_bind_text64(statement_.get(), parameter, bytes, text.size(),
                                     SQLITE_TRANSIENT, SQLITE_UTF8);
  if (bind_failure_ == SQLITE_OK) bind_failure_ = result;
  return *this;
}

Statement& Statement::bind(int parameter, std::int64_t number) {
  int result = ::sqlite3_bind_int64(statement_.get(), parameter, number);
  if (bind_failure_ == SQLITE_OK) bind_failure_ = result;
  return *this;
}

Statement& Statement::bind_blob(int parameter, std::string_view bytes) {
  const char* data = bytes.data() == nullptr ? "" : bytes.data();
  int result =
      ::sqlite3_bind_blob64(statement_.get(), parameter, data, bytes.size(), SQLITE_TRANSIENT);
  if (bind_failure_ == SQLITE_OK) bind_failure_ = result;
  return *this;
}

Result<bool> Statement::step() {
  if (bind_failure_ != SQLITE_OK) {
    return fail(ErrorCode::Internal,
                std::string("binding a value: ") + ::sqlite3_errstr(bind_failure_));
  }
  switch (::sqlite3_step(statement_.get())) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default:
      return fail(error_of(::sqlite3_db_handle(statement_.get())));
  }
}

Result<void> Statement::run() {
  ARCELLA_TRY(bool row, step());
  if (row) return fail(ErrorCode::Internal, "a statement without rows has one");
  return {};
}

std::string Statement::text(int column) const {
  const unsigned char* bytes = ::sqlite3_column_text(statement_.get(), column);
  auto size = static_cast<std::size_t>(::sqlite3_column_bytes(statement_.get(), column));
  return bytes == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(bytes), size);
}

std::string Statement::blob(int column) const {
  const void* bytes = ::sqlite3_column_blob(statement_.get(), column);
  auto size = static_cast<std::size_t>(::sqlite3_column_bytes(statement_.get(), column));
  return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), size);
}

std::int64_t Statement::integer(int column) const {
  return ::sqlite3_column_int64(statement_.get(), column);
}

void Database::Close::operator()(sqlite3* connection) const noexcept {
  ::sqlite3_close_v2(connection);
}

Result<Database> Database::open(const std::string& path) {
  if (path != ":memory:") {
    // SQLite would create it with the rights of the umask; its log takes the rights of the file.
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd.valid()) return fail(system_error(errno, "opening '" + path + "'"));
  }
  sqlite3* connection = nullptr;
  int result = ::sqlite3_open_v2(
      path.c_str(), &connection,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE,
      nullptr);
  Database database(connection);
  if (connection == nullptr)
    return fail(ErrorCode::LimitExceeded, "opening '" + path + "': no memory");
  if (result != SQLITE_OK) return fail(error_of(connection).with_context("opening '" + path + "'"));
  ::sqlite3_busy_timeout(connection, static_cast<int>(limits::kDatabaseBusyTimeout.count()));
  ::sqlite3_db_config(connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  ::sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  return database;
}

Result<void> Database::make_durable() const {
  ::sqlite3_db_config(connection_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
  return run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;");
}

void Database::empty_log() const {
  auto emptied = run("PRAGMA wal_checkpoint(TRUNCATE)");
  if (emptied.has_value()) return;
  log::error("store", "a change that failed cannot be erased: after a crash it may be there",
             {{"error", emptied.error().message()}});
}

Result<void> Database::run(const char* sql) const {
  if (::sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    return fail(error_of(connection_.get()));
  }
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) const {
  sqlite3_stmt* statement = nullptr;
  int result = ::sqlite3_prepare_v2(connection_.get(), sql.data(), static_cast<int>(sql.size()),
                                    &statement, nullptr);
  if (result != SQLITE_OK) return fail(error_of(connection_.get()));
  return Statement(statement);
}

Result<std::int64_t> Database::integer(std::string_view sql) const {
  ARCELLA_TRY(Statement statement, prepare(sql));
  ARCELLA_TRY(bool row, statement.step());
  if (!row) return fail(ErrorCode::Internal, "a query for one number has no row");
  return statement.integer(0);
}

std::int64_t Database::changes() const noexcept {
  return ::sqlite3_changes64(connection_.get());
}

Result<Transaction> Transaction::begin(const Database& database) {
  ARCELLA_TRY_VOID(database.run("BEGIN IMMEDIATE"));
  return Transaction(database);
}

Transaction::~Transaction() {
  // Without effect when SQLite has rolled back by itself, as it does when the disk is full.
  if (database_ != nullptr) {
    ::sqlite3_exec(database_->connection_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

Result<void> Transaction::commit() {
  crash_point("state.written");
  auto committed = database_->run("COMMIT");
  const Database& database = *std::exchange(database_, nullptr);
  if (!committed.has_value()) {
    (void)database.run("ROLLBACK");  // there is none left when SQLite has done it by itself
    database.empty_log();
    return committed;
  }
  crash_point("state.committed");
  return {};
}

}  // namespace arcella::store
