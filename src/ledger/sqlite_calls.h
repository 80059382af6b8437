// Rows of the table `calls`: in from records, out as stored calls.
#pragma once

#include "ledger/sqlite_db.h"
#include "ledger/store.h"

#include <optional>
#include <string>

namespace recloser::ledger {

// Statements of the connection that writes.
class CallWriter {
 public:
  static Result<CallWriter> prepare(Database& database);

  // Whether the row is new; one that is there stays as it is. Inside the caller's transaction.
  Result<bool> insert(const CallRecord& record);
  // The oldest first, up to `limit`; how many it were.
  Result<std::size_t> delete_before(WallTime before, std::size_t limit);

 private:
  CallWriter(Database& database, Statement insert, Statement remove)
      : database_(&database), insert_(std::move(insert)), remove_(std::move(remove)) {}

  Database* database_;
  Statement insert_;
  Statement remove_;
  std::string labels_;  // JSON of the row in hand; kept for their room
  std::string decisions_;
  std::string attempts_;
};

// Statements of the connection that reads.
class CallReader {
 public:
  static Result<CallReader> prepare(Database& database);
  Result<std::optional<StoredCall>> find(CallId id);

 private:
  explicit CallReader(Statement find) : find_(std::move(find)) {}
  Statement find_;
};

Result<CallPage> read_page(Database& database, const CallFilter& filter);

}  // namespace recloser::ledger
