// Rows of calls in SQLite: in from records, out as stored calls.
#pragma once

#include "ledger/call_facts.h"
#include "ledger/sqlite_accounts.h"
#include "ledger/sqlite_db.h"
#include "ledger/sqlite_sessions.h"
#include "ledger/store.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace recloser::ledger {

// The least key of that moment. An id is never older than its call: ids do not go back when the
// clock does, so no call that started since is missed.
std::int64_t first_key_of(WallTime at);

// Where calls lie that started since the one and before the other; calls of other times may lie
// there as well.
KeyRange keys_between(std::optional<WallTime> since, std::optional<WallTime> until);

// Of the column not_completed. What stands there under another name was written by a hand, not by
// us: gateway_failed at worst.
Outcome outcome_of(std::string_view not_completed);

// Looks rows up by the id of their call. A row's key is the upper half of the id; when another call
// has that key already, it is the next one that is free.
class RowFinder {
 public:
  static Result<RowFinder> prepare(Database& database);

  // Whether the call has a row; then row() stands on it: not_completed, facts. Reset afterwards.
  Result<bool> seek(CallId id);
  // After seek(): the key of the row, or the one that is free for it.
  std::int64_t key() const { return key_; }
  Result<bool> go_to(std::int64_t key);
  const Statement& row() const { return row_; }
  void reset() { row_.reset(); }

 private:
  explicit RowFinder(Statement row) : row_(std::move(row)) {}
  Statement row_;
  std::int64_t key_ = 0;
};

// Statements of the connection that writes.
class CallWriter {
 public:
  static Result<CallWriter> prepare(Database& database);

  // How many rows were new; a call that has its row keeps that row. Inside the caller's
  // transaction.
  Result<std::size_t> insert(std::span<const CallRecord* const> calls);
  // What was inserted stands. Not said: it was rolled back.
  void committed() { accounts_.committed(); }
  // The oldest first, up to `limit`; how many it were. Inside the caller's transaction.
  Result<std::size_t> delete_before(WallTime before, std::size_t limit);

 private:
  static constexpr std::size_t group_rows = 16;  // inserted by one statement
  using Group = std::span<const CallRecord* const>;

  CallWriter(Database& database, Statement one, Statement group, Statement remove, RowFinder finder,
             SessionWriter sessions, AccountWriter accounts)
      : database_(&database),
        one_(std::move(one)),
        group_(std::move(group)),
        remove_(std::move(remove)),
        finder_(std::move(finder)),
        sessions_(std::move(sessions)),
        accounts_(std::move(accounts)) {}

  static void bind(Statement& insert, std::size_t nth, std::int64_t key, const CallRecord& record,
                   std::string_view facts);
  Result<std::size_t> insert_group(Group group);
  Result<void> run_insert(Statement& insert, bool note_keys);
  Result<bool> insert_beside(const CallRecord& record, std::string_view facts);

  Database* database_;
  Statement one_;
  Statement group_;
  Statement remove_;
  RowFinder finder_;
  SessionWriter sessions_;
  AccountWriter accounts_;
  std::vector<std::int64_t> inserted_;  // keys of the rows that were new, in their order
  // Of the rows in hand; kept for their room.
  std::array<FactsRoom, group_rows> facts_;
  std::array<RowAccounts, group_rows> accounts_of_;
};

// Statements of the connection that reads.
class CallReader {
 public:
  static Result<CallReader> prepare(Database& database);
  Result<std::optional<StoredCall>> find(CallId id);
  Result<CallPage> page(const CallFilter& filter);

 private:
  CallReader(Database& database, RowFinder finder, BudgetNamer namer)
      : database_(&database), finder_(std::move(finder)), namer_(std::move(namer)) {}

  Result<StoredCall> stored_row(const Statement& row);
  Result<KeyRange> range_of(const CallFilter& filter);
  Result<CallPage> page_of_session(const CallFilter& filter, KeyRange range, std::size_t limit);

  Database* database_;
  RowFinder finder_;
  BudgetNamer namer_;
};

}  // namespace recloser::ledger
