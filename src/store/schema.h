// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The tables of the state database as numbered migrations: `PRAGMA user_version` says how many were
// carried out. A migration that was released is never changed; to change the schema add one at the
// end.
#pragma once

#include "base/result.h"
#include "store/database.h"

namespace arcella::store {

// How many migrations this program knows.
[[nodiscard]] int schema_version() noexcept;

// Conflict for a database of a newer program, which is left untouched. All missing migrations
// happen in one transaction.
Result<void> migrate(const Database& database);

}  // namespace arcella::store
