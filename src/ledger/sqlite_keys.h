// Rows of the table `keys`: virtual keys, by the hash of their secret.
#pragma once

#include "ledger/sqlite_db.h"
#include "ledger/store.h"

#include <string_view>
#include <vector>

namespace recloser::ledger {

Result<void> insert_key(Database& database, const KeyRow& key);
Result<std::vector<KeyRow>> read_keys(Database& database);
Result<void> update_key(Database& database, const KeyRow& key);
Result<void> mark_key_revoked(Database& database, std::string_view id, WallTime at);

}  // namespace recloser::ledger
