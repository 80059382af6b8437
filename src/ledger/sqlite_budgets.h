// Balances of budgets in SQLite, moved along with the rows that charge; adjustments and switches.
#pragma once

#include "ledger/budget_books.h"
#include "ledger/call_record.h"
#include "ledger/sqlite_db.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace recloser::ledger {

// Statements of the connection that writes. Calls of one transaction that charge the same account
// are one write.
class BalanceWriter {
 public:
  static Result<BalanceWriter> prepare(Database& database);

  void clear() { changes_.clear(); }
  // Of a call whose row is new.
  void add(const CallRecord& record);
  // What was added, inside the caller's transaction.
  Result<void> store();

 private:
  struct Change {
    BudgetIdentity of;
    Balance balance;
  };
  explicit BalanceWriter(Statement update) : update_(std::move(update)) {}
  void add(const BudgetLine& line);

  Statement update_;
  std::unordered_map<std::string, Change> changes_;
  std::string place_;  // of the line in hand; kept for its room
};

Result<BalancePage> read_balances(Database& database, const BalanceQuery& query);
// Those that count until before `before`, up to `limit`. How many it were.
Result<std::size_t> delete_ended_balances(Database& database, WallTime before, std::size_t limit);

// Inside the caller's transaction. Its id.
Result<std::int64_t> insert_adjustment(Database& database, const Adjustment& adjustment);
Result<std::vector<Adjustment>> read_adjustments(Database& database);

Result<void> write_switch(Database& database, const Switch& setting);
Result<std::vector<Switch>> read_switches(Database& database);

}  // namespace recloser::ledger
