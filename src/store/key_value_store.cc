// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "store/key_value_store.h"

#include <fcntl.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <limits>

#include "base/limits.h"
#include "base/unique_fd.h"
#include "store/folder.h"
#include "store/system_error.h"

namespace arcella::store {
namespace {

// Keys are blobs: a text in SQLite ends for some of its functions at the first NUL. The number of
// an entry is never given again, so that a page begins where the one before has ended whatever was
// removed meanwhile. `total` has one row.
constexpr const char* kSchema = R"(
CREATE TABLE entry (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  key BLOB NOT NULL UNIQUE,
  value BLOB NOT NULL
) STRICT;
CREATE TABLE total (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  bytes INTEGER NOT NULL
) STRICT;
INSERT INTO total VALUES (1, 0);
PRAGMA user_version = 1;
)";
constexpr std::int64_t kSchemaVersion = 1;
constexpr const char* kFile = "keys.db";

std::string bytes_text(std::size_t bytes) {
  return std::to_string(bytes) + " bytes";
}

Result<void> check_key(const std::string& key) {
  if (key.size() <= limits::kKeyValueKeyBytesMax) return {};
  return fail(ErrorCode::LimitExceeded, "a key of " + bytes_text(key.size()) + "; it may have " +
                                            bytes_text(limits::kKeyValueKeyBytesMax));
}

Result<void> check_value(const std::string& value) {
  if (value.size() <= limits::kKeyValueValueBytesMax) return {};
  return fail(ErrorCode::LimitExceeded, "a value of " + bytes_text(value.size()) +
                                            "; it may have " +
                                            bytes_text(limits::kKeyValueValueBytesMax));
}

Result<void> check_count(std::size_t keys) {
  if (keys <= limits::kKeyValueBatchMax) return {};
  return fail(ErrorCode::LimitExceeded, std::to_string(keys) + " keys at once; there may be " +
                                            std::to_string(limits::kKeyValueBatchMax));
}

std::int64_t weight(std::size_t key_bytes, std::size_t value_bytes) {
  return static_cast<std::int64_t>(key_bytes + value_bytes + limits::kKeyValueEntryBytes);
}

Result<Database> open_database(const std::string& path) {
  ARCELLA_TRY(Database database, Database::open(path));
  // A worker that a guest has taken over may have written the file: its schema is not trusted. What
  // a savepoint may have to put back is no more than a request, and needs no file elsewhere.
  ARCELLA_TRY_VOID(database.run(
      "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY"));
  ARCELLA_TRY_VOID(database.make_durable());
  return database;
}

Result<void> fill(const std::string& path) {
  ARCELLA_TRY(const Database database, open_database(path));
  ARCELLA_TRY(Transaction transaction, Transaction::begin(database));
  ARCELLA_TRY_VOID(database.run(kSchema));
  return transaction.commit();
}

// Under another name first: two processes that make a file's write-ahead log at the same time do
// not wait for each other but fail. Of two who make one the first has made it. What a crash leaves
// of another goes with the folder.
Result<void> make_file(const Folder& keys, const std::string& folder) {
  std::string path = keys.path_of("new-XXXXXX");
  const UniqueFd made(::mkostemp(path.data(), O_CLOEXEC));
  if (!made.valid()) return fail(system_error(errno, "making a file in '" + folder + "'"));
  const std::string name = path.substr(path.rfind('/') + 1);
  ARCELLA_TRY_VOID(fill(path));
  const auto renamed = keys.rename_new(name, kFile);
  if (!renamed.has_value()) {
    ARCELLA_TRY_VOID(keys.remove(name));
    if (renamed.error().code() != ErrorCode::AlreadyExists) return renamed;
  }
  ARCELLA_TRY_VOID(keys.sync());
  ARCELLA_TRY(const Folder all, Folder::open(folder.substr(0, folder.rfind('/'))));
  return all.sync();
}

}  // namespace

Result<KeyValueStore> KeyValueStore::open(const std::string& folder) {
  ARCELLA_TRY(const Folder keys, Folder::open(folder));
  if (!keys.has(kFile)) {
    ARCELLA_TRY_VOID(make_file(keys, folder));
  }
  ARCELLA_TRY(Database database, open_database(keys.path_of(kFile)));
  ARCELLA_TRY(const std::int64_t version, database.integer("PRAGMA user_version"));
  if (version == kSchemaVersion) return KeyValueStore(std::move(database));
  return fail(ErrorCode::Conflict, "the keys were written by another version of Arcella");
}

Result<std::vector<std::optional<std::string>>> KeyValueStore::get(
    std::span<const std::string> keys) const {
  ARCELLA_TRY_VOID(check_count(keys.size()));
  std::vector<std::optional<std::string>> values;
  values.reserve(keys.size());
  std::size_t bytes = 0;
  for (const std::string& key : keys) {
    ARCELLA_TRY(auto value, value_of(key));
    bytes += key.size() + (value ? value->size() : 0);
    if (bytes > limits::kKeyValueAnswerBytesMax) {
      return fail(ErrorCode::LimitExceeded, "the values have more than " +
                                                bytes_text(limits::kKeyValueAnswerBytesMax) +
                                                " together: ask for fewer keys at once");
    }
    values.push_back(std::move(value));
  }
  return values;
}

