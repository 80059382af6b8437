// Requests for more of a budget in SQLite: asked, listed, and answered once.
#pragma once

#include "ledger/budget_request.h"
#include "ledger/sqlite_db.h"

#include <cstdint>
#include <optional>

namespace recloser::ledger {

// The writing ones inside the caller's transaction.
Result<std::int64_t> insert_request(Database& database, const BudgetRequest& request);
Result<std::optional<BudgetRequest>> read_request(Database& database, std::int64_t id);
Result<RequestPage> read_requests(Database& database, const RequestQuery& query);
Result<void> write_answer(Database& database, std::int64_t id, const RequestAnswer& answer);

}  // namespace recloser::ledger
