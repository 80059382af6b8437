// Sums over the rows in SQLite, a piece at a time, and ratings of calls.
#pragma once

#include "ledger/sqlite_db.h"
#include "ledger/sqlite_sessions.h"
#include "ledger/usage_table.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace recloser::ledger {

// The keys of rows that may be wanted.
KeyRange usage_range(const UsageQuery& query);

// Adds some rows from `range.first` on, in one snapshot, and moves it behind them. False: that was
// the last of them.
Result<bool> add_usage(Database& database, const UsageQuery& query, KeyRange& range,
                       UsageTable& table);

// Inside the caller's transaction. Kind::not_found, naming the first call that has no row.
Result<void> insert_ratings(Database& database, std::span<const CallRating> ratings);
Result<std::vector<Rating>> read_ratings(Database& database, CallId call);  // oldest first
// Of calls that are gone, up to `limit`. Inside the caller's transaction.
Result<void> delete_old_ratings(Database& database, std::size_t limit);

}  // namespace recloser::ledger
