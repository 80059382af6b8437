// The accounts of budgets that calls charge: how a row names them, and their balances, which move
// along with it.
#pragma once

#include "ledger/budget_books.h"
#include "ledger/call_facts.h"
#include "ledger/call_record.h"
#include "ledger/sqlite_db.h"

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace recloser::ledger {

// What a budget is called by in rows, its number, is given when a call has it for the first time,
// and never taken back.
class BudgetNumbers {
 public:
  static Result<BudgetNumbers> prepare(Database& database);

  // Inside the caller's transaction.
  Result<std::int64_t> of(const BudgetIdentity& budget);
  // Those that were given by a transaction that was rolled back are somebody else's.
  void forget() { known_.clear(); }
  std::size_t size() const { return known_.size(); }

 private:
  BudgetNumbers(Statement find, Statement insert)
      : find_(std::move(find)), insert_(std::move(insert)) {}

  Statement find_;
  Statement insert_;
  std::map<BudgetIdentity, std::int64_t> known_;
};

// For the connection that reads.
class BudgetNamer {
 public:
  static Result<BudgetNamer> prepare(Database& database);

  // With all that the snapshot has.
  Result<void> catch_up();
  const BudgetNames& names() const { return names_; }

 private:
  explicit BudgetNamer(Statement newer) : newer_(std::move(newer)) {}

  Statement newer_;
  BudgetNames names_;
  std::int64_t newest_ = 0;
};

// One account in one window.
struct WrittenAccount {
  std::uint64_t text_sizes = 0;  // of the four, 16 bits each
  std::string texts;             // name, unit, kind and key behind each other
  std::string in_facts;
  BudgetIdentity of;
  Balance change;  // by the calls of the transaction
  bool changed = false;
};

// What one call has of each.
class RowAccounts {
 public:
  bool empty() const { return facts_.empty(); }
  std::span<const FactsBudget> facts() const { return facts_; }

 private:
  friend class AccountWriter;
  std::vector<WrittenAccount*> accounts_;
  std::vector<FactsBudget> facts_;
};

// Statements of the connection that writes. Calls of one transaction that charge the same account
// are one write.
class AccountWriter {
 public:
  static Result<AccountWriter> prepare(Database& database);

  // A transaction. What the one before it wrote is remembered if it is known to be committed().
  void begin();
  void committed() { is_committed_ = true; }

  // Of a call that is to have a row; good until the next begin().
  Result<void> find(const CallRecord& record, RowAccounts& out);
  // Its row is new.
  void charge(const RowAccounts& row);
  // What was charged, inside the caller's transaction.
  Result<void> store();

 private:
  AccountWriter(BudgetNumbers numbers, Statement move)
      : numbers_(std::move(numbers)), move_(std::move(move)) {}
  Result<WrittenAccount*> account_of(const BudgetLine& line);

  BudgetNumbers numbers_;
  Statement move_;
  std::unordered_map<std::string, WrittenAccount> accounts_;
  std::array<WrittenAccount*, budgets_max> latest_{};  // of the n-th line of a call
  std::vector<WrittenAccount*> changed_;
  std::string place_;  // of the line in hand; kept for its room
  bool is_committed_ = false;
};

}  // namespace recloser::ledger
