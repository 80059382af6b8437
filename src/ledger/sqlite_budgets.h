// Balances of budgets in SQLite, what owners changed, and switches.
#pragma once

#include "ledger/budget_books.h"
#include "ledger/sqlite_db.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace recloser::ledger {

// Adds a change to the balance of one account and window.
Result<Statement> prepare_move(Database& database);
Result<void> move_balance(Statement& move, const BudgetIdentity& of, const Balance& change);

Result<BalancePage> read_balances(Database& database, const BalanceQuery& query);
// Those that count until before `before`, up to `limit`. How many it were.
Result<std::size_t> delete_ended_balances(Database& database, WallTime before, std::size_t limit);

// Inside the caller's transaction. Its id.
Result<std::int64_t> insert_adjustment(Database& database, const Adjustment& adjustment);
Result<std::vector<Adjustment>> read_adjustments(Database& database);

Result<void> write_switch(Database& database, const Switch& setting);
Result<std::vector<Switch>> read_switches(Database& database);

}  // namespace recloser::ledger
