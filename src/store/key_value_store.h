// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The keys and values of one deployment in a SQLite file of their own (docs/decisions/0014): what
// wasi:keyvalue keeps. Several processes may have it open; each change is a transaction, which is
// on the disk when commit() returns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "store/database.h"

namespace arcella::store {

struct KeyPage {
  std::vector<std::string> keys;
  std::uint64_t next = 0;  // where to go on; 0: these were the last
};

// Keys and values are any bytes. LimitExceeded: a bound of limits::kKeyValue* would be passed; then
// the request has changed nothing.  Thread: one at a time.
class KeyValueStore {
 public:
  // In the folder, which is made (0700) if it is not there; its parent must exist.
  static Result<KeyValueStore> open(const std::string& folder);

  // In the order of the keys.
  [[nodiscard]] Result<std::vector<std::optional<std::string>>> get(
      std::span<const std::string> keys) const;
  [[nodiscard]] Result<bool> exists(const std::string& key) const;
  // Keys in the order in which they were first set; `from` is 0 or the `next` of a page.
  [[nodiscard]] Result<KeyPage> list(std::uint64_t from) const;

  // What follows is part of a Transaction that the caller has begun: several may share one, and
  // with it one sync of the disk.
  [[nodiscard]] Result<Transaction> begin() const { return Transaction::begin(database_); }
  Result<void> set(std::span<const std::pair<std::string, std::string>> entries) const;
  Result<void> remove(std::span<const std::string> keys) const;
  // The decimal number that the value is, absent for 0, plus `delta`. InvalidParams: it is none, or
  // the sum has more than 64 bits.
  Result<std::uint64_t> increment(const std::string& key, std::uint64_t delta) const;

 private:
  explicit KeyValueStore(Database database) : database_(std::move(database)) {}
  template <class Body>
  auto all_or_nothing(Body body) const -> decltype(body());
  [[nodiscard]] Result<std::optional<std::string>> value_of(const std::string& key) const;
  // What the key's entry counts for; nullopt: there is none.
  [[nodiscard]] Result<std::optional<std::int64_t>> weight_of(const std::string& key) const;
  Result<void> set_one(const std::string& key, const std::string& value) const;
  Result<void> remove_one(const std::string& key) const;
  Result<void> add_to_total(std::int64_t bytes) const;

  Database database_;
};

}  // namespace arcella::store