Result<std::optional<std::string>> KeyValueStore::value_of(const std::string& key) const {
  ARCELLA_TRY(Statement query, database_.prepare("SELECT value FROM entry WHERE key = ?1"));
  query.bind_blob(1, key);
  ARCELLA_TRY(const bool found, query.step());
  if (!found) return std::nullopt;
  return query.blob(0);
}

Result<bool> KeyValueStore::exists(const std::string& key) const {
  ARCELLA_TRY(const auto there, weight_of(key));
  return there.has_value();
}

Result<KeyPage> KeyValueStore::list(std::uint64_t from) const {
  KeyPage page;
  if (from > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return page;
  ARCELLA_TRY(Statement query, database_.prepare("SELECT number, key FROM entry WHERE number >= ?1 "
                                                 "ORDER BY number LIMIT ?2"));
  // One more than is shown says that there is one.
  query.bind(1, static_cast<std::int64_t>(from));
  query.bind(2, static_cast<std::int64_t>(limits::kKeyValueListMax + 1));
  while (true) {
    ARCELLA_TRY(const bool found, query.step());
    if (!found) return page;
    if (page.keys.size() == limits::kKeyValueListMax) {
      page.next = static_cast<std::uint64_t>(query.integer(0));
      return page;
    }
    page.keys.push_back(query.blob(1));
  }
}

template <class Body>
auto KeyValueStore::all_or_nothing(Body body) const -> decltype(body()) {
  ARCELLA_TRY_VOID(database_.run("SAVEPOINT request"));
  auto result = body();
  if (result.has_value()) {
    ARCELLA_TRY_VOID(database_.run("RELEASE request"));
    return result;
  }
  // Fails when SQLite has rolled the whole transaction back by itself; commit() then says so.
  static_cast<void>(database_.run("ROLLBACK TO request; RELEASE request"));
  return result;
}

Result<void> KeyValueStore::set(
    std::span<const std::pair<std::string, std::string>> entries) const {
  ARCELLA_TRY_VOID(check_count(entries.size()));
  return all_or_nothing([&]() -> Result<void> {
    for (const auto& [key, value] : entries) {
      ARCELLA_TRY_VOID(set_one(key, value));
    }
    return {};
  });
}

Result<void> KeyValueStore::remove(std::span<const std::string> keys) const {
  ARCELLA_TRY_VOID(check_count(keys.size()));
  return all_or_nothing([&]() -> Result<void> {
    for (const std::string& key : keys) {
      ARCELLA_TRY_VOID(remove_one(key));
    }
    return {};
  });
}

Result<std::uint64_t> KeyValueStore::increment(const std::string& key, std::uint64_t delta) const {
  return all_or_nothing([&]() -> Result<std::uint64_t> {
    ARCELLA_TRY(const auto value, value_of(key));
    std::uint64_t number = 0;
    if (value) {
      const char* const end = value->data() + value->size();
      const auto [rest, error] = std::from_chars(value->data(), end, number);
      if (error != std::errc() || rest != end) {
        return fail(ErrorCode::InvalidParams, "the value is no number that can be incremented");
      }
    }
    if (delta > std::numeric_limits<std::uint64_t>::max() - number) {
      return fail(ErrorCode::InvalidParams, "the sum is larger than a number can be");
    }
    ARCELLA_TRY_VOID(set_one(key, std::to_string(number + delta)));
    return number + delta;
  });
}

Result<std::optional<std::int64_t>> KeyValueStore::weight_of(const std::string& key) const {
  ARCELLA_TRY(Statement query, database_.prepare("SELECT length(value) FROM entry WHERE key = ?1"));
  query.bind_blob(1, key);
  ARCELLA_TRY(const bool found, query.step());
  if (!found) return std::nullopt;
  return weight(key.size(), static_cast<std::size_t>(query.integer(0)));
}

Result<void> KeyValueStore::set_one(const std::string& key, const std::string& value) const {
  ARCELLA_TRY_VOID(check_key(key));
  ARCELLA_TRY_VOID(check_value(value));
  ARCELLA_TRY(const auto before, weight_of(key));
  ARCELLA_TRY_VOID(add_to_total(weight(key.size(), value.size()) - before.value_or(0)));
  ARCELLA_TRY(Statement change,
              database_.prepare("INSERT INTO entry (key, value) VALUES (?1, ?2) "
                                "ON CONFLICT (key) DO UPDATE SET value = excluded.value"));
  return change.bind_blob(1, key).bind_blob(2, value).run();
}

Result<void> KeyValueStore::remove_one(const std::string& key) const {
  ARCELLA_TRY(const auto before, weight_of(key));
  if (!before) return {};
  ARCELLA_TRY_VOID(add_to_total(-*before));
  ARCELLA_TRY(Statement change, database_.prepare("DELETE FROM entry WHERE key = ?1"));
  return change.bind_blob(1, key).run();
}

Result<void> KeyValueStore::add_to_total(std::int64_t bytes) const {
  ARCELLA_TRY(const std::int64_t total, database_.integer("SELECT bytes FROM total"));
  if (bytes > 0 && total + bytes > static_cast<std::int64_t>(limits::kKeyValueBytesMax)) {
    return fail(ErrorCode::LimitExceeded, "the store is full: it may hold " +
                                              bytes_text(limits::kKeyValueBytesMax) +
                                              " of keys and values");
  }
  ARCELLA_TRY(Statement change, database_.prepare("UPDATE total SET bytes = ?1"));
  return change.bind(1, total + bytes).run();
}

}  // namespace arcella::store
