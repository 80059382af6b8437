// Rows of the table `holders`: the orgs, teams and users that keys belong to.
#pragma once

#include "ledger/sqlite_db.h"
#include "ledger/store.h"

#include <string_view>
#include <vector>

namespace recloser::ledger {

Result<void> write_holder(Database& database, const HolderRow& holder);
Result<std::vector<HolderRow>> read_holders(Database& database);
Result<void> delete_holder(Database& database, std::string_view kind, std::string_view org,
                           std::string_view name);

}  // namespace recloser::ledger
